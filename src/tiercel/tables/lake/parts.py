"""Rows of one table as Parquet parts: split by day, sorted by device and time, sized, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tiercel.tables import SOURCE
from tiercel.tables.lake.records import Part, day_folder, moment_from_json
from tiercel.tables.lake.schema import arrow_schema, conform, fingerprint, sort_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tiercel.tables import Table

__all__ = ["BUFFER_BYTES", "GREATEST_PART", "LEAST_PART", "PartWriter", "row_key"]

LEAST_PART: Final = 64 << 20
GREATEST_PART: Final = 256 << 20
_FULL_PART: Final = 160 << 20
"""A part is closed beyond this size; with its last row group it stays well below the greatest size."""

ROW_GROUP: Final = 122_880
"""Rows of a row group, which readers skip by its bounds of device and time; a multiple of DuckDB's vectors of 2,048."""

_DISTINCT: Final = frozenset({"Timestamp", "ReportId", SOURCE.name})
"""Columns of which each row has a value of its own: a dictionary of them would be read whole beside its indices."""

BUFFER_BYTES: Final = 192 << 20
"""Arrow bytes that are collected and sorted at a time."""

_DAY: Final = 86_400_000_000
_FIRST_DAY: Final = (date(1990, 1, 1) - date(1970, 1, 1)).days
_LAST_DAY: Final = (date(2100, 1, 1) - date(1970, 1, 1)).days - 1
"""Beyond these days there are no Windows event logs; such rows go together: forged times make no million files."""
_NO_DAY: Final = -1


@dataclass(slots=True)
class _Open:
    """The part that is being written, and the bounds of what it holds so far."""

    day: int
    staged: Path
    sink: Any
    writer: Any
    last_key: tuple[Any, ...]
    rows: int = 0
    first: int | None = None
    last: int | None = None
    least: str | None = None
    greatest: str | None = None


@dataclass(slots=True)
class PartWriter:
    """Writes one table's rows as staged parts; `finished` pairs each staged file with the part it is to become.

    Rows may come in any order. Those that come sorted by day, device and time, however many, make full parts one
    after the other; others make a part for each day of each buffer, for a compaction to merge.
    """

    table: Table
    stage: Path
    prefix: str
    finished: list[tuple[Path, Part]] = field(default_factory=list)
    _open: _Open | None = None

    def write(self, batches: Iterable[pa.RecordBatch]) -> int:
        """How many rows were written. Raises InputError for rows that are not the table's."""
        rows = 0
        buffer: list[pa.RecordBatch] = []
        size = 0
        for batch in batches:
            if batch.num_rows:
                buffer.append(conform(batch, self.table))
                size += buffer[-1].nbytes
                rows += batch.num_rows
            if size >= BUFFER_BYTES:
                self._flush(buffer)
                buffer, size = [], 0
        if buffer:
            self._flush(buffer)
        self._close()
        return rows

    def abandon(self) -> None:
        """Lets go of the part that is being written, which stays staged and unfinished."""
        if self._open is not None:
            self._open.sink.close()
            self._open = None

    def _flush(self, buffer: list[pa.RecordBatch]) -> None:
        rows = pa.Table.from_batches(buffer)
        for day, piece in _days(_sorted(rows.append_column("", _day_of(rows)), ("", *sort_columns(self.table)))):
            for offset in range(0, piece.num_rows, ROW_GROUP):
                self._append(day, piece.slice(offset, ROW_GROUP))

    def _append(self, day: int, rows: pa.Table) -> None:
        first, last = row_key(rows, 0, self.table), row_key(rows, rows.num_rows - 1, self.table)
        part = self._open
        if part is not None and (part.day != day or part.last_key > first or part.sink.tell() >= _FULL_PART):
            self._close()
            part = None
        if part is None:
            part = self._open = self._begin(day)
        part.writer.write_table(rows, row_group_size=ROW_GROUP)
        part.last_key = last
        part.rows += rows.num_rows
        if "Timestamp" in self.table.by_name:
            bounds = pc.min_max(rows.column("Timestamp").cast(pa.int64())).as_py()
            part.first = _least(part.first, bounds["min"])
            part.last = _greatest(part.last, bounds["max"])
        if "DeviceId" in self.table.by_name:
            part.least = _least(part.least, first[0])
            part.greatest = _greatest(part.greatest, last[0])

    def _begin(self, day: int) -> _Open:
        staged = self.stage / f"{self.table.name}-{len(self.finished):06d}.parquet"
        sink = pa.OSFile(str(staged), "wb")
        schema = arrow_schema(self.table)
        order = [pq.SortingColumn(schema.get_field_index(name)) for name in sort_columns(self.table)]
        writer = pq.ParquetWriter(
            sink,
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[name for name in schema.names if name not in _DISTINCT],
            column_encoding={
                field.name: "DELTA_BINARY_PACKED"
                for field in schema
                if field.name in _DISTINCT and not pa.types.is_string(field.type)
            },
            sorting_columns=order,
            write_page_checksum=True,
            write_page_index=True,
        )
        return _Open(day, staged, sink, writer, ())

    def _close(self) -> None:
        part, self._open = self._open, None
        if part is None:
            return
        part.writer.close()
        part.sink.close()
        size = part.staged.stat().st_size
        day = None if part.day == _NO_DAY else date.fromordinal(part.day + date(1970, 1, 1).toordinal())
        name = f"{day_folder(self.table.name, day)}/part-{self.prefix}-{len(self.finished):06d}.parquet"
        whole = Part(
            name,
            part.rows,
            size,
            _credible(part.first),
            _credible(part.last),
            part.least,
            part.greatest,
            fingerprint(self.table),
        )
        self.finished.append((part.staged, whole))


def _day_of(rows: pa.Table) -> pa.Array:
    """Each row's day, as days since 1970; `_NO_DAY` for rows without a credible one."""
    if "Timestamp" not in rows.schema.names:
        return pa.repeat(pa.scalar(_NO_DAY, pa.int64()), rows.num_rows)
    days = pc.divide(rows.column("Timestamp").cast(pa.int64()), _DAY)
    credible = pc.and_(pc.greater_equal(days, _FIRST_DAY), pc.less_equal(days, _LAST_DAY))
    return pc.if_else(pc.fill_null(credible, fill_value=False), days, _NO_DAY)


def _sorted(rows: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    """The rows in the order of the columns; the same rows where they stand in it."""
    if _in_order([rows.column(name).combine_chunks() for name in columns]):
        return rows
    order = pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in columns])
    return rows.take(order)


def _in_order(columns: list[pa.Array]) -> bool:
    """Whether each row's values are not less than those of the row before; nulls are the greatest."""
    later = pa.repeat(pa.scalar(value=False), max(len(columns[0]) - 1, 0))
    for column in reversed(columns):
        before, after = column.slice(0, len(column) - 1), column.slice(1)
        nulls = column.null_count > 0
        less, greater = pc.less(before, after), pc.greater(before, after)
        if nulls:
            less = pc.coalesce(less, pc.and_(before.is_valid(), after.is_null()))
            greater = pc.coalesce(greater, pc.and_(before.is_null(), after.is_valid()))
        later = pc.or_(greater, pc.and_(pc.invert(less), later))
    return not pc.any(later).as_py()


def _days(rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each day, the day's column taken off. The rows are sorted by it, and it is the last column."""
    runs = pc.run_end_encode(rows.column("").combine_chunks())
    rows = rows.remove_column(rows.num_columns - 1)
    offset = 0
    for day, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield day, rows.slice(offset, end - offset)
        offset = end


def row_key(rows: pa.Table | pa.RecordBatch, index: int, table: Table) -> tuple[Any, ...]:
    """The row's values of the sort columns, as Python compares them as Arrow does."""
    key: list[Any] = []
    for name in sort_columns(table):
        value = rows.column(name)[index]
        if name == "DeviceId":
            key.append(value.as_py())
        else:
            key += [not value.is_valid, value.value if value.is_valid else 0]
    return tuple(key)


def _least(one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else min(one, other)


def _greatest(one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else max(one, other)


def _credible(micros: int | None) -> datetime | None:
    """The moment, or None where it is beyond what Python's datetime can tell."""
    try:
        return moment_from_json(micros)
    except OverflowError:
        return None
