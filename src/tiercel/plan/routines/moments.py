"""Instants and durations: reading what only Python reads, time zones, and Kusto's formats."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

from tiercel.kql.literals import TICKS_PER_DAY, TICKS_PER_SECOND, read_datetime, read_timespan
from tiercel.plan.routines.routine import Routine
from tiercel.tables import KustoType

__all__ = ["ROUTINES", "add_units", "format_datetime", "make_datetime", "part_of", "start_of", "units_between"]

_ZERO: Final = datetime(1, 1, 1, tzinfo=UTC)
_MAXIMUM: Final = date.max.toordinal() * TICKS_PER_DAY - 1
_UNIT_TICKS: Final[dict[str, int]] = {
    "week": 7 * TICKS_PER_DAY,
    "day": TICKS_PER_DAY,
    "hour": 3600 * TICKS_PER_SECOND,
    "minute": 60 * TICKS_PER_SECOND,
    "second": TICKS_PER_SECOND,
    "millisecond": 10_000,
    "microsecond": 10,
}
_UNIT_MONTHS: Final[dict[str, int]] = {"year": 12, "quarter": 3, "month": 1}


# --- the calendar, for constants: engines have their own -------------------------------------------------------------


def _date_of(ticks: int) -> date:
    return date.fromordinal(ticks // TICKS_PER_DAY + 1)


def _ticks_of(day: date) -> int:
    return (day.toordinal() - 1) * TICKS_PER_DAY


def _bounded(ticks: int) -> int | None:
    return ticks if 0 <= ticks <= _MAXIMUM else None


def start_of(unit: str, ticks: int) -> int:
    """The start of the day, week (Sunday), month or year that the instant lies in."""
    day = _date_of(ticks)
    if unit == "week":
        return max(0, _ticks_of(day) - day.isoweekday() % 7 * TICKS_PER_DAY)
    if unit == "month":
        day = day.replace(day=1)
    if unit == "year":
        day = day.replace(month=1, day=1)
    return _ticks_of(day)


def add_units(unit: str, amount: int, ticks: int) -> int | None:
    """The instant moved by so many units; a day that the month lacks becomes its last one."""
    if unit == "nanosecond":
        return _bounded(ticks + amount // 100)
    if unit in _UNIT_TICKS:
        return _bounded(ticks + amount * _UNIT_TICKS[unit])
    day, rest = _date_of(ticks), ticks % TICKS_PER_DAY
    months = day.year * 12 + day.month - 1 + amount * _UNIT_MONTHS[unit]
    year, month = divmod(months, 12)
    if not 1 <= year <= date.max.year:
        return None
    following = date(year + month // 11, (month + 1) % 12 + 1, 1) if year < date.max.year or month < 11 else None
    last = (following - timedelta(days=1)).day if following else 31
    return _ticks_of(date(year, month + 1, min(day.day, last))) + rest


def units_between(unit: str, later: int, earlier: int) -> int:
    """How many starts of the unit lie after the earlier instant and not after the later one; negative if swapped."""
    if unit == "nanosecond":
        return (later - earlier) * 100
    if unit == "week":
        return (start_of("week", later) - start_of("week", earlier)) // _UNIT_TICKS["week"]
    if unit in _UNIT_TICKS:
        return later // _UNIT_TICKS[unit] - earlier // _UNIT_TICKS[unit]
    a, b = _date_of(later), _date_of(earlier)
    size = _UNIT_MONTHS[unit]
    return (a.year * 12 + a.month - 1) // size - (b.year * 12 + b.month - 1) // size


def part_of(unit: str, ticks: int) -> int:
    """A field of the instant: year, month, dayofweek (0 is Sunday), week (ISO), nanosecond (within the second), ..."""
    day, rest = _date_of(ticks), ticks % TICKS_PER_DAY
    fraction = rest % TICKS_PER_SECOND
    fields = {
        "year": day.year,
        "quarter": (day.month + 2) // 3,
        "month": day.month,
        "week": day.isocalendar()[1],
        "day": day.day,
        "dayofyear": day.timetuple().tm_yday,
        "dayofweek": day.isoweekday() % 7,
        "hour": rest // _UNIT_TICKS["hour"],
        "minute": rest // _UNIT_TICKS["minute"] % 60,
        "second": rest // TICKS_PER_SECOND % 60,
        "millisecond": fraction // 10_000,
        "microsecond": fraction // 10,
        "nanosecond": fraction * 100,
    }
    return fields[unit]


def format_datetime(ticks: int, elements: list[str]) -> str:
    """The instant written by format elements; what is no element stands for itself."""
    return "".join(_written(element, ticks) for element in elements)


def _written(element: str, ticks: int) -> str:
    if element[0] in "fF" and not element.strip(element[0]):
        digits = f"{ticks % TICKS_PER_SECOND:07}"[: len(element)]
        return "" if element[0] == "F" and not digits.strip("0") else digits
    hour = part_of("hour", ticks)
    values = {
        "d": part_of("day", ticks),
        "h": (hour + 11) % 12 + 1,
        "H": hour,
        "m": part_of("minute", ticks),
        "M": part_of("month", ticks),
        "s": part_of("second", ticks),
        "y": part_of("year", ticks) % 100,
    }
    if element == "tt":
        return "AM" if hour < 12 else "PM"
    if element == "yyyy":
        return f"{part_of('year', ticks):04}"
    if element[0] in values and not element.strip(element[0]):
        return f"{values[element[0]]:0{len(element)}}"
    return element


# --- routines --------------------------------------------------------------------------------------------------------


def _todatetime(text: str | None) -> int | None:
    """The instant that a text writes in any of the forms that Kusto reads."""
    return None if text is None else read_datetime(text)


def _totimespan(text: str | None) -> int | None:
    """The timespan that a text writes."""
    if text is None or not (":" in text or text.strip()[-1:].isalpha() or text.strip().lstrip("-").isdigit()):
        return None
    return read_timespan(text)


def make_datetime(  # noqa: PLR0917  KQL's own parameters, called by position
    year: int | None,
    month: int | None,
    day: int | None,
    hour: int | None,
    minute: int | None,
    second: float | None,
) -> int | None:
    """The datetime of its parts: year, month, day, then hour, minute and second, which may have a fraction.

    What is no date or time is null.

    Example: `make_datetime(2026, 7, 14, 9, 30)` is 2026-07-14 09:30.
    """
    if year is None or month is None or day is None:
        return None
    hour, minute, second = hour or 0, minute or 0, second or 0.0
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second < 60):
        return None
    try:
        start = _ticks_of(date(year, month, day))
    except (ValueError, OverflowError):
        return None
    return start + (hour * 3600 + minute * 60) * TICKS_PER_SECOND + int(round(second * 1e9) // 100)


def _make_timespan(days: int | None, hours: int | None, minutes: int | None, seconds: float | None) -> int | None:
    if days is None or hours is None or minutes is None or seconds is None:
        return None
    if not (0 <= hours <= 23 and 0 <= minutes <= 59 and 0 <= seconds < 60) or abs(days) > 10_675_199:
        return None
    return days * TICKS_PER_DAY + (hours * 3600 + minutes * 60) * TICKS_PER_SECOND + int(round(seconds * 1e9) // 100)


@cache
def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return None


def _split(ticks: int) -> tuple[datetime, int]:
    whole, rest = divmod(ticks, TICKS_PER_SECOND)
    return _ZERO + timedelta(seconds=whole), rest


def _utc_to_local(ticks: int | None, name: str | None) -> int | None:
    """The local time in a time zone (of the IANA names) at an instant given in UTC; null for an unknown zone.

    Example: `datetime_utc_to_local(datetime(2026-07-14 09:30), "Europe/Paris")` is 2026-07-14 11:30.
    """
    zone = _zone(name or "")
    if ticks is None or zone is None:
        return None
    moment, _ = _split(ticks)
    try:
        offset = moment.astimezone(zone).utcoffset() or timedelta(0)
    except (OverflowError, ValueError):
        return None
    return _bounded(ticks + int(offset.total_seconds()) * TICKS_PER_SECOND)


def _local_to_utc(ticks: int | None, name: str | None) -> int | None:
    """The instant in UTC of a local time in a time zone (of the IANA names); null for an unknown zone.

    A local time that clocks skip or show twice is taken with the offset after the change.

    Example: `datetime_local_to_utc(datetime(2026-07-14 11:30), "Europe/Paris")` is 2026-07-14 09:30.
    """
    zone = _zone(name or "")
    if ticks is None or zone is None:
        return None
    moment, _ = _split(ticks)
    try:
        offset = moment.replace(tzinfo=zone, fold=1).utcoffset() or timedelta(0)
    except (OverflowError, ValueError):
        return None
    return _bounded(ticks - int(offset.total_seconds()) * TICKS_PER_SECOND)


def _list_timezones() -> list[str]:
    """The names of all time zones that this machine knows, in order.

    Example: `datetime_list_timezones()` holds "Europe/Paris". Where we differ: the machine's own list.
    """
    return sorted(zoneinfo.available_timezones())


_TIMESPAN_ELEMENT: Final = re.compile("d{1,8}|h{1,2}|H{1,2}|m{1,2}|s{1,2}|f{1,7}|F{1,7}|.", re.DOTALL)


def _format_timespan(ticks: int | None, pattern: str | None) -> str:
    """The timespan as text, by a format: d to dddddddd, h or H, hh or HH, m, mm, s, ss, f to fffffff, F to FFFFFFF.

    Every other character stands for itself.

    Example: `format_timespan(time(29.09:00:05.12345), "dd.hh:mm:ss [FF]")` is `29.09:00:05 [12]`.
    """
    if ticks is None or pattern is None:
        return ""
    days, rest = divmod(abs(ticks), TICKS_PER_DAY)
    values = {
        "d": days,
        "h": rest // _UNIT_TICKS["hour"],
        "m": rest // _UNIT_TICKS["minute"] % 60,
        "s": rest // TICKS_PER_SECOND % 60,
    }
    written = []
    for element in _TIMESPAN_ELEMENT.findall(pattern):
        letter = element[0].lower()
        if letter == "f" and element.lower().strip("f") == "":
            digits = f"{rest % TICKS_PER_SECOND:07}"[: len(element)]
            written.append("" if element[0] == "F" and not digits.strip("0") else digits)
        elif letter in values:
            written.append(f"{values[letter]:0{len(element)}}")
        else:
            written.append(element)
    return ("-" if ticks < 0 else "") + "".join(written)


_DATETIME, _TIMESPAN, _STRING, _LONG, _REAL = (
    KustoType.DATETIME,
    KustoType.TIMESPAN,
    KustoType.STRING,
    KustoType.LONG,
    KustoType.REAL,
)

ROUTINES: Final = (
    Routine("todatetime", _todatetime, (_STRING,), _DATETIME),
    Routine("totimespan", _totimespan, (_STRING,), _TIMESPAN),
    Routine("make_datetime", make_datetime, (_LONG, _LONG, _LONG, _LONG, _LONG, _REAL), _DATETIME),
    Routine("make_timespan", _make_timespan, (_LONG, _LONG, _LONG, _REAL), _TIMESPAN),
    Routine("datetime_utc_to_local", _utc_to_local, (_DATETIME, _STRING), _DATETIME),
    Routine("datetime_local_to_utc", _local_to_utc, (_DATETIME, _STRING), _DATETIME),
    Routine("datetime_list_timezones", _list_timezones, (), KustoType.DYNAMIC),
    Routine("format_timespan", _format_timespan, (_TIMESPAN, _STRING), _STRING),
)
