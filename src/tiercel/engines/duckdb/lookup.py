"""Rows of stored tables by the values of some of their columns: how a finding gets back to its raw events."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        return connection.sql(f'SELECT {selected} FROM "{table}" t SEMI JOIN {_KEYS} k ON {same}').to_arrow_table()
    finally:
        connection.unregister(_KEYS)
