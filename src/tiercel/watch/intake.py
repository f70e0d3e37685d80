"""What sources have becomes rows of the lake: one commit holds the rows and how far their sources were read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import duckdb

from tiercel.errors import EngineError, InputError, Issue, Severity
from tiercel.tables import TABLES, KustoType
from tiercel.tables.lake import Commit, Dataset, Operation, Transaction, with_ingestion_time
from tiercel.telemetry import importer
from tiercel.telemetry.lake import rows_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from tiercel.tables import Table
    from tiercel.tables.lake import Part
    from tiercel.tables.places import Place
    from tiercel.watch.sources.source import Source, Taken

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
    tables: Mapping[str, int] = field(default_factory=dict)


def take_in(lake: Place, sources: Sequence[Source], now: datetime, known: Dataset | None = None) -> Arrived:
    """What came in from the sources, committed to the lake with `now` as its time of ingestion.

    Where another watcher has read a source further meanwhile, nothing was added and more is said to be waiting. Raises
    InputError where the lake cannot be written, EngineError where DuckDB gives up; then, too, nothing was added. The
    lake is read on from `known`, where that is given.
    """
    with Transaction.begin(lake) as transaction:
        dataset = Dataset.open(lake) if known is None else known.newer()
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
        arrived.tables,
    )


def newest_ingestion(dataset: Dataset) -> datetime | None:
    """The newest time of ingestion among the last commits; None where they imported nothing."""
    commits = dataset.commits(since=max(dataset.version - _SEARCHED, dataset.oldest_commit - 1, 0))
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
    records = known = 0
    tables: dict[str, int] = {}
    issues: tuple[Issue, ...] = ()
    if files:
        try:
            with _database(transaction.folder) as connection:
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
                        tables[name] = transaction.write(name, with_ingestion_time(selected, now))
                records = report.read
                issues = tuple(issue for issue in report.issues if issue.code != "import-no-events")
        except duckdb.Error as error:
            raise EngineError(f"DuckDB failed while events were mapped: {error}") from error
    outcome = transaction.commit(operation=Operation.IMPORT, reached=reached, ingestion_time=now)
    if not isinstance(outcome, Commit):
        return Arrived(is_behind=True)
    told = (*issues, *transaction.issues)
    return Arrived(records, sum(tables.values()), known, issues=told, commit=outcome, tables=tables)


def _database(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory that goes to disk, into the folder, beyond what it may hold."""
    return duckdb.connect(config={"temp_directory": str(folder / "spill"), "memory_limit": f"{_MEMORY}B"})


def _drop_known(connection: duckdb.DuckDBPyConnection, dataset: Dataset, tables: Mapping[str, int]) -> int:
    """How many rows went because the lake has them: the same in every column but whence and when they came in."""
    dropped = 0
    for name, count in tables.items():
        table = TABLES[name]
        if not count or not dataset.tables[name] or "Timestamp" not in table.by_name:
            continue
        days = connection.execute(
            f'SELECT min("Timestamp"), max("Timestamp") FROM "{name}" WHERE "Timestamp" IS NOT NULL'
            ' GROUP BY "Timestamp"::DATE'
        ).fetchall()
        for first, last in days:
            parts = [part for part in dataset.parts(name, since=first, until=last) if _is_there(dataset, part)]
            if parts:
                rows = rows_in(dataset, table, parts, where=_between(first, last))
                dropped += _drop_among(connection, table, rows, _between(first, last))
    return dropped


def _is_there(dataset: Dataset, part: Part) -> bool:
    """Whether the part can be read. One that is gone must not keep out what comes in; rules name it."""
    try:
        dataset.files([part])
    except InputError:
        return False
    return True


def _drop_among(connection: duckdb.DuckDBPyConnection, table: Table, stored: str, these: str) -> int:
    """How many of the table's rows of a stretch of time went because they stand among the stored ones."""
    keys = [name for name in ("DeviceId", "Timestamp", "ReportId") if name in table.by_name]
    named = ", ".join(f'"{name}"' for name in keys)
    same = " AND ".join(f't."{name}" = k."{name}"' for name in keys)
    wanted = f'(SELECT DISTINCT {named} FROM "{table.name}" WHERE {these}) k'
    # Few columns first: only where a key is met again are whole rows compared.
    met = connection.execute(f"SELECT count(*) FROM (SELECT {named} FROM ({stored})) t SEMI JOIN {wanted} ON {same}")
    if met.fetchall() == [(0,)]:
        return 0
    row = _fingerprint(table)
    gone = connection.execute(
        f"""DELETE FROM "{table.name}" WHERE {these} AND {row} IN (
            SELECT {row} FROM ({stored}) t SEMI JOIN {wanted} ON {same}) RETURNING 1"""
    )
    return len(gone.fetchall())


def _between(first: datetime, last: datetime) -> str:
    return f"\"Timestamp\" BETWEEN TIMESTAMP '{first.isoformat(' ')}' AND TIMESTAMP '{last.isoformat(' ')}'"


def _fingerprint(table: Table) -> str:
    """SQL for what a row says: two rows that say the same were made of one event."""
    values = [
        f"coalesce(\"{column.name}\"::VARCHAR, '')" if column.type is KustoType.STRING else f'"{column.name}"::VARCHAR'
        for column in table.columns
    ]
    return f"md5(concat_ws(chr(31), {', '.join(f'coalesce({value}, chr(30))' for value in values)}))"
