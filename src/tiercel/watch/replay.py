"""History run as if live: each window sees the rows that had come in by its end, and its end as `now()`."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from tiercel.errors import EngineError, UsageError
from tiercel.tables import INGESTION_TIME, TABLES
from tiercel.tables.lake import Dataset
from tiercel.telemetry.lake import rows_in
from tiercel.watch.ledger import Ledger
from tiercel.watch.running import Runner
from tiercel.watch.schedule import schedule_of
from tiercel.watch.watcher import Stepped
from tiercel.watch.windows import Span, Window, together

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiercel.alerts import AlertStore
    from tiercel.filters import Filters
    from tiercel.rules import Rule
    from tiercel.tables.places import Place
    from tiercel.watch.watcher import Options

__all__ = ["replay"]


def replay(
    lake: Place,
    rules: Sequence[Rule],
    store: AlertStore,
    options: Options,
    *,
    begin: datetime,
    end: datetime,
    filters: Filters | None = None,
) -> Iterator[Stepped]:
    """What each step found of the rows that were ingested from `begin` on and before `end`, UTC without a zone.

    A rule runs when its schedule says so, and once more at the end for what came after its last run. The store's
    alerts are told the times of then. Raises UsageError where the times are the wrong way round, EngineError where the
    lake cannot be read.
    """
    if begin >= end:
        raise UsageError(f"the replay is to end at {end}, before it begins at {begin}")
    dataset = Dataset.open(lake)
    arrivals = _arrivals(dataset, begin, end, options.every)
    place = lake.resolve() if isinstance(lake, Path) else lake
    ledger = Ledger(store, f"{place} replayed", lease=options.lease, holder="replay")
    schedules = {rule.id: schedule_of(rule, options.every) for rule in rules}
    runner = Runner(options.lateness, filters, frozenset(schedules))
    waiting: dict[str, list[Span]] = defaultdict(list)
    due = dict.fromkeys(schedules, begin)
    steps = -((begin - end) // options.every)
    try:
        for number in range(steps):
            now = min(begin + (number + 1) * options.every, end)
            stepped = Stepped(now)
            found = {}
            for rule in sorted(rules, key=lambda each: (schedules[each.id].reach, each.id)):
                waiting[rule.id] += arrivals.get(number, ())
                if not waiting[rule.id] or (now < due[rule.id] and number + 1 < steps):
                    continue
                window = Window(now, together(waiting[rule.id]), dataset.version, before=now)
                ran = runner.run(rule, schedules[rule.id], window, dataset)
                stepped.ran.append(ran)
                found[rule.id] = ran.found
                if not ran.failed:
                    waiting[rule.id].clear()
                    due[rule.id] = now + schedules[rule.id].every
            if any(found.values()):
                stepped.recorded = ledger.record(found, {}, at=now.replace(tzinfo=UTC))
            yield stepped
    finally:
        runner.close()


def _arrivals(dataset: Dataset, begin: datetime, end: datetime, every: timedelta) -> dict[int, tuple[Span, ...]]:
    """When the rows happened that were ingested in each step."""
    spans: dict[int, list[Span]] = defaultdict(list)
    ingested = f'"{INGESTION_TIME.name}"'
    within = f"{ingested} >= {_moment(begin)} AND {ingested} < {_moment(end)}"
    length = every // timedelta(microseconds=1)
    try:
        with duckdb.connect() as connection:
            for name, table in TABLES.items():
                parts = [part for part in dataset.tables[name] if part.day is not None]
                if not parts:
                    continue
                rows = connection.execute(
                    f"""SELECT (epoch_us({ingested}) - epoch_us({_moment(begin)})) // {length} AS step,
                        min("Timestamp"), max("Timestamp")
                    FROM ({rows_in(dataset, table, parts, where=within)}) GROUP BY step, "Timestamp"::DATE"""
                )
                for step, first, last in rows.fetchall():
                    spans[int(step)].append(Span(first, last))
    except duckdb.Error as error:
        raise EngineError(f"DuckDB failed while the lake was read: {error}") from error
    return {step: together(several) for step, several in spans.items()}


def _moment(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.isoformat(' ')}'"
