"""Which stretch of event time is looked at again for rows that came in."""

from __future__ import annotations

from datetime import datetime, timedelta

from tiercel.watch.windows import Span, looks

NOON = datetime(2026, 3, 14, 12)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


def test_rows_are_looked_at_with_all_they_may_belong_to():
    (look,) = looks([Span(NOON, NOON + HOUR)], 2 * HOUR, now=NOON + 2 * HOUR, lateness=WEEK)
    assert look.settles == Span(NOON - 2 * HOUR, NOON + 3 * HOUR)
    assert look.reads == Span(NOON - 4 * HOUR, NOON + 5 * HOUR)


def test_late_rows_far_from_the_others_are_looked_at_by_themselves():
    spans = [Span(NOON - 50 * HOUR, NOON - 50 * HOUR), Span(NOON - HOUR, NOON), Span(NOON - 4 * HOUR, NOON - 3 * HOUR)]
    several = list(looks(spans, HOUR, now=NOON, lateness=WEEK))
    assert [look.settles for look in several] == [
        Span(NOON - 51 * HOUR, NOON - 49 * HOUR),
        Span(NOON - 5 * HOUR, NOON + HOUR),
    ]


def test_rows_later_than_the_bound_and_rows_from_the_future_are_not_believed():
    spans = [Span(NOON - 9 * WEEK, NOON - 8 * WEEK), Span(NOON + WEEK, NOON + 2 * WEEK)]
    assert list(looks(spans, HOUR, now=NOON, lateness=WEEK)) == []
    (look,) = looks([Span(NOON - 9 * WEEK, NOON)], HOUR, now=NOON, lateness=WEEK)
    assert look.settles.first == NOON - WEEK - HOUR


def test_times_at_the_ends_of_the_calendar_do_not_overflow():
    wide = Span(datetime(1970, 1, 3), datetime(9998, 12, 31)).wider(timedelta(days=60))
    assert wide.first == datetime(1970, 1, 2)
    assert wide.last.year == 9999
