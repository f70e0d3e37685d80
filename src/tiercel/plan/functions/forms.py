"""Arguments in the form that a lowering needs: checked, converted as Kusto converts, folded where they are constant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.kql.literals import datetime_text, read_datetime, read_guid, read_integer, read_timespan, timespan_text
from tiercel.plan.literals import EPOCH_TICKS, TICKS_PER_MICROSECOND, cast, constant, null
from tiercel.plan.nodes import conversion, json, moments
from tiercel.plan.nodes.routine import RoutineCall
from tiercel.plan.nodes.time import FromMicroseconds, Microseconds
from tiercel.plan.routines.dynamic import dynamic_text
from tiercel.plan.routines.numbers import integer_of_real, real_text, wrap_int
from tiercel.plan.values import Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = [
    "INTEGERS",
    "NUMBERS",
    "all_constant",
    "as_type",
    "bool_of",
    "common_type",
    "constant_integer",
    "constant_text",
    "copied",
    "datetime_of",
    "datetime_of_ticks",
    "decimal_of",
    "dynamic_of",
    "guid_of",
    "int_of",
    "long_of",
    "number_of",
    "real_of",
    "refuse_type",
    "text_of",
    "ticks_of_datetime",
    "timespan_of",
]

INTEGERS: Final = frozenset({KustoType.INT, KustoType.LONG})
NUMBERS: Final = INTEGERS | {KustoType.REAL, KustoType.DECIMAL}

_MAXIMUM_TICKS: Final = 3_155_378_975_999_999_999
_BITS: Final = {KustoType.INT: 32, KustoType.LONG: 64}


def all_constant(arguments: Sequence[Typed]) -> bool:
    """Whether every argument's value is known."""
    return all(one.is_constant for one in arguments)


def copied(value: Typed) -> Typed:
    """The same value with a tree of its own."""
    return value.with_sql(value.sql.copy())


def refuse_type(name: str, position: int, found: Typed, expected: str) -> Refusal:
    """The refusal of an argument (counted from 0) whose type does not fit."""
    return Refusal("kql-argument-type", f"argument {position + 1} of `{name}` must be {expected}, found a {found.type}")


def constant_text(name: str, position: int, arguments: Sequence[Typed]) -> str:
    """The text of an argument that must be constant: a unit, a pattern, a format."""
    given = arguments[position]
    if isinstance(given.value, str):
        return given.value
    if given.is_constant and given.value is not None:
        folded = text_of(given)
        if isinstance(folded.value, str):
            return folded.value
    raise Refusal("kql-not-constant", f"argument {position + 1} of `{name}` must be a constant string")


def constant_integer(name: str, position: int, arguments: Sequence[Typed]) -> int:
    """The value of an argument that must be a constant whole number."""
    value = arguments[position].value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise Refusal("kql-not-constant", f"argument {position + 1} of `{name}` must be a constant whole number")


# --- instants and ticks ----------------------------------------------------------------------------------------------


def ticks_of_datetime(sql: exp.Expr) -> exp.Expr:
    """Ticks since 0001-01-01 of a TIMESTAMP."""
    ticks = exp.Mul(this=Microseconds(this=sql), expression=exp.Literal.number(TICKS_PER_MICROSECOND))
    return exp.Paren(this=exp.Add(this=ticks, expression=exp.Literal.number(EPOCH_TICKS)))


def datetime_of_ticks(sql: exp.Expr) -> exp.Expr:
    """The TIMESTAMP of ticks since 0001-01-01; NULL beyond the years 1 to 9999."""
    micros = exp.IntDiv(this=exp.Paren(this=sql), expression=exp.Literal.number(TICKS_PER_MICROSECOND))
    offset = exp.Literal.number(EPOCH_TICKS // TICKS_PER_MICROSECOND)
    moment = FromMicroseconds(this=exp.Sub(this=micros, expression=offset))
    inside = exp.Between(
        this=exp.Paren(this=sql.copy()), low=exp.Literal.number(0), high=exp.Literal.number(_MAXIMUM_TICKS)
    )
    return exp.Case(ifs=[exp.If(this=inside, true=moment)])


# --- one function a target type --------------------------------------------------------------------------------------


def text_of(value: Typed) -> Typed:
    """The value as Kusto prints it: never null."""
    kind = value.type
    if kind is KustoType.STRING:
        return value
    if value.is_constant and kind is not KustoType.DECIMAL:
        return constant(_constant_text(value.value, kind), KustoType.STRING)
    match kind:
        case KustoType.BOOL:
            branches = [exp.If(this=value.sql, true=exp.Literal.string("True"))]
            branches.append(
                exp.If(this=exp.Not(this=exp.Paren(this=value.sql.copy())), true=exp.Literal.string("False"))
            )
            return Typed(exp.Case(ifs=branches, default=exp.Literal.string("")), KustoType.STRING)
        case KustoType.INT | KustoType.LONG:
            sql: exp.Expr = cast(value.sql, KustoType.STRING)
        case KustoType.REAL:
            sql = conversion.RealText(this=value.sql)
        case KustoType.DECIMAL:
            sql = conversion.DecimalText(this=value.sql)
        case KustoType.DATETIME:
            sql = moments.DatetimeText(this=value.sql)
        case KustoType.TIMESPAN:
            sql = moments.TimespanText(this=value.sql)
        case KustoType.GUID:
            sql = value.sql
        case KustoType.DYNAMIC:
            return Typed(conversion.DynamicText(this=value.sql), KustoType.STRING)
    return Typed(exp.Coalesce(this=sql, expressions=[exp.Literal.string("")]), KustoType.STRING)


def _constant_text(value: object, kind: KustoType) -> str:
    if value is None:
        return ""
    match kind:
        case KustoType.BOOL:
            return "True" if value else "False"
        case KustoType.REAL:
            return real_text(float(str(value)))
        case KustoType.DATETIME:
            return datetime_text(int(str(value)))
        case KustoType.TIMESPAN:
            return timespan_text(int(str(value)))
        case KustoType.DYNAMIC:
            return dynamic_text(value)
        case _:
            return str(value)


def dynamic_of(value: Typed) -> Typed:
    """The value as it stands inside a dynamic: instants, durations and guids as text."""
    kind = value.type
    if kind is KustoType.DYNAMIC:
        return value
    if kind in {KustoType.DATETIME, KustoType.TIMESPAN}:
        if value.is_constant:
            text = None if value.value is None else _constant_text(value.value, kind)
            return constant(text, KustoType.DYNAMIC)
        node = moments.DatetimeText if kind is KustoType.DATETIME else moments.TimespanText
        return Typed(json.ToJson(this=node(this=value.sql)), KustoType.DYNAMIC)
    if value.is_constant and kind is not KustoType.DECIMAL:
        plain = value.value
        if isinstance(plain, float) and not math.isfinite(plain):
            plain = real_text(plain)
        return constant(plain, KustoType.DYNAMIC)
    return Typed(json.ToJson(this=value.sql), KustoType.DYNAMIC)


def real_of(value: Typed) -> Typed:
    """The value as a real."""
    match value.type:
        case KustoType.REAL:
            return value
        case KustoType.INT | KustoType.LONG | KustoType.DECIMAL | KustoType.BOOL | KustoType.TIMESPAN:
            if value.is_constant and value.type is not KustoType.DECIMAL:
                return constant(
                    None if value.value is None else float(str(int(str(_number(value.value))))), KustoType.REAL
                )
            return Typed(cast(value.sql, KustoType.REAL), KustoType.REAL)
        case KustoType.STRING:
            if isinstance(value.value, str):
                return constant(_real_of_text(value.value), KustoType.REAL)
            return Typed(conversion.TextReal(this=value.sql), KustoType.REAL)
        case KustoType.DYNAMIC:
            return Typed(conversion.DynamicReal(this=value.sql), KustoType.REAL)
        case KustoType.DATETIME:
            return Typed(cast(ticks_of_datetime(value.sql), KustoType.REAL), KustoType.REAL)
        case KustoType.GUID:
            return null(KustoType.REAL)


def _number(value: object) -> object:
    return int(value) if isinstance(value, bool) else value


def _real_of_text(text: str) -> float | None:
    try:
        return float(text.strip())
    except ValueError:
        return None


def long_of(value: Typed) -> Typed:
    """The value as a long."""
    return _integer_of(value, KustoType.LONG)


def int_of(value: Typed) -> Typed:
    """The value as an int; a long loses its upper half."""
    return _integer_of(value, KustoType.INT)


def _integer_of(value: Typed, target: KustoType) -> Typed:
    bits = _BITS[target]
    width = exp.Literal.number(bits)
    if value.is_constant and value.type not in {KustoType.DYNAMIC, KustoType.DECIMAL, KustoType.GUID}:
        return constant(_constant_integer(value.value, bits), target)
    match value.type:
        case KustoType.INT | KustoType.BOOL:
            return value if value.type is target else Typed(cast(value.sql, target), target)
        case KustoType.LONG | KustoType.TIMESPAN:
            return Typed(value.sql if bits == 64 else conversion.WrapInt(this=value.sql), target)
        case KustoType.REAL:
            return Typed(conversion.RealInteger(this=value.sql, bits=width), target)
        case KustoType.DECIMAL:
            return Typed(conversion.RealInteger(this=cast(value.sql, KustoType.REAL), bits=width), target)
        case KustoType.STRING:
            return Typed(conversion.TextInteger(this=value.sql, bits=width), target)
        case KustoType.DYNAMIC:
            return Typed(conversion.DynamicInteger(this=value.sql, bits=width), target)
        case KustoType.DATETIME:
            ticks = ticks_of_datetime(value.sql)
            return Typed(ticks if bits == 64 else conversion.WrapInt(this=ticks), target)
        case KustoType.GUID:
            return null(target)


def _constant_integer(value: object, bits: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, float):
        return integer_of_real(value, bits)
    if isinstance(value, str):
        number = read_integer(value)
        return number if number is not None and -(2 ** (bits - 1)) <= number < 2 ** (bits - 1) else None
    return wrap_int(int(str(_number(value))), bits)


def bool_of(value: Typed) -> Typed:
    """The value as a bool."""
    match value.type:
        case KustoType.BOOL:
            return value
        case KustoType.STRING:
            return Typed(conversion.TextBool(this=value.sql), KustoType.BOOL)
        case KustoType.DYNAMIC:
            return Typed(conversion.DynamicBool(this=value.sql), KustoType.BOOL)
        case KustoType.INT | KustoType.LONG | KustoType.REAL | KustoType.DECIMAL | KustoType.TIMESPAN:
            if value.is_constant:
                return constant(None if value.value is None else bool(value.value), KustoType.BOOL)
            return Typed(exp.NEQ(this=exp.Paren(this=value.sql), expression=exp.Literal.number(0)), KustoType.BOOL)
        case KustoType.DATETIME | KustoType.GUID:
            return null(KustoType.BOOL)


def datetime_of(value: Typed) -> Typed:
    """The value as a datetime: text is read, a number is ticks since 0001-01-01."""
    match value.type:
        case KustoType.DATETIME:
            return value
        case KustoType.STRING:
            if isinstance(value.value, str):
                return constant(read_datetime(value.value), KustoType.DATETIME)
            return Typed(moments.TextDatetime(this=value.sql), KustoType.DATETIME)
        case KustoType.DYNAMIC:
            return Typed(moments.TextDatetime(this=conversion.DynamicText(this=value.sql)), KustoType.DATETIME)
        case KustoType.INT | KustoType.LONG | KustoType.TIMESPAN | KustoType.REAL | KustoType.DECIMAL:
            ticks = long_of(value)
            if ticks.is_constant:
                inside = isinstance(ticks.value, int) and 0 <= ticks.value <= _MAXIMUM_TICKS
                return constant(ticks.value if inside else None, KustoType.DATETIME)
            return Typed(datetime_of_ticks(ticks.sql), KustoType.DATETIME)
        case KustoType.BOOL | KustoType.GUID:
            return null(KustoType.DATETIME)


def timespan_of(value: Typed) -> Typed:
    """The value as a timespan: text is read, a number is ticks, an instant its ticks since 0001-01-01."""
    match value.type:
        case KustoType.TIMESPAN:
            return value
        case KustoType.STRING | KustoType.DYNAMIC:
            if isinstance(value.value, str):
                return constant(read_timespan(value.value), KustoType.TIMESPAN)
            text = text_of(value)
            call = RoutineCall(this=exp.to_identifier("totimespan"), expressions=[text.sql])
            return Typed(call, KustoType.TIMESPAN)
        case KustoType.GUID:
            return null(KustoType.TIMESPAN)
        case _:
            ticks = long_of(value)
            if ticks.is_constant:
                return constant(ticks.value, KustoType.TIMESPAN)
            return Typed(ticks.sql, KustoType.TIMESPAN)


def guid_of(value: Typed) -> Typed:
    """The value as a guid: text is read, anything else has none."""
    if value.type is KustoType.GUID:
        return value
    if isinstance(value.value, str):
        return constant(read_guid(value.value), KustoType.GUID)
    if value.type not in {KustoType.STRING, KustoType.DYNAMIC}:
        return null(KustoType.GUID)
    return Typed(conversion.TextGuid(this=text_of(value).sql), KustoType.GUID)


def decimal_of(value: Typed) -> Typed:
    """The value as a decimal; what does not fit is null."""
    if value.type is KustoType.DECIMAL:
        return value
    source = text_of(value) if value.type in {KustoType.STRING, KustoType.DYNAMIC} else long_of(value)
    if value.type is KustoType.REAL:
        source = value
    target = cast(exp.Null(), KustoType.DECIMAL).args["to"]
    return Typed(exp.TryCast(this=source.sql, to=target), KustoType.DECIMAL)


_CONVERTERS: Final[dict[KustoType, Callable[[Typed], Typed]]] = {
    KustoType.BOOL: bool_of,
    KustoType.INT: int_of,
    KustoType.LONG: long_of,
    KustoType.REAL: real_of,
    KustoType.DECIMAL: decimal_of,
    KustoType.STRING: text_of,
    KustoType.DATETIME: datetime_of,
    KustoType.TIMESPAN: timespan_of,
    KustoType.GUID: guid_of,
    KustoType.DYNAMIC: dynamic_of,
}


def as_type(value: Typed, target: KustoType) -> Typed:
    """The value as the target type, as Kusto's own conversion functions convert."""
    return _CONVERTERS[target](value)


def number_of(name: str, position: int, arguments: Sequence[Typed]) -> Typed:
    """An argument that must be a number: a bool counts as 0 or 1, a dynamic as the real it holds."""
    value = arguments[position]
    if value.type in NUMBERS:
        return value
    if value.type is KustoType.BOOL:
        return long_of(value)
    if value.type is KustoType.DYNAMIC:
        return real_of(value)
    raise refuse_type(name, position, value, "a number")


def common_type(name: str, arguments: Collection[Typed], *, beside_dynamic: bool = False) -> KustoType:
    """The type that all of these can have: of several numbers the widest, dynamic where one is dynamic.

    With `beside_dynamic` the type of the others, to which what is dynamic is then converted, as `iff` and `case` do.
    """
    kinds = {one.type for one in arguments}
    if beside_dynamic and len(kinds) > 1:
        kinds -= {KustoType.DYNAMIC}
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds <= NUMBERS:
        widest = (KustoType.DECIMAL, KustoType.REAL, KustoType.LONG)
        return next(kind for kind in widest if kind in kinds)
    if KustoType.DYNAMIC in kinds:
        return KustoType.DYNAMIC
    found = ", ".join(sorted(kinds))
    raise Refusal(
        "kql-argument-type", f"the values of `{name}` must have one type, found {found}", "convert them first"
    )
