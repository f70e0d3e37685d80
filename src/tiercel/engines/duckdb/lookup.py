"""Rows of stored tables by the values of some of their columns: how a finding gets back to its raw events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tiercel.engines.duckdb.fetching import arrow_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pyarrow as pa

__all__ = ["matching_rows"]

_KEYS = "tiercel_wanted_keys"


def matching_rows(
    connection: duckdb.DuckDBPyConnection, table: str, keys: pa.Table, columns: Sequence[str]
) -> pa.Table:
    """These columns of the table's rows whose values in the columns of `keys` are those of one of its rows."""
    selected = ", ".join(f't."{name}"' for name in columns)
    same = " AND ".join(f't."{name}" = k."{name}"' for name in keys.column_names)
    connection.register(_KEYS, keys)
    try:
        source = _near(connection, table, keys)
        return arrow_rows(connection, f"SELECT {selected} FROM {source} t SEMI JOIN {_KEYS} k ON {same}")
    finally:
        connection.unregister(_KEYS)


_MOST_DEVICES: Final = 50
_PLAIN: Final = re.compile(r"[A-Za-z0-9._:-]+")


def _near(connection: duckdb.DuckDBPyConnection, table: str, keys: pa.Table) -> str:
    """The table; of a lake's, the rows of the keys' devices in the span of their times, where those are few.

    A reader of Parquet passes over what does not hold one device, and reads all where one of many is asked for. Only a
    name that means nothing else in SQL is written into it: the values are the event's, and so the attacker's.
    """
    whole = f'"{table}"'
    if not {"DeviceId", "Timestamp"} <= set(keys.column_names):
        return whole
    if not connection.execute("SELECT 1 FROM duckdb_views() WHERE view_name = ?", [table]).fetchall():
        return whole
    asked = f'SELECT "DeviceId", min("Timestamp"), max("Timestamp") FROM {_KEYS} GROUP BY ALL'
    spans = connection.execute(asked).fetchall()
    if len(spans) > _MOST_DEVICES or not all(_PLAIN.fullmatch(device or "") for device, _, _ in spans):
        return whole
    parts = []
    for device, first, last in spans:
        if first is not None:
            low, high = (f"TIMESTAMP '{one.isoformat(sep=' ')}'" for one in (first, last))
            span = f'"Timestamp" BETWEEN {low} AND {high}'
            parts.append(f"SELECT * FROM {whole} WHERE \"DeviceId\" = '{device}' AND {span}")
    return f"({' UNION ALL '.join(parts)})" if parts else whole
