"""Rows of stored tables by the values of some of their columns: how a finding gets back to its raw events."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pyarrow.compute as pc

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
    near = [part for name in keys.column_names if (part := _among(name, keys.column(name)))]
    where = f" WHERE {' AND '.join(near)}" if near else ""
    connection.register(_KEYS, keys)
    try:
        return connection.sql(
            f'SELECT {selected} FROM "{table}" t SEMI JOIN {_KEYS} k ON {same}{where}'
        ).to_arrow_table()
    finally:
        connection.unregister(_KEYS)


_MOST_VALUES: Final = 500
_PLAIN: Final = re.compile(r"[A-Za-z0-9._:-]*")


def _among(name: str, values: pa.ChunkedArray) -> str:
    """The condition that the column has one of the values, by which a reader passes over parts of a lake; maybe none.

    Only text that means nothing else in SQL is written into it: the values are the event's, and so the attacker's.
    """
    distinct = pc.drop_null(pc.unique(values))
    if len(distinct) > _MOST_VALUES:
        return ""
    every = distinct.to_pylist()
    if every and all(isinstance(one, datetime) for one in every):
        listed = ", ".join(f"TIMESTAMP '{one.replace(tzinfo=None).isoformat(sep=' ')}'" for one in every)
    elif every and all(isinstance(one, str) and _PLAIN.fullmatch(one) for one in every):
        listed = ", ".join(f"'{one}'" for one in every)
    else:
        return ""
    return f't."{name}" IN ({listed})'
