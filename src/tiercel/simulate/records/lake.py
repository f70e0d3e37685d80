"""Defender's rows in a lake, to be hunted where it stands: for fleets whose import would take longer than the hunt.

Unlike the other formats a lake is not the same to the byte: its parts carry the name and time of their writing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tiercel.tables import INGESTION_TIME, SOURCE

if TYPE_CHECKING:
    from tiercel.tables.lake import Transaction

__all__ = ["write_lake"]


def write_lake(tables: dict[str, Any], transaction: Transaction, part: int = 0) -> int:
    """How many rows were staged in the transaction; a row's source is the part of the fleet and its number there."""
    written = 0
    for name, table in tables.items():
        numbers = pa.array(range(1, table.num_rows + 1), pa.int64()).cast(pa.string())
        rows = table.append_column(INGESTION_TIME.name, table.column("Timestamp"))
        rows = rows.append_column(SOURCE.name, pc.binary_join_element_wise(f"{name}-{part:05d}#", numbers, ""))
        written += transaction.write(name, rows.to_batches(max_chunksize=65_536))
    return written
