"""`+ - * / %` and signs, over numbers, instants and durations; what is constant is computed here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.expressions.operands import INTEGERS, NUMBERS, bare, wrapped
from tiercel.plan.functions.forms import as_type
from tiercel.plan.literals import TICKS_PER_MICROSECOND, cast, constant
from tiercel.plan.nodes.arithmetic import Divide, Modulo, Quotient, Wrapped
from tiercel.plan.nodes.time import FromMicroseconds, Microseconds
from tiercel.plan.values import Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["combine", "negate"]

_LONG_BITS: Final = 64
_SHORT: Final = 1 << 31
_SQL: Final = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}
_TIMES: Final = frozenset({KustoType.DATETIME, KustoType.TIMESPAN})


def negate(value: Typed) -> Typed:
    """`-value`."""
    if value.type not in NUMBERS and value.type is not KustoType.TIMESPAN:
        raise Refusal("kql-type", f"`-` takes a number or a timespan, found a {value.type}")
    if isinstance(value.value, int | float) and not isinstance(value.value, bool):
        return constant(-value.value, value.type)
    return Typed(exp.Neg(this=wrapped(value.sql)), value.type)


def combine(operator: str, left: Typed, right: Typed) -> Typed:
    """`left operator right`.

    Of integers the result is long, of a real and any number real. A division of integers cuts towards zero, one by zero
    is null. `%` is never negative. Instants differ by a timespan; a timespan is added, scaled, and divided (Microsoft
    Learn, "Numerical operators", "Datetime / timespan arithmetic").
    """
    left, right = (
        as_type(side, _dynamic_as(other)) if side.type is KustoType.DYNAMIC else side
        for side, other in ((left, right), (right, left))
    )
    if left.type in NUMBERS and right.type in NUMBERS:
        return _numbers(operator, left, right)
    if left.type in _TIMES or right.type in _TIMES:
        result = _times(operator, left, right)
        if result is not None:
            return result
    hint = "use strcat() to join strings" if operator == "+" and KustoType.STRING in (left.type, right.type) else ""
    raise Refusal("kql-type", f"`{operator}` cannot combine a {left.type} with a {right.type}", hint)


def _dynamic_as(other: Typed) -> KustoType:
    return other.type if other.type in NUMBERS or other.type in _TIMES else KustoType.REAL


def _numbers(operator: str, left: Typed, right: Typed) -> Typed:
    target = _widest(left.type, right.type)
    folded = _fold(operator, left, right, target)
    if folded is not None:
        return folded
    wide, other = as_type(left, target), as_type(right, target)
    if target is KustoType.LONG and operator in _SQL and not (_is_short(left) and _is_short(right)):
        return Typed(Wrapped(this=wide.sql, expression=other.sql, operator=operator), target)
    return Typed(_operation(operator, wide, other), target)


def _is_short(value: Typed) -> bool:
    """Whether it fits into 32 bits, so that no sum or product of two such leaves 64."""
    return value.type is KustoType.INT or (isinstance(value.value, int) and abs(value.value) < _SHORT)


def _widest(left: KustoType, right: KustoType) -> KustoType:
    for one in (KustoType.REAL, KustoType.DECIMAL):
        if one in (left, right):
            return one
    return KustoType.LONG


def _operation(operator: str, left: Typed, right: Typed) -> exp.Expr:
    if operator == "/":
        return (Divide if left.type is KustoType.REAL else Quotient)(this=left.sql, expression=right.sql)
    if operator == "%":
        return Modulo(this=left.sql, expression=right.sql)
    return _SQL[operator](this=wrapped(left.sql), expression=wrapped(right.sql))


def _fold(operator: str, left: Typed, right: Typed, target: KustoType) -> Typed | None:
    """The constant that two constants give, None where the engine should compute."""
    if not (left.is_constant and right.is_constant) or target is KustoType.DECIMAL:
        return None
    a, b = left.value, right.value
    if a is None or b is None:
        return constant(None, target)
    if not isinstance(a, int | float) or not isinstance(b, int | float):
        return None
    if operator in {"/", "%"} and (b == 0 or (target is KustoType.REAL and operator == "%")):
        return constant(None, target) if target is KustoType.LONG else None
    if target is KustoType.LONG:
        return constant(_wrapped_long(_INTEGER[operator](int(a), int(b))), target)
    return constant(_REAL[operator](float(a), float(b)), target)


def _wrapped_long(value: int) -> int:
    """The value as 64 bits hold it."""
    half = 1 << (_LONG_BITS - 1)
    return (value + half) % (1 << _LONG_BITS) - half


def _truncated(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


_INTEGER: Final[dict[str, Callable[[int, int], int]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _truncated,
    "%": lambda a, b: a % abs(b),
}
_REAL: Final[dict[str, Callable[[float, float], float]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


# --- instants and durations ------------------------------------------------------------------------------------------


def _times(operator: str, left: Typed, right: Typed) -> Typed | None:
    shape = (left.type, operator, right.type)
    match shape:
        case (KustoType.DATETIME, "-", KustoType.DATETIME):
            return _apart(left, right)
        case (KustoType.DATETIME, "+" | "-", KustoType.TIMESPAN):
            return _moved(left, right, operator)
        case (KustoType.TIMESPAN, "+", KustoType.DATETIME):
            return _moved(right, left, operator)
        case (KustoType.TIMESPAN, "+" | "-", KustoType.TIMESPAN):
            return _durations(operator, left, right, KustoType.TIMESPAN)
        case (KustoType.TIMESPAN, "/", KustoType.TIMESPAN):
            return _durations(operator, left, right, KustoType.REAL)
        case (KustoType.TIMESPAN, "%", KustoType.TIMESPAN):
            return _durations(operator, left, right, KustoType.TIMESPAN)
        case (KustoType.TIMESPAN, "*" | "/", number) if number in NUMBERS:
            return _scaled(operator, left, right)
        case (number, "*", KustoType.TIMESPAN) if number in NUMBERS:
            return _scaled(operator, right, left)
    return None


def _apart(left: Typed, right: Typed) -> Typed:
    if isinstance(left.value, int) and isinstance(right.value, int):
        return constant(left.value - right.value, KustoType.TIMESPAN)
    between = exp.Sub(this=Microseconds(this=left.sql), expression=Microseconds(this=right.sql))
    ticks = exp.Mul(this=exp.Paren(this=between), expression=exp.Literal.number(TICKS_PER_MICROSECOND))
    return Typed(ticks, KustoType.TIMESPAN)


def _moved(instant: Typed, duration: Typed, operator: str) -> Typed:
    if isinstance(instant.value, int) and isinstance(duration.value, int):
        ticks = instant.value + (duration.value if operator == "+" else -duration.value)
        return constant(ticks, KustoType.DATETIME)
    if isinstance(duration.value, int):
        microseconds = constant(duration.value // TICKS_PER_MICROSECOND, KustoType.LONG).sql
    else:
        ten = exp.Literal.number(TICKS_PER_MICROSECOND)
        microseconds = exp.IntDiv(this=wrapped(duration.sql), expression=ten)
    moved = _SQL[operator](this=Microseconds(this=instant.sql), expression=microseconds)
    return Typed(FromMicroseconds(this=moved), KustoType.DATETIME)


def _durations(operator: str, left: Typed, right: Typed, target: KustoType) -> Typed:
    as_numbers = [Typed(one.sql, KustoType.LONG, one.value) for one in (left, right)]
    if target is KustoType.REAL:
        as_numbers = [as_type(one, KustoType.REAL) for one in as_numbers]
    result = _numbers(operator, *as_numbers)
    return constant(result.value, target) if result.is_constant else Typed(result.sql, target)


def _scaled(operator: str, duration: Typed, number: Typed) -> Typed:
    if number.type in INTEGERS:
        if isinstance(duration.value, int) and isinstance(number.value, int) and (operator == "*" or number.value):
            return constant(_INTEGER[operator](duration.value, number.value), KustoType.TIMESPAN)
        return Typed(_operation(operator, duration, number), KustoType.TIMESPAN)
    if (
        isinstance(duration.value, int)
        and isinstance(number.value, float)
        and math.isfinite(number.value)
        and number.value
    ):
        return constant(int(_REAL[operator](float(duration.value), number.value)), KustoType.TIMESPAN)
    as_real = Typed(cast(duration.sql, KustoType.REAL), KustoType.REAL)
    scaled = _operation(operator, as_real, Typed(cast(bare(number), KustoType.REAL), KustoType.REAL))
    return Typed(cast(exp.Trunc(this=scaled), KustoType.TIMESPAN), KustoType.TIMESPAN)
