"""Conditions, and tests for null and empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.functions.forms import (
    as_type,
    bool_of,
    common_type,
    datetime_of,
    refuse_type,
    text_of,
    ticks_of_datetime,
)
from tiercel.plan.functions.registry import Environment, Function
from tiercel.plan.literals import constant
from tiercel.plan.nodes import conversion, guards, json
from tiercel.plan.values import Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FUNCTIONS"]


def _truth(name: str, position: int, arguments: Sequence[Typed]) -> exp.Expr:
    value = arguments[position]
    if value.type in {KustoType.STRING, KustoType.DATETIME, KustoType.GUID}:
        raise refuse_type(name, position, value, "a bool")
    return bool_of(value).sql


def lower_iff(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The second argument where the first is true, else the third: also where the condition is null. `iif` is the same.

    Both must have one type; a dynamic takes that of the other.

    Example: `iff(RemotePort == 135, "rpc", "other")`.
    """
    kind = common_type("iff", arguments[1:], beside_dynamic=True)
    chosen, other = (as_type(one, kind) for one in arguments[1:])
    condition = _truth("iff", 0, arguments)
    return Typed(exp.Case(ifs=[exp.If(this=condition, true=chosen.sql)], default=other.sql), kind)


def lower_case(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The value after the first condition that is true, else the last argument.

    Example: `case(RemotePort == 135, "rpc", RemotePort == 445, "smb", "other")`.
    """
    if len(arguments) % 2 == 0:
        raise Refusal("kql-argument-count", "`case` takes pairs of a condition and a value, then the value of all else")
    kind = common_type("case", [*arguments[1::2], arguments[-1]], beside_dynamic=True)
    branches = [
        exp.If(this=_truth("case", at, arguments), true=as_type(arguments[at + 1], kind).sql)
        for at in range(0, len(arguments) - 1, 2)
    ]
    return Typed(exp.Case(ifs=branches, default=as_type(arguments[-1], kind).sql), kind)


def lower_coalesce(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The first argument that is not null; of strings the first that is not empty.

    Example: `coalesce("", "a")` is `a`, `coalesce(tolong("x"), 5)` is 5.
    """
    kind = common_type("coalesce", arguments)
    values = [as_type(one, kind).sql for one in arguments]
    if kind is KustoType.STRING:
        last = values.pop()
        values = [exp.Nullif(this=one, expression=exp.Literal.string("")) for one in values]
        return Typed(exp.Coalesce(this=values[0], expressions=[*values[1:], last]), kind)
    if kind is KustoType.DYNAMIC:
        values = [
            exp.Case(ifs=[exp.If(this=exp.Not(this=json.DynamicIsNull(this=one)), true=one.copy())]) for one in values
        ]
    return Typed(exp.Coalesce(this=values[0], expressions=values[1:]), kind)


def _extreme(name: str, node: type[exp.Greatest | exp.Least], arguments: Sequence[Typed]) -> Typed:
    kind = common_type(name, arguments)
    if kind in {KustoType.DYNAMIC, KustoType.BOOL, KustoType.GUID}:
        raise refuse_type(name, 0, arguments[0], "a number, string, datetime or timespan")
    if all(isinstance(one.value, int | float) for one in arguments):
        numbers = [as_type(one, kind).value for one in arguments]
        known = [one for one in numbers if isinstance(one, int | float)]
        return constant(max(known) if node is exp.Greatest else min(known), kind)
    values = [as_type(one, kind).sql for one in arguments]
    return Typed(node(this=values[0], expressions=values[1:], ignore_nulls=True), kind)


def lower_max_of(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The largest of the arguments; nulls are passed over.

    Example: `max_of(10, 1, -3, 17)` is 17.
    """
    return _extreme("max_of", exp.Greatest, arguments)


def lower_min_of(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The smallest of the arguments; nulls are passed over.

    Example: `min_of(10, 1, -3, 17)` is -3.
    """
    return _extreme("min_of", exp.Least, arguments)


def lower_not(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The opposite of a bool; of null it is null.

    Example: `not(1 == 2)` is true.
    """
    return Typed(exp.Not(this=exp.Paren(this=_truth("not", 0, arguments))), KustoType.BOOL)


def _is_null(value: Typed) -> exp.Expr:
    if value.type is KustoType.STRING:
        return exp.Boolean(this=False)
    if value.type is KustoType.DYNAMIC:
        return json.DynamicIsNull(this=value.sql)
    if value.is_constant:
        return exp.Boolean(this=value.value is None)
    return exp.Is(this=exp.Paren(this=value.sql), expression=exp.Null())


def _is_empty(value: Typed) -> exp.Expr:
    if value.type is KustoType.STRING:
        return exp.EQ(this=exp.Paren(this=value.sql), expression=exp.Literal.string(""))
    if value.type is KustoType.DYNAMIC:
        return exp.EQ(this=conversion.DynamicText(this=value.sql), expression=exp.Literal.string(""))
    return _is_null(value)


def lower_isnull(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether the value is null; a string never is.

    Example: `isnull(toint("x"))` is true, `isnull("")` is false.
    """
    return Typed(_is_null(arguments[0]), KustoType.BOOL)


def lower_isnotnull(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether the value is not null; a string always is not.

    Example: `isnotnull("")` is true.
    """
    return Typed(exp.Not(this=exp.Paren(this=_is_null(arguments[0]))), KustoType.BOOL)


def lower_isempty(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether the value is an empty string or null.

    Example: `isempty("")` is true, `isempty(" ")` is false.
    """
    return Typed(_is_empty(arguments[0]), KustoType.BOOL)


def lower_isnotempty(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether the value is neither an empty string nor null.

    Example: `isnotempty(RemoteIP)`.
    """
    value = arguments[0]
    if value.type is KustoType.STRING:
        return Typed(exp.NEQ(this=exp.Paren(this=value.sql), expression=exp.Literal.string("")), KustoType.BOOL)
    return Typed(exp.Not(this=exp.Paren(this=_is_empty(value))), KustoType.BOOL)


def lower_isascii(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether the text holds only characters of ASCII.

    Example: `isascii("some string")` is true.
    """
    plain = exp.Literal.string(r"^[\x00-\x7F]*$")
    return Typed(exp.RegexpLike(this=text_of(arguments[0]).sql, expression=plain), KustoType.BOOL)


def lower_isutf8(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether the text is valid UTF-8: every text here is, a file that holds other bytes is repaired when it is read.

    Example: `isutf8("some string")` is true.
    """
    del arguments
    return constant(True, KustoType.BOOL)


def lower_assert(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """True where the condition is; a query that meets a false one fails with the message.

    Example: `assert(strlen("x") > 0, "an empty name")`.
    """
    if arguments[0].value is True:
        return arguments[0]
    condition = _truth("assert", 0, arguments)
    return Typed(guards.Assertion(this=condition, expression=text_of(arguments[1]).sql), KustoType.BOOL)


def lower_around(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether the first value lies within `delta` (the third) of the second, both ends included; null with a null.

    Example: `around(Timestamp, datetime(2026-07-14), 1h)`.
    """
    value, center, delta = arguments
    if value.type is KustoType.DATETIME:
        ticks = [ticks_of_datetime(datetime_of(one).sql) for one in (value, center)]
        value, center = (Typed(one, KustoType.TIMESPAN) for one in ticks)
    kind = common_type("around", (value, center, delta))
    value, center, delta = (as_type(one, kind) for one in (value, center, delta))
    between = exp.Between(
        this=exp.Paren(this=value.sql),
        low=exp.Sub(this=exp.Paren(this=center.sql), expression=exp.Paren(this=delta.sql)),
        high=exp.Add(this=exp.Paren(this=center.sql.copy()), expression=exp.Paren(this=delta.sql.copy())),
    )
    return Typed(between, KustoType.BOOL)


FUNCTIONS: Final = (
    Function("iff", lower_iff, 3, 3),
    Function("iif", lower_iff, 3, 3),
    Function("case", lower_case, 3, None),
    Function("coalesce", lower_coalesce, 2, 64),
    Function("max_of", lower_max_of, 2, 64),
    Function("min_of", lower_min_of, 2, 64),
    Function("not", lower_not, 1, 1),
    Function("isnull", lower_isnull, 1, 1),
    Function("isnotnull", lower_isnotnull, 1, 1),
    Function("notnull", lower_isnotnull, 1, 1),
    Function("isempty", lower_isempty, 1, 1),
    Function("isnotempty", lower_isnotempty, 1, 1),
    Function("notempty", lower_isnotempty, 1, 1),
    Function("isascii", lower_isascii, 1, 1),
    Function("isutf8", lower_isutf8, 1, 1),
    Function("assert", lower_assert, 2, 2),
    Function("around", lower_around, 3, 3),
)
