"""What has come in since a rule last ran, and which stretch of event time it must therefore look at again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tiercel.tables.lake import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tiercel.tables.lake import Commit

__all__ = ["REFERENCE_TABLES", "Look", "Span", "Window", "looks", "spans_of", "together"]

REFERENCE_TABLES: Final = ("DeviceInfo", "DeviceNetworkInfo", "DeviceFileCertificateInfo")
"""Tables that say how things are, not what happened: a rule may need a row that is much older than its reach."""

_FUTURE: Final = timedelta(days=1)
"""Rows that say they come from further in the future are not believed."""
_LEAST: Final = datetime(1970, 1, 2)  # noqa: DTZ001  times in tables are UTC without a zone
_GREATEST: Final = datetime(9999, 1, 1)  # noqa: DTZ001  as above


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of event time, both ends within; UTC without a zone."""

    first: datetime
    last: datetime

    def wider(self, by: timedelta) -> Span:
        """The span with so much more at either end."""
        low = self.first - by if self.first - _LEAST > by else _LEAST
        return Span(low, self.last + by if _GREATEST - self.last > by else _GREATEST)

    def holds(self, moment: datetime) -> bool:
        """Whether the moment lies within."""
        return self.first <= moment <= self.last


@dataclass(frozen=True, slots=True)
class Window:
    """Rows that came in together: `now` is the end of the window of ingestion time, `spans` when the rows happened.

    `version` is the lake's commit up to which they came. `before`: where history is replayed, rows that were ingested
    at that time or later are not seen yet.
    """

    now: datetime
    spans: tuple[Span, ...]
    version: int
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What one run of a rule looks at: it tells anew what begins within `settles`, from the rows in `reads`."""

    settles: Span
    reads: Span


def spans_of(commit: Commit) -> tuple[Span, ...]:
    """When the rows happened that a commit brought: a span for each part with a credible day."""
    if commit.operation is not Operation.IMPORT:
        return ()
    days = (Span(part.first, part.last) for part in commit.adds if part.day and part.first and part.last)
    return together(days)


def together(spans: Iterable[Span], within: timedelta = timedelta(0)) -> tuple[Span, ...]:
    """The spans in order, those that overlap or lie that near made one.

    >>> day = [datetime(2026, 3, number) for number in range(1, 6)]
    >>> spans = [Span(day[3], day[4]), Span(day[0], day[1]), Span(day[1], day[2])]
    >>> [(span.first.day, span.last.day) for span in together(spans)]
    [(1, 3), (4, 5)]
    """
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.first - joined[-1].last <= within:
            joined[-1] = Span(joined[-1].first, max(joined[-1].last, span.last))
        else:
            joined.append(span)
    return tuple(joined)


def looks(spans: Iterable[Span], reach: timedelta, *, now: datetime, lateness: timedelta) -> Iterator[Look]:
    """What a rule must look at for rows of these spans.

    A finding that one of them takes part in begins at most one reach before and ends at most one reach after it; to
    tell every finding that begins there completely, rows of one more reach to either side are read. Rows later than
    `lateness` are not hunted.
    """
    oldest, newest = now - lateness, now + _FUTURE
    believed = (Span(max(span.first, oldest), min(span.last, newest)) for span in spans)
    settled = (span.wider(reach) for span in believed if span.first <= span.last)
    for settles in together(settled):
        yield Look(settles, settles.wider(reach))
