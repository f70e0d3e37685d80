"""A lake's tables in Spark: a view for each, over the parts that were live when the dataset was opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tiercel.engines.spark.routines import SPARK_TYPES
from tiercel.engines.spark.session import spark_warnings
from tiercel.tables import INGESTION_TIME, TABLES, KustoType
from tiercel.telemetry.report import ImportReport

if TYPE_CHECKING:
    from collections.abc import Sequence
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
            _view(session, table, dataset, parts, ingestion_time)
            rows[table.name] = sum(part.rows for part in parts)
    oldest, newest = dataset.span or (None, None)
    return ImportReport((), rows, oldest=oldest, newest=newest, issues=dataset.issues)


def _view(session: Any, table: Table, dataset: Dataset, parts: Sequence[Part], ingestion_time: datetime | None) -> None:
    columns = (*table.columns, *table.hidden)
    schema = ", ".join(f"`{one.name}` {SPARK_TYPES[one.type]}" for one in columns)
    if not parts:
        session.createDataFrame([], schema).createOrReplaceTempView(table.name)
        return
    kinds = {part.columns: part for part in parts}.values()
    stored = frozenset(table.by_name).intersection(*(dataset.columns(part) for part in kinds))
    reader = session.read.schema(schema)
    # The day in a part's path is no column, and what looks like a wildcard in a path is none.
    reader = reader.option("recursiveFileLookup", "true").option("__globPaths__", "false")
    frame = reader.parquet(*(_for_hadoop(file) for file in dataset.files(parts)))
    frame.selectExpr(*(_value(one, ingestion_time, stored) for one in columns)).createOrReplaceTempView(table.name)


def _value(column: Column, ingestion_time: datetime | None, stored: frozenset[str]) -> str:
    """The column's SQL; a string that some part was written without is empty there, not null."""
    if column == INGESTION_TIME and ingestion_time is not None:
        return f"TIMESTAMP '{ingestion_time.isoformat(' ')}' AS `{column.name}`"
    if column.type is KustoType.STRING and column.name not in stored:
        return f"COALESCE(`{column.name}`, '') AS `{column.name}`"
    return f"`{column.name}`"


def _for_hadoop(address: str) -> str:
    """The file's address as Hadoop's file systems write it."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return f"file://{address}"
    if scheme == "az":
        container, _, key = rest.partition("/")
        return f"abfss://{container}@{os.environ.get('AZURE_STORAGE_ACCOUNT_NAME', '')}.dfs.core.windows.net/{key}"
    return f"{'s3a' if scheme == 's3' else scheme}://{rest}"
