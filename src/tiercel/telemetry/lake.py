"""A lake's tables in DuckDB: a view for each, over the parts that were live when the dataset was opened."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiercel.tables import INGESTION_TIME, TABLES, Column, KustoType, Table
from tiercel.telemetry.report import ImportReport
from tiercel.telemetry.storage import STORED_TYPES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    import duckdb

    from tiercel.tables.lake import Dataset, Part

__all__ = ["LakeRows", "attach", "rows_in"]

_WILD = re.compile(r"[*?\[]")


def attach(
    dataset: Dataset,
    connection: duckdb.DuckDBPyConnection,
    *,
    ingestion_time: datetime | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    devices: Collection[str] = (),
    is_exact: bool = False,
    whole: Collection[str] = (),
    before: datetime | None = None,
) -> ImportReport:
    """What the lake holds, now in views of the tables' names; a table without rows is empty, not absent.

    The views show the dataset as it was opened, whatever is imported or compacted meanwhile. Attaching another one to
    the same connection replaces them. Raises InputError, naming the file, where a live part is missing or cut.

    Args:
        dataset: the lake as it was opened.
        connection: a DuckDB connection without tables of these names.
        ingestion_time: what `ingestion_time()` returns for every row, UTC without a zone; None: what was stored.
        since: parts that end before may be left out; it saves reading and is no filter (see `Dataset.parts`).
        until: parts that begin after it may be left out.
        devices: parts that hold none of these may be left out.
        is_exact: `since` and `until` are a filter after all, on each row's Timestamp.
        whole: tables that these bounds are not for.
        before: rows that were ingested then or later are left out.

    """
    _make_readable(dataset, connection)
    connection.execute("SET parquet_metadata_cache = true")  # a part never changes: one look at its footer is enough
    rows = {}
    for table in TABLES.values():
        bounds = (None, None) if table.name in whole else (since, until)
        parts = dataset.parts(table.name, since=bounds[0], until=bounds[1], devices=devices)
        kept = [f'"{INGESTION_TIME.name}" < {_moment(before)}'] if before is not None else []
        if is_exact and "Timestamp" in table.by_name:
            kept += [f'"Timestamp" >= {_moment(bounds[0])}'] if bounds[0] is not None else []
            kept += [f'"Timestamp" <= {_moment(bounds[1])}'] if bounds[1] is not None else []
        rows_sql = rows_in(dataset, table, parts, ingestion_time=ingestion_time, where=" AND ".join(kept))
        connection.execute(f'CREATE OR REPLACE VIEW "{table.name}" AS {rows_sql}')
        rows[table.name] = sum(part.rows for part in parts)
    oldest, newest = dataset.span or (None, None)
    return ImportReport((), rows, oldest=oldest, newest=newest, issues=dataset.issues)


@dataclass(frozen=True, slots=True)
class LakeRows:
    """A lake's rows by device and time, as `attach` with the same ingestion time shows them."""

    dataset: Dataset
    ingestion_time: datetime | None = None

    def near(
        self, table: str, places: Collection[tuple[str, datetime]]
    ) -> Iterator[tuple[str, list[tuple[str, datetime]]]]:
        """SQL for the rows of each part that may hold a row of one of these devices at its time, and which it may hold.

        Raises InputError, naming the file, where such a part is missing or cut.
        """
        ordered = sorted(places, key=lambda place: place[1])
        times = [time for _, time in ordered]
        for part in self.dataset.parts(table):
            begin = 0 if part.first is None else bisect_left(times, part.first)
            end = len(times) if part.last is None else bisect_right(times, part.last)
            held = [
                (device, time)
                for device, time in ordered[begin:end]
                if part.least is None or part.greatest is None or part.least <= device <= part.greatest
            ]
            if held:
                yield rows_in(self.dataset, TABLES[table], [part], ingestion_time=self.ingestion_time), held


def rows_in(
    dataset: Dataset,
    table: Table,
    parts: Collection[Part],
    *,
    ingestion_time: datetime | None = None,
    where: str = "",
) -> str:
    """SQL for the rows of the parts, whose stored columns meet `where`. Raises InputError for a part that is broken."""
    groups: dict[str, tuple[Part, list[str]]] = {}
    for part, file in zip(parts, dataset.files(parts), strict=True):
        groups.setdefault(part.columns, (part, []))[1].append(file)
    kept = f" WHERE {where}" if where else ""
    selections = [
        f"{_selection(table, files, dataset.columns(part), ingestion_time)}{kept}" for part, files in groups.values()
    ]
    return " UNION ALL ".join(selections) or _none(table)


def _moment(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.isoformat(' ')}'"


def _selection(table: Table, files: list[str], stored: Collection[str], ingestion_time: datetime | None) -> str:
    """The rows of parts that were written with the same columns; columns that came later are empty."""

    def value(column: Column) -> str:
        if column == INGESTION_TIME and ingestion_time is not None:
            return f'{_moment(ingestion_time)} AS "{column.name}"'
        if column.name not in stored:
            return _empty(column)
        if column.type is KustoType.DYNAMIC:
            return f'"{column.name}"::{STORED_TYPES[column.type]} AS "{column.name}"'
        return f'"{column.name}"'

    values = ", ".join(value(column) for column in (*table.columns, *table.hidden))
    paths = ", ".join(_quoted(file) for file in files)
    return f"SELECT {values} FROM read_parquet([{paths}], hive_partitioning = false)"


def _none(table: Table) -> str:
    return f"SELECT {', '.join(_empty(column) for column in (*table.columns, *table.hidden))} WHERE false"


def _empty(column: Column) -> str:
    value = "''" if column.type is KustoType.STRING else "NULL"
    return f'{value}::{STORED_TYPES[column.type]} AS "{column.name}"'


def _make_readable(dataset: Dataset, connection: duckdb.DuckDBPyConnection) -> None:
    """The connection reads the files of an object store through the same client as Tiercel itself."""
    scheme, separator, _ = str(dataset.storage).partition("://")
    if separator and not connection.filesystem_is_registered(scheme):
        from tiercel.tables.lake.remote_files import RemoteFiles  # noqa: PLC0415  only for an object store

        connection.register_filesystem(RemoteFiles(scheme))


def _quoted(file: str) -> str:
    """The path as an SQL string that DuckDB takes for that file alone, whatever wildcards its name holds."""
    return "'" + _WILD.sub(lambda wild: f"[{wild[0]}]", file).replace("'", "''") + "'"
