"""Rounding to multiples: of numbers, instants and durations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.functions.forms import (
    INTEGERS,
    NUMBERS,
    as_type,
    common_type,
    datetime_of,
    number_of,
    real_of,
    refuse_type,
    timespan_of,
)
from tiercel.plan.functions.registry import Environment, Function, name_of_first, unsupported
from tiercel.plan.literals import TICKS_PER_MICROSECOND, cast, constant
from tiercel.plan.nodes import moments
from tiercel.plan.nodes.arithmetic import Divide, Modulo
from tiercel.plan.nodes.time import FromMicroseconds, Microseconds
from tiercel.plan.values import Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FUNCTIONS"]

_TIMES: Final = frozenset({KustoType.DATETIME, KustoType.TIMESPAN})


def lower_bin(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The largest multiple of a size that is not above the value, also below zero; `floor` is the same.

    Instants are counted from 0001-01-01, so bins of 7d start on Mondays. Of two whole numbers the result is long, else
    real. A null, zero or negative size gives null, a real one of zero NaN.

    Example: `bin(4.5, 1)` is 4.0, `bin(Timestamp, 1h)`.
    """
    value, size = arguments
    if value.type is KustoType.DATETIME:
        return _bin_datetime(value, _width("bin", size))
    if value.type is KustoType.TIMESPAN:
        return _bin_integers(value, _width("bin", size), None, KustoType.TIMESPAN)
    if size.type in _TIMES:
        value = datetime_of(value) if value.type is KustoType.DYNAMIC else value
        if value.type is KustoType.DATETIME:
            return _bin_datetime(value, _width("bin", size))
        raise refuse_type("bin", 0, value, "a datetime or timespan, as the size is a timespan")
    return _bin_numbers("bin", arguments)


def lower_bin_at(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The largest value not above the first that lies a multiple of a size from a fixed point.

    Example: `bin_at(datetime(2017-05-15 10:20), 1d, datetime(1970-01-01 12:00))` is 2017-05-14 12:00.
    """
    value, size, point = arguments
    if value.type is KustoType.DATETIME:
        return _bin_datetime_at(value, _width("bin_at", size), datetime_of(point))
    if value.type is KustoType.TIMESPAN:
        return _bin_integers(value, _width("bin_at", size), timespan_of(point), KustoType.TIMESPAN)
    return _bin_numbers("bin_at", arguments)


def _width(name: str, size: Typed) -> Typed:
    if size.type in NUMBERS | {KustoType.TIMESPAN, KustoType.DYNAMIC}:
        return timespan_of(size)
    raise refuse_type(name, 1, size, "a timespan")


def _bin_datetime(value: Typed, width: Typed) -> Typed:
    if (isinstance(width.value, int) and width.value <= 0) or width.value is None:
        return constant(None, KustoType.DATETIME)
    if isinstance(width.value, int) and isinstance(value.value, int):
        return constant(value.value - value.value % width.value, KustoType.DATETIME)
    return Typed(moments.BinTime(this=value.sql, expression=width.sql), KustoType.DATETIME)


def _bin_datetime_at(value: Typed, width: Typed, point: Typed) -> Typed:
    if (
        isinstance(value.value, int)
        and isinstance(width.value, int)
        and isinstance(point.value, int)
        and width.value > 0
    ):
        ticks = value.value - (value.value - point.value) % width.value
        return constant(ticks if ticks >= 0 else None, KustoType.DATETIME)
    microseconds = exp.IntDiv(this=exp.Paren(this=width.sql), expression=exp.Literal.number(TICKS_PER_MICROSECOND))
    here = Microseconds(this=value.sql)
    apart = exp.Sub(this=here.copy(), expression=Microseconds(this=point.sql))
    rest = Modulo(this=exp.Paren(this=apart), expression=microseconds)
    moved = FromMicroseconds(this=exp.Sub(this=here, expression=rest))
    return Typed(_positive(width, moved), KustoType.DATETIME)


def _positive(width: Typed, result: exp.Expr) -> exp.Expr:
    """The result where the width is positive, else NULL."""
    if isinstance(width.value, int | float):
        return result if width.value > 0 else exp.Null()
    positive = exp.GT(this=exp.Paren(this=width.sql.copy()), expression=exp.Literal.number(0))
    return exp.Case(ifs=[exp.If(this=positive, true=result)])


def _bin_integers(value: Typed, width: Typed, point: Typed | None, kind: KustoType) -> Typed:
    known = [one.value for one in (value, width) if isinstance(one.value, int)]
    if len(known) == 2 and known[1] > 0 and point is None:
        return constant(known[0] - known[0] % known[1], kind)
    if len(known) == 2 and known[1] > 0 and point is not None and isinstance(point.value, int):
        return constant(known[0] - (known[0] - point.value) % known[1], kind)
    here = exp.Paren(this=value.sql)
    if point is None:
        apart = here.copy()
    else:
        apart = exp.Paren(this=exp.Sub(this=here.copy(), expression=exp.Paren(this=point.sql)))
    rest = Modulo(this=apart, expression=width.sql)
    return Typed(cast(_positive(width, exp.Sub(this=here, expression=rest)), kind), kind)


def _bin_numbers(name: str, arguments: Sequence[Typed]) -> Typed:
    numbers = [number_of(name, at, arguments) for at in range(len(arguments))]
    kind = common_type(name, numbers)
    point = numbers[2] if len(numbers) > 2 else None
    if kind in INTEGERS:
        value, width = (as_type(one, KustoType.LONG) for one in numbers[:2])
        at = None if point is None else as_type(point, KustoType.LONG)
        return _bin_integers(value, width, at, KustoType.LONG)
    reals = [real_of(one) for one in numbers]
    values = [one.value for one in reals]
    if all(isinstance(one, float) and math.isfinite(one) for one in values) and values[1]:
        real, size, start = (*(float(str(one)) for one in values), 0.0)[:3]
        return constant(math.floor((real - start) / size) * size + start, KustoType.REAL)
    here = exp.Paren(this=reals[0].sql)
    apart = here if point is None else exp.Paren(this=exp.Sub(this=here, expression=exp.Paren(this=reals[2].sql)))
    bins = exp.Floor(this=Divide(this=apart, expression=reals[1].sql))
    binned: exp.Expr = exp.Mul(this=bins, expression=exp.Paren(this=reals[1].sql.copy()))
    if point is not None:
        binned = exp.Add(this=binned, expression=exp.Paren(this=reals[2].sql.copy()))
    return Typed(binned, KustoType.REAL)


FUNCTIONS: Final = (
    Function("bin", lower_bin, 2, 2, naming=name_of_first),
    Function("floor", lower_bin, 2, 2, naming=name_of_first),
    Function("bin_at", lower_bin_at, 3, 3, naming=name_of_first),
    unsupported("bin_auto", "its bins are properties of a Kusto request, which a run here does not have: use bin_at()"),
)
