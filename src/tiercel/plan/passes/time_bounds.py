"""What a predicate says about the distance of two instants: bounds, in microseconds, that no row it keeps exceeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlglot import exp

from tiercel.plan.nodes.moments import Boundaries
from tiercel.plan.nodes.time import FromMicroseconds, Microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Bound", "bounds", "conjuncts"]

Instant: TypeAlias = tuple[str, str]
"""A column that holds an instant: its table's name in the SELECT, its own name."""

_UNITS: Final[Mapping[str, int]] = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
}
"""Units of a fixed length, in microseconds."""


@dataclass(frozen=True, slots=True)
class Bound:
    """`later - earlier` is at least `low` and at most `high` microseconds; None where it is not bounded.

    `certain` says that both columns are known to hold instants, not just things that compare.
    """

    later: Instant
    earlier: Instant
    low: Fraction | None
    high: Fraction | None
    certain: bool


@dataclass(slots=True)
class _Linear:
    """A sum of instants, each times a factor, and a constant; microseconds."""

    factors: dict[Instant, Fraction] = field(default_factory=dict)
    constant: Fraction = Fraction(0)
    certain: bool = False

    def plus(self, other: _Linear, times: Fraction) -> _Linear:
        factors = dict(self.factors)
        for name, factor in other.factors.items():
            factors[name] = factors.get(name, Fraction(0)) + times * factor
        return _Linear(
            {name: factor for name, factor in factors.items() if factor},
            self.constant + times * other.constant,
            self.certain or other.certain,
        )

    def scaled(self, by: Fraction) -> _Linear:
        return _Linear({name: by * one for name, one in self.factors.items()}, by * self.constant, self.certain)


def conjuncts(predicate: exp.Expr | None) -> Iterator[exp.Expr]:
    """The parts of a predicate that must all hold."""
    if isinstance(predicate, exp.Paren):
        yield from conjuncts(predicate.this)
    elif isinstance(predicate, exp.And):
        pending: list[exp.Expr] = [predicate]
        while pending:
            one = pending.pop()
            if isinstance(one, exp.And):
                pending += [one.right, one.left]
            elif isinstance(one, exp.Paren):
                pending.append(one.this)
            else:
                yield one
    elif predicate is not None:
        yield predicate


def bounds(predicate: exp.Expr) -> Iterator[Bound]:
    """Every bound that the predicate puts on the distance of two instants."""
    match predicate:
        case exp.Between():
            low, high = predicate.args["low"], predicate.args["high"]
            yield from _bounded(predicate.this, low, above=True)
            yield from _bounded(predicate.this, high, above=False)
        case exp.GTE() | exp.GT():
            yield from _bounded(predicate.left, predicate.right, above=True)
        case exp.LTE() | exp.LT():
            yield from _bounded(predicate.left, predicate.right, above=False)
        case exp.EQ():
            yield from _bounded(predicate.left, predicate.right, above=True)
            yield from _bounded(predicate.left, predicate.right, above=False)


def _bounded(value: exp.Expr, limit: exp.Expr, *, above: bool) -> Iterator[Bound]:
    """The bound of `value >= limit`, or `value <= limit`."""
    value, limit = value.unnest(), limit.unnest()
    if (turned := _counted(limit)) is not None and _counted(value) is None:
        yield from _boundaries(turned, value, above=not above)
        return
    if (counted := _counted(value)) is not None:
        yield from _boundaries(counted, limit, above=above)
        return
    if isinstance(value, exp.Abs) and not above:
        yield from _bounded(value.this, limit, above=False)
        yield from _bounded(value.this, exp.Neg(this=limit.copy()), above=True)
        return
    if isinstance(limit, exp.Abs) and above:
        yield from _bounded(limit, value, above=False)
        return
    left, right = _linear(value), _linear(limit)
    if left is None or right is None:
        return
    distance = left.plus(right, Fraction(-1))
    if bound := _pair(distance, above=above):
        yield bound


def _pair(distance: _Linear, *, above: bool) -> Bound | None:
    """The bound of `distance >= 0`, or `distance <= 0`, where it is one instant less another and a constant."""
    if len(distance.factors) != 2:
        return None
    (one, factor), (other, opposite) = distance.factors.items()
    if factor + opposite != 0:
        return None
    later, earlier = (one, other) if factor > 0 else (other, one)
    limit = -distance.constant / abs(factor)
    return Bound(later, earlier, limit if above else None, None if above else limit, distance.certain)


def _counted(value: exp.Expr) -> Boundaries | None:
    return value if isinstance(value, Boundaries) else None


def _boundaries(counted: Boundaries, limit: exp.Expr, *, above: bool) -> Iterator[Bound]:
    """The bound of a number of unit boundaries: the elapsed time may be up to a unit more, or less."""
    width = _UNITS.get(str(counted.args["unit"].name).lower())
    number = _linear(limit)
    later, earlier = _linear(counted.this), _linear(counted.expression)
    if width is None or number is None or number.factors or later is None or earlier is None:
        return
    slack = (number.constant - 1 if above else number.constant + 1) * width
    distance = later.plus(earlier, Fraction(-1))
    distance.constant -= slack
    distance.certain = True
    if bound := _pair(distance, above=above):
        yield bound


def _linear(value: exp.Expr) -> _Linear | None:
    """The value as a sum of instants and a constant; None where it is anything else."""
    match value:
        case exp.Paren():
            return _linear(value.this)
        case exp.Column():
            return _Linear({(value.table, value.name): Fraction(1)})
        case exp.Literal():
            return None if value.is_string else _Linear(constant=Fraction(str(value.this)))
        case exp.Neg():
            inner = _linear(value.this)
            return inner.scaled(Fraction(-1)) if inner else None
        case exp.Cast():
            inner = _linear(value.this)
            return inner if inner and not inner.factors else None
        case Microseconds() | FromMicroseconds():
            inner = _linear(value.this)
            if inner:
                inner.certain = True
            return inner
        case exp.Add() | exp.Sub():
            left, right = _linear(value.left), _linear(value.right)
            if left is None or right is None:
                return None
            return left.plus(right, Fraction(1 if isinstance(value, exp.Add) else -1))
        case exp.Mul():
            left, right = _linear(value.left), _linear(value.right)
            if left is None or right is None or (left.factors and right.factors):
                return None
            return right.scaled(left.constant) if right.factors else left.scaled(right.constant)
    return None
