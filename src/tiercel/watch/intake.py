"""What sources have becomes rows of the lake: one commit holds the rows and how far their sources were read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import duckdb

from tiercel.errors import EngineError, InputError, Issue, Severity
from tiercel.tables import HIDDEN, TABLES
from tiercel.tables.lake import Commit, Dataset, Operation, Transaction, with_ingestion_time
from tiercel.telemetry import importer
from tiercel.telemetry.lake import attach
from tiercel.watch.sources.source import Taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from tiercel.tables import Table
    from tiercel.watch.sources.source import Source

__all__ = ["Arrived", "newest_ingestion", "take_in"]

ROOM: Final = 256 << 20
"""Bytes that are read from the sources and committed together."""
_MEMORY: Final = 10**9
_BATCH_ROWS: Final = 65_536
_SEARCHED: Final = 64
"""Commits in which the newest time of ingestion is looked for."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came in: records read, rows added by table, rows that the lake had, and whether more is waiting."""

    records: int = 0
    rows: int = 0
    known: int = 0
    bytes: int = 0
    is_behind: bool = False
    issues: tuple[Issue, ...] = ()
    commit: Commit | None = None


def take_in(lake: Path, sources: Sequence[Source], now: datetime) -> Arrived:
    """What came in from the sources, committed to the lake with `now` as its time of ingestion.

    Where another watcher has read a source further meanwhile, nothing was added and more is said to be waiting. Raises
    InputError where the lake cannot be written, EngineError where DuckDB gives up; then, too, nothing was added.
    """
    with Transaction.begin(lake) as transaction:
        dataset = Dataset.open(lake)
        taken, issues = _taken(sources, dataset, transaction.folder)
        try:
            arrived = _import(transaction, dataset, taken, now)
        except BaseException:
            _again(sources)
            raise
    if arrived.commit is None and any(one.reached for one in taken):
        _again(sources)
    return Arrived(
        arrived.records,
        arrived.rows,
        arrived.known,
        sum(one.bytes for one in taken),
        arrived.is_behind or any(one.is_behind for one in taken),
        (*issues, *(issue for one in taken for issue in one.issues), *arrived.issues),
        arrived.commit,
    )


def newest_ingestion(dataset: Dataset) -> datetime | None:
    """The newest time of ingestion among the last commits; None where they imported nothing."""
    commits = dataset.commits(since=max(dataset.version - _SEARCHED, 0))
    return max((one.ingestion_time for one in commits if one.ingestion_time), default=None)


def _again(sources: Iterable[Source]) -> None:
    for source in sources:
        source.again()


def _taken(sources: Sequence[Source], dataset: Dataset, folder: Path) -> tuple[list[Taken], list[Issue]]:
    """What each source has; one that fails is an issue and the others are read."""
    known: dict[str, dict[str, str]] = {source.name: {} for source in sources}
    for (source_name, item), text in dataset.offsets.items():
        if source_name in known:
            known[source_name][item] = text
    taken: list[Taken] = []
    issues = []
    for number, source in enumerate(sources):
        place = folder / f"source-{number}"
        place.mkdir()
        try:
            taken.append(source.take(known[source.name], place, ROOM))
        except InputError as error:
            issues.append(Issue("watch-source", error.message, hint="it is tried again at the next step"))
        except OSError as error:
            issues.append(Issue("watch-source", f"{source.name}: {error.strerror or error}"))
    return taken, issues


def _import(transaction: Transaction, dataset: Dataset, taken: Sequence[Taken], now: datetime) -> Arrived:
    """The files read, mapped, freed of what the lake has, and committed."""
    files = [path for one in taken for path in one.files]
    pieces = {path: piece for one in taken for path, piece in one.pieces.items()}
    reached = [each for one in taken for each in one.reached]
    if not reached and not files:
        return Arrived()
    records = rows = known = 0
    issues: tuple[Issue, ...] = ()
    if files:
        settings = {"temp_directory": str(transaction.folder / "spill"), "memory_limit": f"{_MEMORY}B"}
        try:
            with duckdb.connect(config=settings) as connection:
                sizes = {path: path.stat().st_size for path in files}
                report = importer.read(files, connection, pieces=pieces)
                changed = [path for path, size in sizes.items() if path.stat().st_size != size]
                if changed:
                    message = f"{changed[0]} changed while it was read; it is read again at the next step"
                    return Arrived(is_behind=True, issues=(Issue("watch-changed", message, severity=Severity.WARNING),))
                known = _drop_known(connection, dataset, report.tables)
                for name, count in report.tables.items():
                    if count:
                        selected = connection.sql(f'SELECT * FROM "{name}"').to_arrow_reader(_BATCH_ROWS)
                        rows += transaction.write(name, with_ingestion_time(selected, now))
                records = report.read
                issues = tuple(issue for issue in report.issues if issue.code != "import-no-events")
        except duckdb.Error as error:
            raise EngineError(f"DuckDB failed while events were mapped: {error}") from error
    outcome = transaction.commit(operation=Operation.IMPORT, reached=reached, ingestion_time=now)
    if not isinstance(outcome, Commit):
        return Arrived(is_behind=True)
    return Arrived(records, rows, known, issues=(*issues, *transaction.issues), commit=outcome)


def _drop_known(connection: duckdb.DuckDBPyConnection, dataset: Dataset, tables: Mapping[str, int]) -> int:
    """How many rows went because the lake has them: they are the same in every column but where and when they came from."""
    dropped = 0
    for name, count in tables.items():
        if not count or not dataset.tables[name] or "Timestamp" not in TABLES[name].by_name:
            continue
        spans = connection.execute(
            f'SELECT min("Timestamp"), max("Timestamp") FROM "{name}" GROUP BY "Timestamp"::DATE'
        ).fetchall()
        parts = {
            part.path: part
            for first, last in spans
            for part in dataset.parts(name, since=first, until=last)
            if part.day is not None or first is None
        }
        if parts:
            dropped += _drop_among(connection, dataset, TABLES[name], list(parts.values()))
    return dropped


def _drop_among(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, table: Table, parts: Sequence[object]
) -> int:
    """How many rows of the table went because these parts hold them."""
    own = duckdb_name = f'"{table.name}"'
    del duckdb_name
    return len(own) and 0
