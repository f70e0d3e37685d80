"""Defender's rows as its streaming API writes them to a storage account: one record a line, a file a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from tiercel.simulate.records.clocks import iso

if TYPE_CHECKING:
    from pathlib import Path

    from tiercel.simulate.chance import Chance

__all__ = ["write_streaming"]

_TENANT = "6a9d1d6e-0000-4000-8000-5f1c0e5a7e57"


def write_streaming(tables: dict[str, Any], chance: Chance, folder: Path, part: int = 0) -> int:
    """How many records were written: `folder`/<table>-<part>.jsonl, each record in its envelope.

    The three times of a record follow each other: the sensor's (Timestamp), the service's (_TimeReceivedBySvc), the
    export's (time), a few seconds to minutes apart.
    """
    written = 0
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        ordered = table.sort_by([("Timestamp", "ascending"), ("DeviceId", "ascending")])
        n = ordered.num_rows
        micros = ordered.column("Timestamp").combine_chunks().cast(pa.int64())
        received = pc.add(micros, chance.named(name).span(n, 2, 40))
        exported = iso(pc.add(received, chance.named(name, "export").span(n, 20, 240))).to_pylist()
        columns = {column: _plain(ordered.column(column)) for column in ordered.column_names}
        names = list(columns)
        with (folder / f"{name}-{part:03d}.jsonl").open("wb") as out:
            for time, seen, *values in zip(exported, iso(received).to_pylist(), *columns.values(), strict=True):
                record = {
                    "time": time,
                    "tenantId": _TENANT,
                    "operationName": "Publish",
                    "category": f"AdvancedHunting-{name}",
                    "_TimeReceivedBySvc": seen,
                    "Tenant": "DefaultTenant",
                    "properties": dict(zip(names, values, strict=True)),
                }
                out.write(orjson.dumps(record) + b"\n")
        written += n
    return written


def _plain(column: Any) -> list[Any]:
    """A column's values as JSON holds them; times as text, an absent time as null."""
    if pa.types.is_timestamp(column.type):
        return list(iso(column.combine_chunks().cast(pa.int64())).to_pylist())
    return list(column.to_pylist())
