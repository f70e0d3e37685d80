"""A lake's tables in Spark: a view for each, over the parts that were live when the dataset was opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tiercel.engines.spark.routines import SPARK_TYPES
from tiercel.engines.spark.session import spark_warnings
from tiercel.errors import InputError
from tiercel.tables import INGESTION_TIME, TABLES, KustoType
from tiercel.tables.lake.schema import fingerprint
from tiercel.telemetry.report import ImportReport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tiercel.tables import Column, Table
    from tiercel.tables.lake import Dataset, Part

__all__ = ["attach"]


def attach(dataset: Dataset, session: Any, *, ingestion_time: datetime | None = None) -> ImportReport:
    """What the lake holds, now in views of the tables' names; a table without rows is empty, not absent.

    The parts' files must be where the executors find them under the same path. `ingestion_time` is what
    `ingestion_time()` returns for every row; None: what was stored. Raises InputError, naming the file, where a live
    part is missing or cut.
    """
    rows = {}
    with spark_warnings():
        for table in TABLES.values():
            parts = dataset.parts(table.name)
            _view(session, table, dict(zip(dataset.files(parts), parts, strict=True)), ingestion_time)
            rows[table.name] = sum(part.rows for part in parts)
    oldest, newest = dataset.span or (None, None)
    return ImportReport((), rows, oldest=oldest, newest=newest, issues=dataset.issues)


def _view(session: Any, table: Table, files: Mapping[str, Part], ingestion_time: datetime | None) -> None:
    columns = (*table.columns, *table.hidden)
    schema = ", ".join(f"`{one.name}` {SPARK_TYPES[one.type]}" for one in columns)
    if not files:
        session.createDataFrame([], schema).createOrReplaceTempView(table.name)
        return
    stored = _stored(table, files)
    reader = session.read.schema(schema)
    # The day in a part's path is no column, and what looks like a wildcard in a path is none.
    reader = reader.option("recursiveFileLookup", "true").option("__globPaths__", "false")
    frame = reader.parquet(*(f"file://{file}" for file in files))
    frame.selectExpr(*(_value(one, ingestion_time, stored) for one in columns)).createOrReplaceTempView(table.name)


def _value(column: Column, ingestion_time: datetime | None, stored: frozenset[str]) -> str:
    """The column's SQL; a string that some part was written without is empty there, not null."""
    if column == INGESTION_TIME and ingestion_time is not None:
        return f"TIMESTAMP '{ingestion_time.isoformat(' ')}' AS `{column.name}`"
    if column.type is KustoType.STRING and column.name not in stored:
        return f"COALESCE(`{column.name}`, '') AS `{column.name}`"
    return f"`{column.name}`"


def _stored(table: Table, files: Mapping[str, Part]) -> frozenset[str]:
    """The columns that every part has; one part of each kind is looked into."""
    found = frozenset(table.by_name)
    for file in {part.columns: file for file, part in files.items() if part.columns != fingerprint(table)}.values():
        try:
            found &= frozenset(pq.read_schema(file).names)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{file}: {error}", path=file) from error
    return found
