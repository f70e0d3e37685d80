"""Defender's rows as Parquet in the layout of the lake: <table>/day=YYYY-MM-DD/part-<number>.parquet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tiercel.tables import INGESTION_TIME, SOURCE

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_parquet"]

_DAY = 86_400_000_000


def write_parquet(tables: dict[str, Any], folder: Path, part: int = 0) -> int:
    """How many rows were written. A row's source is the part it stands in and its number there."""
    written = 0
    for name, table in tables.items():
        micros = table.column("Timestamp").combine_chunks().cast(pa.int64())
        days = pc.divide(micros, _DAY)
        for day in sorted(pc.unique(days).to_pylist()):
            rows = table.filter(pc.equal(days, day))
            date = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%d")
            place = folder / name / f"day={date}"
            place.mkdir(parents=True, exist_ok=True)
            file = f"{name}/day={date}/part-{part:05d}.parquet"
            numbers = pa.array(range(1, rows.num_rows + 1), pa.int64()).cast(pa.string())
            rows = rows.append_column(INGESTION_TIME.name, rows.column("Timestamp"))
            rows = rows.append_column(SOURCE.name, pc.binary_join_element_wise(f"{file}#", numbers, ""))
            pq.write_table(rows, folder / file, compression="zstd")
            written += rows.num_rows
    return written
