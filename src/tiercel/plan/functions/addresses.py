"""IPv4 and IPv6 addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.functions.forms import text_of
from tiercel.plan.functions.registry import Environment, Function
from tiercel.plan.functions.routine_calls import call_routine, routine_function
from tiercel.plan.literals import constant
from tiercel.plan.nodes.strings import Ipv4Number
from tiercel.plan.routines import ROUTINES
from tiercel.plan.routines.addresses import PRIVATE_IPV4, read_ipv4
from tiercel.plan.values import Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FUNCTIONS"]


def _within(number: exp.Expr, network: tuple[int, int]) -> exp.Expr:
    address, prefix = network
    size = 1 << (32 - prefix)
    low = address - address % size
    bounds = [constant(one, KustoType.LONG).sql for one in (low, low + size - 1)]
    return exp.Between(this=number, low=bounds[0], high=bounds[1])


def _within_any(address: Typed, networks: list[tuple[int, int]]) -> Typed:
    """Whether the address lies in one of the ranges: NULL where it is no plain IPv4 address."""
    number = Ipv4Number(this=text_of(address).sql)
    found = _within(number, networks[0])
    for network in networks[1:]:
        found = exp.Or(this=found, expression=_within(number.copy(), network))
    return Typed(exp.Paren(this=found), KustoType.BOOL)


def lower_ipv4_is_private(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether an IPv4 address is one of the private ones."""
    address = arguments[0]
    return call_routine("ipv4_is_private", arguments) if address.is_constant else _private(address)


def _private(address: Typed) -> Typed:
    by_number = _within_any(address, list(PRIVATE_IPV4))
    return _unless_range("ipv4_is_private", [address], by_number)


def _unless_range(name: str, arguments: Sequence[Typed], by_number: Typed) -> Typed:
    """The quick answer, or the routine's where the text is an address with a prefix, which is rare."""
    text = text_of(arguments[0])
    slash = exp.StrPosition(this=text.sql.copy(), substr=exp.Literal.string("/"))
    has_prefix = exp.GT(this=slash, expression=exp.Literal.number(0))
    slow = call_routine(name, [Typed(text.sql.copy(), KustoType.STRING), *arguments[1:]])
    return Typed(exp.Case(ifs=[exp.If(this=has_prefix, true=slow.sql)], default=by_number.sql), KustoType.BOOL)


lower_ipv4_is_private.__doc__ = ROUTINES["ipv4_is_private"].call.__doc__


def lower_ipv4_is_in_range(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether an IPv4 address lies in a range."""
    network = read_ipv4(arguments[1].value) if isinstance(arguments[1].value, str) else None
    if network is None or arguments[0].is_constant:
        return call_routine("ipv4_is_in_range", arguments)
    return _unless_range("ipv4_is_in_range", arguments, _within_any(arguments[0], [network]))


lower_ipv4_is_in_range.__doc__ = ROUTINES["ipv4_is_in_range"].call.__doc__


def lower_ipv4_is_in_any_range(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether an IPv4 address lies in any of several ranges."""
    given: list[object] = []
    for one in arguments[1:]:
        given += one.value if isinstance(one.value, list) else [one.value]
    networks = [read_ipv4(one) if isinstance(one, str) else None for one in given]
    known = [one for one in networks if one is not None]
    if len(known) != len(networks) or not known or arguments[0].is_constant:
        return call_routine("ipv4_is_in_any_range", arguments)
    return _unless_range("ipv4_is_in_any_range", arguments, _within_any(arguments[0], known))


lower_ipv4_is_in_any_range.__doc__ = ROUTINES["ipv4_is_in_any_range"].call.__doc__


def lower_has_ipv4(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether a text holds an IPv4 address, between signs that are neither letters nor digits.

    Example: `has_ipv4("05:04:54 127.0.0.1 GET", "127.0.0.1")` is true.
    """
    return call_routine("has_any_ipv4", arguments)


def lower_has_ipv4_prefix(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Whether a text holds an IPv4 address that starts with a prefix, which ends in a dot or is a whole address.

    Example: `has_ipv4_prefix("05:04:54 127.0.0.1 GET", "127.0.")` is true.
    """
    return call_routine("has_any_ipv4_prefix", arguments)


FUNCTIONS: Final = (
    routine_function("parse_ipv4", 1, 1),
    routine_function("parse_ipv4_mask", 2, 2),
    routine_function("ipv4_compare", 2, 3),
    routine_function("ipv4_is_match", 2, 3),
    Function("ipv4_is_in_range", lower_ipv4_is_in_range, 2, 2),
    Function("ipv4_is_in_any_range", lower_ipv4_is_in_any_range, 2, None),
    Function("ipv4_is_private", lower_ipv4_is_private, 1, 1),
    routine_function("ipv4_netmask_suffix", 1, 1),
    routine_function("format_ipv4", 1, 2),
    routine_function("format_ipv4_mask", 1, 2),
    routine_function("ipv4_range_to_cidr_list", 2, 2),
    Function("has_ipv4", lower_has_ipv4, 2, 2),
    routine_function("has_any_ipv4", 2, None),
    Function("has_ipv4_prefix", lower_has_ipv4_prefix, 2, 2),
    routine_function("has_any_ipv4_prefix", 2, None),
    routine_function("parse_ipv6", 1, 1),
    routine_function("parse_ipv6_mask", 2, 2),
    routine_function("ipv6_compare", 2, 3),
    routine_function("ipv6_is_match", 2, 3),
    routine_function("ipv6_is_in_range", 2, 2),
    routine_function("ipv6_is_in_any_range", 2, None),
)
