"""What a written literal means: text in, Python value out, in the units that `syntax.Literal` states.

Each reader gives `None` where the text is no such literal. Sources: Microsoft Learn, "The datetime data type", "The
timespan data type", "The string data type".
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from tiercel.tables import KustoType

__all__ = [
    "TICKS_PER_DAY",
    "TICKS_PER_SECOND",
    "TYPE_NAMES",
    "datetime_text",
    "read_datetime",
    "read_guid",
    "read_integer",
    "read_string",
    "read_timespan",
    "timespan_text",
]

TICKS_PER_SECOND: Final = 10_000_000
TICKS_PER_DAY: Final = 86_400 * TICKS_PER_SECOND

TYPE_NAMES: Final[dict[str, KustoType]] = {
    "bool": KustoType.BOOL,
    "boolean": KustoType.BOOL,
    "int": KustoType.INT,
    "int8": KustoType.INT,
    "int16": KustoType.INT,
    "int32": KustoType.INT,
    "uint8": KustoType.INT,
    "uint16": KustoType.INT,
    "uint": KustoType.LONG,
    "uint32": KustoType.LONG,
    "uint64": KustoType.LONG,
    "ulong": KustoType.LONG,
    "long": KustoType.LONG,
    "int64": KustoType.LONG,
    "real": KustoType.REAL,
    "double": KustoType.REAL,
    "float": KustoType.REAL,
    "decimal": KustoType.DECIMAL,
    "string": KustoType.STRING,
    "datetime": KustoType.DATETIME,
    "date": KustoType.DATETIME,
    "timespan": KustoType.TIMESPAN,
    "time": KustoType.TIMESPAN,
    "guid": KustoType.GUID,
    "uuid": KustoType.GUID,
    "uniqueid": KustoType.GUID,
    "dynamic": KustoType.DYNAMIC,
}
"""Every word that Kusto's grammar takes for a type."""

_ESCAPES: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "'": "'",
}
_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\\"'])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([0-3][0-7]{2}|[0-7]{1,2})|(.))",
    re.DOTALL,
)

_HALF: Final = re.compile("[\ud800-\udfff]")


def read_string(text: str) -> str | None:
    r"""What a string literal holds, None where it has an escape that Kusto does not know.

    >>> read_string(r'"C:\\Windows"'), read_string(r'@"C:\Windows"'), read_string("h'secret'")
    ('C:\\Windows', 'C:\\Windows', 'secret')
    """
    if text[0] in "hH":
        text = text[1:]
    known = True

    def replace(match: re.Match[str]) -> str:
        nonlocal known
        letter, short, wide, byte, octal, _ = match.groups()
        if letter:
            return _ESCAPES[letter]
        digits = short or wide or byte
        if digits and int(digits, 16) <= 0x10FFFF:
            return chr(int(digits, 16))
        if octal:
            return chr(int(octal, 8))
        known = False
        return ""

    if text[0] == "@":
        quote = text[1]
        value = text[2:-1].replace(quote * 2, quote)
    elif text[0] in "`~":
        value = text[3:-3]
    else:
        value = text[1:-1]
        if "\\" in value:
            value = _ESCAPE.sub(replace, value)
    if not value.isascii() and _HALF.search(value):
        # A character beyond U+FFFF may be written as two escapes, as JSON does; half of one is no text.
        value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value if known else None


def read_integer(text: str) -> int | None:
    """The integer that a decimal or hexadecimal number writes; None where it is none or has more than 20 digits."""
    text = text.strip()
    match = re.fullmatch(r"([+-]?)(0[xX][0-9a-fA-F]{1,17}|[0-9]{1,20})", text)
    if match is None:
        return None
    value = int(match[2], 16) if match[2][:2] in ("0x", "0X") else int(match[2])
    return -value if match[1] == "-" else value


def read_guid(text: str) -> str | None:
    """The guid in lower case with hyphens; hyphens may be missing, braces are taken off."""
    digits = text.strip().strip("{}").replace("-", "").lower()
    if not re.fullmatch(r"[0-9a-f]{32}", digits):
        return None
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


# --- timespan --------------------------------------------------------------------------------------------------------

_UNIT_TICKS: Final = (
    ("tick", 1),
    ("nano", Decimal("0.01")),
    ("micro", 10),
    ("milli", 10_000),
    ("ms", 10_000),
    ("m", 60 * TICKS_PER_SECOND),
    ("s", TICKS_PER_SECOND),
    ("h", 3600 * TICKS_PER_SECOND),
    ("d", TICKS_PER_DAY),
)
"""Ticks of a unit by the beginning of its word: the first that fits."""

_SIMPLE_TIMESPAN: Final = re.compile(r"([+-]?)\s*([0-9]{1,20}(?:\.[0-9]{1,20})?)\s*([a-z]*)", re.IGNORECASE)
_CLOCK_TIMESPAN: Final = re.compile(
    r"([+-]?)\s*(?:([0-9]{1,8})(?:\.|:(?=[0-9]+:[0-9]+:)))?([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,7}))?)?"
)


def read_timespan(text: str) -> int | None:
    """Ticks of 100 ns of `1.5h`, `1.02:03:04.5`, `15 seconds`, `2` (days); None where it is no timespan in range.

    >>> read_timespan("1.5h"), read_timespan("1.02:03:04.5"), read_timespan("2")
    (54000000000, 937845000000, 1728000000000)
    """
    text = text.strip()
    match = _CLOCK_TIMESPAN.fullmatch(text)
    if match is not None:
        sign, days, hours, minutes, seconds, fraction = match.groups()
        if int(hours) > 23 or int(minutes) > 59 or int(seconds or 0) > 59:
            return None
        ticks = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds or 0)
        return _bounded((-1 if sign == "-" else 1) * (ticks * TICKS_PER_SECOND + int((fraction or "").ljust(7, "0"))))
    match = _SIMPLE_TIMESPAN.fullmatch(text)
    if match is None:
        return None
    sign, number, unit = match.groups()
    ticks_per_unit: int | Decimal | None = TICKS_PER_DAY if not unit else None
    if unit:
        ticks_per_unit = next((ticks for start, ticks in _UNIT_TICKS if unit.lower().startswith(start)), None)
    if ticks_per_unit is None:
        return None
    total = int(Decimal(number) * ticks_per_unit)
    return _bounded(-total if sign == "-" else total)


def _bounded(ticks: int) -> int | None:
    return ticks if -(2**63) <= ticks < 2**63 else None


def timespan_text(ticks: int) -> str:
    """A timespan as Kusto writes it: `1.02:03:04.5000000`, without days or fraction where they are zero."""
    sign = "-" if ticks < 0 else ""
    seconds, fraction = divmod(abs(ticks), TICKS_PER_SECOND)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return sign + (f"{days}." if days else "") + clock + (f".{fraction:07}" if fraction else "")


# --- datetime --------------------------------------------------------------------------------------------------------

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK: Final = (
    r"(?:[T\s]\s*(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?:\s*(?P<half>[AP]M))?)?"
    r"\s*(?P<zone>Z|GMT|UTC|[+-][0-9]{1,2}(?::?[0-9]{2})?)?"
)
_WEEKDAY: Final = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
_DATETIMES: Final = tuple(
    re.compile(form + _CLOCK, re.IGNORECASE)
    for form in (
        r"(?P<year>[0-9]{4})(?:[-/](?P<month>[0-9]{1,2})(?:[-/](?P<day>[0-9]{1,2}))?)?",
        r"(?P<year>[0-9]{4})\s*,\s*(?P<month>[0-9]{1,2})\s*,\s*(?P<day>[0-9]{1,2})",
        r"(?P<month>[0-9]{1,2})(?P<mark>[-/])(?P<day>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4})",
        _WEEKDAY + r"(?P<day>[0-9]{1,2})[-\s](?P<name>[a-z]{3})[a-z]*[-\s](?P<year>[0-9]{4}|[0-9]{2})",
        _WEEKDAY + r"(?P<name>[a-z]{3})[a-z]*\s+(?P<day>[0-9]{1,2}),?\s+(?P<year>[0-9]{4})",
    )
)


def read_datetime(text: str) -> int | None:
    """Ticks of 100 ns since 0001-01-01 in UTC of an ISO 8601, RFC 822 or RFC 850 time; missing parts are zero.

    A time without a zone is UTC. None where the text is no such time.

    >>> read_datetime("0001-01-02"), read_datetime("Sat, 8 Nov 14 15:05 GMT") == read_datetime("2014-11-08T15:05Z")
    (864000000000, True)
    """
    text = text.strip()
    if len(text) > 60:
        return None
    for pattern in _DATETIMES:
        match = pattern.fullmatch(text)
        if match is not None:
            return _ticks(match.groupdict())
    return None


def _ticks(parts: dict[str, str | None]) -> int | None:
    written_year = parts["year"] or "1"
    year = int(written_year)
    if len(written_year) == 2:
        # Two digits are 1930 to 2029, as .NET's invariant calendar reads them.
        year += 1900 if year >= 30 else 2000
    name = parts.get("name")
    if name is not None and name.lower() not in _MONTHS:
        return None
    month = _MONTHS.index(name.lower()) + 1 if name is not None else int(parts.get("month") or 1)
    hour, minute, second = (int(parts[part] or 0) for part in ("hour", "minute", "second"))
    half = (parts["half"] or "").upper()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "PM" else 0)
    try:
        days = date(year, month, int(parts.get("day") or 1)).toordinal() - 1
    except ValueError:
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    ticks = days * TICKS_PER_DAY + (hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND
    ticks += int((parts["fraction"] or "").ljust(9, "0")) // 100
    zone = (parts["zone"] or "Z").upper()
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
        offset = (hours * 60 + minutes) * 60 * TICKS_PER_SECOND
        ticks += offset if zone[0] == "-" else -offset
    return ticks if 0 <= ticks < date.max.toordinal() * TICKS_PER_DAY else None


def datetime_text(ticks: int) -> str:
    """A time as Kusto writes it in JSON: `2014-05-25T08:20:03.1234560Z`."""
    days, rest = divmod(ticks, TICKS_PER_DAY)
    seconds, fraction = divmod(rest, TICKS_PER_SECOND)
    day = date.fromordinal(days + 1)
    return f"{day.isoformat()}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:07}Z"


def read_decimal(text: str) -> Decimal | None:
    """The decimal number, None where the text is none (a bounded one: no `1e999999999`)."""
    text = text.strip()
    if len(text) > 80 or not re.fullmatch(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def read_real(text: str) -> float | None:
    """The real number: digits, `nan`, `+inf`, `-inf`; None where the text is none."""
    text = text.strip().lower()
    if text in ("nan", "inf", "+inf", "-inf"):
        return float(text)
    if not re.fullmatch(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?", text):
        return None
    return float(text)
