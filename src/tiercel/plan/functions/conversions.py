"""Conversions between types. What cannot be converted is null, of a string the empty one; nothing ever fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.functions.forms import (
    bool_of,
    constant_integer,
    datetime_of,
    decimal_of,
    dynamic_of,
    guid_of,
    int_of,
    long_of,
    real_of,
    text_of,
    timespan_of,
)
from tiercel.plan.functions.registry import Environment, Function, name_of_first, prefixed
from tiercel.plan.literals import constant
from tiercel.plan.nodes import json, strings
from tiercel.plan.values import Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FUNCTIONS"]


_LOW_BITS: Final = 0xFFFFFFFF


def lower_tostring(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The value as text, the way Kusto prints it: `True`, `2026-07-14T09:30:00.0000000Z`, `1.02:03:04`; a null is ''.

    A string inside a dynamic loses its quotes; arrays and bags become compact JSON.

    Example: `tostring(dynamic("a"))` is `a`, `tostring(1d)` is `1.00:00:00`.
    """
    return text_of(arguments[0])


def lower_tolong(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The value as a 64-bit integer: a real is cut towards zero, text must be a whole number (decimal or 0x...).

    A timespan gives its ticks of 100 ns, a datetime its ticks since 0001-01-01.

    Example: `tolong("0x1F")` is 31, `tolong("5.7")` is null.
    """
    return long_of(arguments[0])


def lower_toint(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The value as a 32-bit integer: as `tolong`, but a long keeps only its lowest 32 bits.

    Example: `toint("123")` is 123, `toint(9999999999)` is 1410065407.
    """
    return int_of(arguments[0])


def lower_toreal(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The value as a real; `todouble` is the same.

    Example: `toreal("1.5e3")` is 1500.0.
    """
    return real_of(arguments[0])


def lower_tobool(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The value as a bool: a number is true unless 0, text must be `true`, `false` (any case) or a whole number.

    Example: `tobool("TRUE")` is true, `tobool("1.5")` is null.
    """
    return bool_of(arguments[0])


def lower_todatetime(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The instant, in UTC, that a text writes as ISO 8601, RFC 822 or RFC 850, with its offset applied; else null.

    Example: `todatetime("2026-07-14T11:30:00+02:00")` is 2026-07-14 09:30.
    """
    return datetime_of(arguments[0])


def lower_totimespan(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The timespan that a text writes as `[d.]hh:mm:ss[.fffffff]` or as in a literal (`1.5h`); a number is ticks.

    Example: `totimespan("0.00:01:00")` is one minute.
    """
    return timespan_of(arguments[0])


def lower_toguid(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The guid that a text writes, hyphens or not; else null.

    Example: `toguid("0123456789abcdef0123456789abcdef")` is 01234567-89ab-cdef-0123-456789abcdef.
    """
    return guid_of(arguments[0])


def lower_todecimal(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The value as a decimal.

    Example: `todecimal("123.45678")` is 123.45678. Where we differ: 21 digits before and 17 after the point.
    """
    return decimal_of(arguments[0])


def lower_todynamic(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The dynamic value that a JSON text writes; a text that is no JSON becomes a dynamic string; '' is null.

    A value of another type is taken as it is. `parse_json` is the same.

    Example: `parse_json('{"a": [1, 2]}').a[1]` is 2.
    """
    value = arguments[0]
    if value.type is not KustoType.STRING:
        return dynamic_of(value)
    return Typed(json.ParseJson(this=value.sql), KustoType.DYNAMIC)


def lower_tohex(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The integer in hexadecimal, lower case, a negative one as its 32 or 64 bits; a second argument pads with zeros.

    Example: `tohex(256)` is `100`, `tohex(256, 8)` is `00000100`.
    """
    width = constant_integer("tohex", 1, arguments) if len(arguments) > 1 else 1
    value = long_of(arguments[0]).sql
    if arguments[0].type is KustoType.INT:
        value = exp.BitwiseAnd(this=exp.Paren(this=value), expression=exp.Literal.number(_LOW_BITS))
    digits = strings.Hexadecimal(this=value, width=exp.Literal.number(min(max(width, 1), 16)))
    return Typed(exp.Coalesce(this=digits, expressions=[exp.Literal.string("")]), KustoType.STRING)


def lower_gettype(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The name of the value's type; of a dynamic, what it holds: array, dictionary, string, long, double, bool, null.

    Example: `gettype(dynamic({"a": 1}))` is `dictionary`, `gettype(1)` is `long`.
    Where we differ: an instant or a guid inside a dynamic is a string.
    """
    value = arguments[0]
    if value.type is not KustoType.DYNAMIC:
        return constant(str(value.type), KustoType.STRING)
    return Typed(json.DynamicType(this=value.sql), KustoType.STRING)


FUNCTIONS: Final = (
    Function("tostring", lower_tostring, 1, 1, naming=name_of_first),
    Function("tolong", lower_tolong, 1, 1, naming=name_of_first),
    Function("toint", lower_toint, 1, 1, naming=name_of_first),
    Function("toreal", lower_toreal, 1, 1, naming=name_of_first),
    Function("todouble", lower_toreal, 1, 1, naming=name_of_first),
    Function("tobool", lower_tobool, 1, 1, naming=name_of_first),
    Function("toboolean", lower_tobool, 1, 1, naming=name_of_first),
    Function("todatetime", lower_todatetime, 1, 1, naming=name_of_first),
    Function("totimespan", lower_totimespan, 1, 1, naming=name_of_first),
    Function("totime", lower_totimespan, 1, 1, naming=name_of_first),
    Function("toguid", lower_toguid, 1, 1, naming=name_of_first),
    Function("todecimal", lower_todecimal, 1, 1, "21 digits before and 17 after the point", naming=name_of_first),
    Function("todynamic", lower_todynamic, 1, 1, naming=name_of_first),
    Function("parse_json", lower_todynamic, 1, 1, naming=name_of_first),
    Function("parsejson", lower_todynamic, 1, 1, naming=name_of_first),
    Function("toobject", lower_todynamic, 1, 1, naming=name_of_first),
    Function("tohex", lower_tohex, 1, 2, naming=name_of_first),
    Function(
        "gettype", lower_gettype, 1, 1, "an instant or a guid inside a dynamic is a string", naming=prefixed("type")
    ),
)
