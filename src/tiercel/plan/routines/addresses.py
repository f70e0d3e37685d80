"""IPv4 and IPv6 addresses, prefixes and ranges."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from tiercel.plan.routines.dynamic import dynamic_text
from tiercel.plan.routines.routine import Routine
from tiercel.tables import KustoType

__all__ = ["PRIVATE_IPV4", "ROUTINES", "read_ipv4"]

_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4: Final = re.compile(rf"({_OCTET})\.({_OCTET})\.({_OCTET})\.({_OCTET})(?:/(3[0-2]|[12]?[0-9]))?")
_IPV4_INSIDE: Final = re.compile(rf"(?<![0-9A-Za-z.]){_OCTET}(?:\.{_OCTET}){{3}}(?![0-9A-Za-z]|\.[0-9])")
_FULL: Final = 0xFFFFFFFF
_MAPPED: Final = 0xFFFF << 32
PRIVATE_IPV4: Final = ((0x0A000000, 8), (0xAC100000, 12), (0xC0A80000, 16))


def _mask4(prefix: int) -> int:
    return _FULL << (32 - prefix) & _FULL


def read_ipv4(text: str | None) -> tuple[int, int] | None:
    """The address as a number and its prefix (32 if none is written); None where the text is no IPv4 address."""
    match = _IPV4.fullmatch((text or "").strip())
    if match is None:
        return None
    octets = [int(one) for one in match.groups()[:4]]
    return int.from_bytes(octets, "big"), int(match[5]) if match[5] is not None else 32


def _valid(prefix: int | None, widest: int) -> int | None:
    """The prefix given, the widest for none; None where it is out of range."""
    if prefix is None:
        return widest
    return prefix if 0 <= prefix <= widest else None


def _parse_ipv4(text: str | None) -> int | None:
    """The number of an IPv4 address, masked by its prefix if it has one; null for any other text.

    Example: `parse_ipv4("127.0.0.1")` is 2130706433.
    """
    read = read_ipv4(text)
    return None if read is None else read[0] & _mask4(read[1])


def _parse_ipv4_mask(text: str | None, prefix: int | None) -> int | None:
    """The number of an IPv4 address, masked by the narrower of its own prefix and a given one.

    Example: `parse_ipv4_mask("127.0.0.1", 24)` is 2130706432.
    """
    read, given = read_ipv4(text), _valid(prefix, 32)
    return None if read is None or given is None else read[0] & _mask4(min(read[1], given))


def _ipv4_compare(first: str | None, second: str | None, prefix: int | None) -> int | None:
    """0, 1 or -1 as one IPv4 address is equal to, above or below another, both masked by the narrowest prefix.

    Example: `ipv4_compare("192.168.1.1/24", "192.168.1.255")` is 0.
    """
    one, other, given = read_ipv4(first), read_ipv4(second), _valid(prefix, 32)
    if one is None or other is None or given is None:
        return None
    mask = _mask4(min(one[1], other[1], given))
    return ((one[0] & mask) > (other[0] & mask)) - ((one[0] & mask) < (other[0] & mask))


def _ipv4_is_match(first: str | None, second: str | None, prefix: int | None) -> bool | None:
    """Whether two IPv4 addresses are equal, both masked by the narrowest prefix.

    Example: `ipv4_is_match("192.168.1.1/24", "192.168.1.255")` is true.
    """
    compared = _ipv4_compare(first, second, prefix)
    return None if compared is None else compared == 0


def _ipv4_is_in_range(address: str | None, network: str | None) -> bool | None:
    """Whether an IPv4 address lies in a range like "10.0.0.0/8"; null where one of them is none.

    Example: `ipv4_is_in_range(RemoteIP, "192.168.1.0/24")`.
    """
    one, other = read_ipv4(address), read_ipv4(network)
    if one is None or other is None:
        return None
    mask = _mask4(other[1])
    return one[1] >= other[1] and one[0] & mask == other[0] & mask


def _flat(values: list[object]) -> list[str]:
    return [dynamic_text(one) for value in values for one in (value if isinstance(value, list) else [value])]


def _ipv4_is_in_any_range(address: str | None, networks: list[object]) -> bool | None:
    """Whether an IPv4 address lies in any of several ranges, given one by one or as an array.

    Example: `ipv4_is_in_any_range(RemoteIP, "10.0.0.0/8", "192.168.0.0/16")`.
    """
    if read_ipv4(address) is None:
        return None
    found = [_ipv4_is_in_range(address, network) for network in _flat(networks)]
    return True if True in found else None if None in found else False


def _ipv4_is_private(address: str | None) -> bool | None:
    """Whether an IPv4 address, or a whole range, is one of the private ones: 10/8, 172.16/12, 192.168/16.

    Example: `ipv4_is_private("10.1.2.3")` is true.
    """
    read = read_ipv4(address)
    if read is None:
        return None
    return any(read[0] & _mask4(prefix) == network and read[1] >= prefix for network, prefix in PRIVATE_IPV4)


def _ipv4_netmask_suffix(address: str | None) -> int | None:
    """The prefix of an IPv4 address, 32 if none is written.

    Example: `ipv4_netmask_suffix("192.168.1.1/24")` is 24.
    """
    read = read_ipv4(address)
    return None if read is None else read[1]


def _format_ipv4(value: object, prefix: int | None) -> str:
    """The text of an IPv4 address, given as a number or text, masked by a prefix.

    Example: `format_ipv4(3232236031, 24)` is `192.168.1.0`.
    """
    read = read_ipv4(value) if isinstance(value, str) else (value, 32) if type(value) is int else None
    given = _valid(prefix, 32)
    if read is None or given is None or not 0 <= read[0] <= _FULL:
        return ""
    return str(ipaddress.IPv4Address(read[0] & _mask4(min(given, read[1]))))


def _format_ipv4_mask(value: object, prefix: int | None) -> str:
    """The text of an IPv4 address, masked by a prefix, which is written after it.

    Example: `format_ipv4_mask(3232236031, 24)` is `192.168.1.0/24`.
    """
    text = _format_ipv4(value, prefix)
    read = read_ipv4(value) if isinstance(value, str) else None
    shortest = min(32 if prefix is None else prefix, read[1] if read else 32)
    return f"{text}/{shortest}" if text else ""


def _ipv4_range_to_cidr_list(first: str | None, last: str | None) -> list[str] | None:
    """The array of the ranges, with prefixes, that cover the addresses from one to another.

    Example: `ipv4_range_to_cidr_list("1.1.128.0", "1.1.140.255")`.
    """
    one, other = read_ipv4(first), read_ipv4(last)
    if one is None or other is None or one[0] > other[0]:
        return None
    networks = ipaddress.summarize_address_range(ipaddress.IPv4Address(one[0]), ipaddress.IPv4Address(other[0]))
    return [str(network) for network in networks]


# --- addresses inside text -------------------------------------------------------------------------------------------


def _has_any_ipv4(text: str | None, addresses: list[object]) -> bool | None:
    """Whether a text holds any of several IPv4 addresses, given one by one or as an array, each between other signs.

    Example: `has_any_ipv4("05:04:54 127.0.0.1 GET", "127.0.0.1", "127.0.0.2")` is true.
    """
    wanted = {one for one in _flat(addresses) if read_ipv4(one) is not None}
    return bool(wanted) and any(match[0] in wanted for match in _IPV4_INSIDE.finditer(text or ""))


def _has_any_ipv4_prefix(text: str | None, prefixes: list[object]) -> bool | None:
    """Whether a text holds an IPv4 address that starts with one of several prefixes, which end in a dot or are whole.

    Example: `has_any_ipv4_prefix("05:04:54 127.0.0.1 GET", "127.0.", "192.168.")` is true.
    """
    wanted = [one for one in _flat(prefixes) if one.endswith(".") or read_ipv4(one) is not None]
    found = [match[0] for match in _IPV4_INSIDE.finditer(text or "")] if wanted else []
    return any(one.startswith(prefix) if prefix.endswith(".") else one == prefix for one in found for prefix in wanted)


# --- IPv6 ------------------------------------------------------------------------------------------------------------


def _read_ipv6(text: str | None) -> tuple[int, int] | None:
    """The address as a number and its prefix of 128 bits; an IPv4 address is mapped, its prefix counted from 96."""
    address, _, suffix = (text or "").strip().partition("/")
    ipv4 = read_ipv4(address)
    dotted = "." in address
    if ipv4 is not None:
        number = _MAPPED | ipv4[0]
    else:
        try:
            number = int(ipaddress.IPv6Address(address.partition("%")[0]))
        except ValueError:
            return None
    if not suffix:
        return (number, 128) if "/" not in (text or "") else None
    if not suffix.isascii() or not suffix.isdigit() or len(suffix) > 3:
        return None
    prefix = int(suffix) + (96 if dotted else 0)
    return (number, prefix) if prefix <= 128 else None


def _mask6(prefix: int) -> int:
    return (1 << 128) - (1 << (128 - prefix))


def _written(number: int) -> str:
    return ipaddress.IPv6Address(number).exploded


def _parse_ipv6(text: str | None) -> str:
    """An IPv6 or IPv4 address in full, lower case, masked by its prefix if it has one; empty for any other text.

    Example: `parse_ipv6("192.168.255.255/24")` is `0000:0000:0000:0000:0000:ffff:c0a8:ff00`.
    """
    read = _read_ipv6(text)
    return "" if read is None else _written(read[0] & _mask6(read[1]))


def _parse_ipv6_mask(text: str | None, prefix: int | None) -> str:
    """An IPv6 or IPv4 address in full, masked by the narrower of its own prefix and a given one of 128 bits.

    Example: `parse_ipv6_mask("fe80::85d:e82c:9446:7994", 120)` is `fe80:0000:0000:0000:085d:e82c:9446:7900`.
    """
    read, given = _read_ipv6(text), _valid(prefix, 128)
    return "" if read is None or given is None else _written(read[0] & _mask6(min(read[1], given)))


def _ipv6_compare(first: str | None, second: str | None, prefix: int | None) -> int | None:
    """0, 1 or -1 as one IPv6 or IPv4 address is equal to, above or below another, masked by the narrowest prefix.

    The prefix given counts 128 bits; of two IPv4 addresses, 32.

    Example: `ipv6_compare("fe80::85d:e82c:9446:7994", "fe80::85d:e82c:9446:7998", 120)` is 0.
    """
    one, other = _read_ipv6(first), _read_ipv6(second)
    if one is None or other is None or (prefix is not None and not 0 <= prefix <= 128):
        return None
    given = 128 if prefix is None else prefix
    both_ipv4 = all(read_ipv4(text) is not None for text in (first, second))
    if both_ipv4 and given <= 32:
        given += 96
    # Kusto counts an IPv4 address in IPv6 notation, ::192.168.1.1, as the mapped one.
    numbers = [number | _MAPPED if number >> 32 == 0 and number > 1 else number for number, _ in (one, other)]
    mask = _mask6(min(one[1], other[1], given))
    return ((numbers[0] & mask) > (numbers[1] & mask)) - ((numbers[0] & mask) < (numbers[1] & mask))


def _ipv6_is_match(first: str | None, second: str | None, prefix: int | None) -> bool | None:
    """Whether two IPv6 or IPv4 addresses are equal, masked by the narrowest prefix.

    Example: `ipv6_is_match("192.168.1.1", "::ffff:c0a8:0101")` is true.
    """
    compared = _ipv6_compare(first, second, prefix)
    return None if compared is None else compared == 0


def _ipv6_is_in_range(address: str | None, network: str | None) -> bool | None:
    """Whether an IPv6 or IPv4 address lies in a range like "fe80::/10"; null where one of them is none.

    Example: `ipv6_is_in_range("a5e:f127:8a9d:146d:e102:b5d3:c755:abcd", "a5e:f127::/32")` is true.
    """
    one, other = _read_ipv6(address), _read_ipv6(network)
    if one is None or other is None:
        return None
    mask = _mask6(other[1])
    return one[1] >= other[1] and one[0] & mask == other[0] & mask


def _ipv6_is_in_any_range(address: str | None, networks: list[object]) -> bool | None:
    """Whether an IPv6 or IPv4 address lies in any of several ranges, given one by one or as an array.

    Example: `ipv6_is_in_any_range(RemoteIP, "fe80::/10", "fc00::/7")`.
    """
    if _read_ipv6(address) is None:
        return None
    found = [_ipv6_is_in_range(address, network) for network in _flat(networks)]
    return True if True in found else None if None in found else False


_STRING, _LONG, _BOOL, _DYNAMIC = KustoType.STRING, KustoType.LONG, KustoType.BOOL, KustoType.DYNAMIC

ROUTINES: Final = (
    Routine("parse_ipv4", _parse_ipv4, (_STRING,), _LONG),
    Routine("parse_ipv4_mask", _parse_ipv4_mask, (_STRING, _LONG), _LONG),
    Routine("ipv4_compare", _ipv4_compare, (_STRING, _STRING, _LONG), _LONG),
    Routine("ipv4_is_match", _ipv4_is_match, (_STRING, _STRING, _LONG), _BOOL),
    Routine("ipv4_is_in_range", _ipv4_is_in_range, (_STRING, _STRING), _BOOL),
    Routine("ipv4_is_in_any_range", _ipv4_is_in_any_range, (_STRING,), _BOOL, rest=True),
    Routine("ipv4_is_private", _ipv4_is_private, (_STRING,), _BOOL),
    Routine("ipv4_netmask_suffix", _ipv4_netmask_suffix, (_STRING,), _LONG),
    Routine("format_ipv4", _format_ipv4, (_DYNAMIC, _LONG), _STRING),
    Routine("format_ipv4_mask", _format_ipv4_mask, (_DYNAMIC, _LONG), _STRING),
    Routine("ipv4_range_to_cidr_list", _ipv4_range_to_cidr_list, (_STRING, _STRING), _DYNAMIC),
    Routine("has_any_ipv4", _has_any_ipv4, (_STRING,), _BOOL, rest=True),
    Routine("has_any_ipv4_prefix", _has_any_ipv4_prefix, (_STRING,), _BOOL, rest=True),
    Routine("parse_ipv6", _parse_ipv6, (_STRING,), _STRING),
    Routine("parse_ipv6_mask", _parse_ipv6_mask, (_STRING, _LONG), _STRING),
    Routine("ipv6_compare", _ipv6_compare, (_STRING, _STRING, _LONG), _LONG),
    Routine("ipv6_is_match", _ipv6_is_match, (_STRING, _STRING, _LONG), _BOOL),
    Routine("ipv6_is_in_range", _ipv6_is_in_range, (_STRING, _STRING), _BOOL),
    Routine("ipv6_is_in_any_range", _ipv6_is_in_any_range, (_STRING,), _BOOL, rest=True),
)
