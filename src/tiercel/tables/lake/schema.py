"""The tables as Arrow: types, Kusto's type in each field's metadata, and rows brought into that form."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tiercel.errors import InputError
from tiercel.tables import INGESTION_TIME, TABLES, KustoType, Table
from tiercel.tables.arrow import ARROW_TYPES

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["arrow_schema", "conform", "fingerprint", "sort_columns", "table_named", "with_ingestion_time"]


@functools.cache
def arrow_schema(table: Table) -> pa.Schema:
    """The schema of every part of the table that is written now, hidden columns last."""
    fields = [
        pa.field(column.name, ARROW_TYPES[column.type], metadata={b"kusto": column.type.value.encode()})
        for column in (*table.columns, *table.hidden)
    ]
    return pa.schema(fields, metadata={b"tiercel.table": table.name.encode()})


@functools.cache
def fingerprint(table: Table) -> str:
    """Eight bytes in hex that differ wherever columns differ: parts with the same one can be read as one file."""
    columns = ",".join(f"{column.name}:{column.type}" for column in (*table.columns, *table.hidden))
    return hashlib.sha256(f"{table.name}({columns})".encode()).hexdigest()[:16]


def sort_columns(table: Table) -> tuple[str, ...]:
    """The columns by which a part's rows are sorted; a few tables know of no device."""
    return tuple(name for name in ("DeviceId", "Timestamp") if name in table.by_name)


def conform(batch: pa.RecordBatch, table: Table) -> pa.RecordBatch:
    """The rows with exactly the table's columns: absent ones empty (strings) or null, every string non-null.

    Raises InputError for a column that the table does not have, and for a value that its type cannot hold.
    """
    unknown = [name for name in batch.schema.names if name not in table.by_name]
    if unknown:
        raise InputError(f"{table.name} has no column {', '.join(unknown)}")
    schema = arrow_schema(table)
    given = {name: index for index, name in enumerate(batch.schema.names)}
    arrays = []
    for field in schema:
        column = table.by_name[field.name]
        if field.name in given:
            array = batch.column(given[field.name])
            if isinstance(array, pa.ExtensionArray):
                array = array.storage
            if array.type != field.type:
                try:
                    array = array.cast(field.type)
                except pa.ArrowException as error:
                    raise InputError(f"{table.name}.{field.name} is no {column.type}: {error}") from error
            if column.type is KustoType.STRING and array.null_count:
                array = pc.fill_null(array, "")
        elif column.type is KustoType.STRING:
            array = pa.repeat(pa.scalar("", field.type), batch.num_rows)
        else:
            array = pa.nulls(batch.num_rows, field.type)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def with_ingestion_time(
    rows: pa.RecordBatchReader, moment: datetime, *, of_event: bool = False
) -> pa.RecordBatchReader:
    """The same rows, each with the moment as its ingestion time.

    Args:
        rows: rows of one table.
        moment: UTC without a zone.
        of_event: a row that has a Timestamp takes that instead, as if each had been stored when it happened.

    """
    stamp = pa.scalar(moment, ARROW_TYPES[KustoType.DATETIME])
    field = pa.field(INGESTION_TIME.name, stamp.type)
    known = INGESTION_TIME.name in rows.schema.names
    schema = rows.schema if known else rows.schema.append(field)
    place = schema.get_field_index(INGESTION_TIME.name)
    schema = schema.set(place, field)

    def stamped(batch: pa.RecordBatch) -> pa.RecordBatch:
        times = pa.repeat(stamp, batch.num_rows)
        if of_event and "Timestamp" in batch.schema.names:
            times = pc.coalesce(batch.column("Timestamp").cast(stamp.type), times)
        arrays = batch.columns if known else [*batch.columns, times]
        arrays[place] = times
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, (stamped(batch) for batch in rows))


def table_named(name: str) -> Table:
    """The catalogue's table. Raises InputError for a name that it does not have."""
    if name not in TABLES:
        raise InputError(f"there is no table {name}")
    return TABLES[name]
