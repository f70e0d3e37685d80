"""The clock of a run in a statement's text: marks where `now()` stands, filled in when the statement runs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from re import Match

__all__ = ["has_clock", "mark", "with_clock"]

_MARK: Final = re.compile(r"TIMESTAMP '@now([+-][0-9]+)'")
"""No text of a query can look like it: a quote within a SQL literal is doubled, and none ends before an `@`."""
_TICKS_PER_MICROSECOND: Final = 10


def mark(ticks: int) -> str:
    """What stands in a statement for `now()` moved by so many ticks of 100 ns.

    >>> mark(-72_000_000_000)
    "TIMESTAMP '@now-72000000000'"
    """
    return f"TIMESTAMP '@now{ticks:+d}'"


def has_clock(sql: str) -> bool:
    """Whether the text has a mark.

    >>> has_clock(f"Timestamp > {mark(0)}")
    True
    """
    return _MARK.search(sql) is not None


def with_clock(sql: str, now: datetime) -> str:
    """The statement with its marks filled in; an instant that no datetime holds becomes the first or the last one.

    >>> with_clock(f"Timestamp > {mark(-72_000_000_000)}", datetime(2026, 7, 14, 12))
    "Timestamp > TIMESTAMP '2026-07-14 10:00:00'"
    """

    def filled(found: Match[str]) -> str:
        try:
            instant = now + timedelta(microseconds=int(found[1]) // _TICKS_PER_MICROSECOND)
        except OverflowError:
            instant = datetime.min if found[1].startswith("-") else datetime.max  # noqa: DTZ901  UTC, as in the tables
        return f"TIMESTAMP '{instant.isoformat(sep=' ')}'"

    return _MARK.sub(filled, sql)
