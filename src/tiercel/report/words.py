"""Values as people read them: every text of an event safe to show and cut to a length."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tiercel.shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LONGEST", "clock_time", "day", "duration", "listed", "naive", "paragraphs", "text"]

LONGEST: Final = 2000
"""Of a text, so many characters are shown; the saved result holds all of it."""

_ITEM: Final = re.compile(r"^\s*(?:[-*]|\d+[.)])\s+")
_MARKUP: Final = re.compile(r"\*\*|`")


def text(value: object, most: int = LONGEST) -> str:
    r"""The value, safe to show; of a long one how much is left out. Nothing is the empty text.

    >>> text("a\x00b\u202e"), text(None), text("x" * 10, 4)
    ('a\\x00b\\u202e', '', 'xxxx... (6 more characters)')
    """
    if value is None:
        return ""
    whole = str(value)
    if len(whole) <= most:
        return shown(whole)
    return f"{shown(whole[:most])}... ({len(whole) - most:,} more characters)"


def naive(time: datetime) -> datetime:
    """The instant in UTC, without a zone."""
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def clock_time(time: datetime | None) -> str:
    """The time of the day, UTC, to the millisecond.

    >>> clock_time(datetime(2020, 9, 20, 16, 16, 56, 597123))
    '16:16:56.597'
    """
    return naive(time).time().isoformat("milliseconds") if time else ""


def day(time: datetime | None) -> str:
    """The day, as people write it without doubt.

    >>> day(datetime(2020, 9, 3))
    '3 September 2020'
    """
    return f"{time.day} {time:%B %Y}" if time else ""


def duration(length: timedelta | float) -> str:
    """A length of time with as many digits as tell something.

    >>> [duration(each) for each in (0, 0.0134, 7.25, 75, 7322, 200000)]
    ['0 s', '0.013 s', '7.250 s', '1 min 15 s', '2 h 2 min', '2 d 7 h']
    """
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 60:
        return f"{seconds:.3f} s" if seconds else "0 s"
    whole = round(seconds)
    for size, name, below, below_name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size} {name} {rest} {below_name}" if rest else f"{whole // size} {name}"
    return f"{whole} s"


def listed(values: Iterable[str], most: int = 4) -> str:
    """The values in a row, and how many more there are.

    >>> listed(["a", "b"]), listed("abcdef", 2)
    ('a and b', 'a, b and 4 more')
    """
    named = list(values)
    if len(named) > most:
        return f"{', '.join(named[:most])} and {len(named) - most} more"
    return " and ".join(part for part in (", ".join(named[:-1]), *named[-1:]) if part)


def paragraphs(markdown: str) -> tuple[str, ...]:
    r"""The items and paragraphs of a section of a rule document, each one line of plain text.

    >>> paragraphs("1. Look at `x`\n   twice.\n2. **Stop.**\n\nThen\nrest.")
    ('Look at x twice.', 'Stop.', 'Then rest.')
    """
    found: list[list[str]] = []
    is_open = False
    for line in markdown.splitlines():
        if not line.strip():
            is_open = False
        elif not is_open or _ITEM.match(line):
            found.append([_ITEM.sub("", line).strip()])
            is_open = True
        else:
            found[-1].append(line.strip())
    return tuple(text(_MARKUP.sub("", " ".join(lines))) for lines in found)
