"""Rows of stored tables by the values of some of their columns: how a finding gets back to its raw events."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

from tiercel.engines.duckdb.fetching import arrow_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import duckdb
    import pyarrow as pa

    from tiercel.telemetry.lake import LakeRows

__all__ = ["matching_rows"]

_KEYS = "tiercel_wanted_keys"

_AT_ONCE: Final = 64
"""Parts that one statement reads."""
_MOST_PLACES: Final = 200
"""Devices, and times, up to which a part is asked for them by value; beyond, for the span that they lie in."""
_MOST_DEVICES: Final = 50
"""Devices up to which a view is asked for each; more are looked for in all of it."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9._:-]+")


def matching_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    keys: pa.Table,
    columns: Sequence[str],
    lake: LakeRows | None = None,
) -> pa.Table:
    """These columns of the table's rows whose values in the columns of `keys` are those of one of its rows.

    `lake` is where the table's rows stand, if it is a lake's.
    """
    selected = ", ".join(f't."{name}"' for name in columns)
    same = " AND ".join(f't."{name}" = k."{name}"' for name in keys.column_names)
    connection.register(_KEYS, keys)
    try:
        found = [
            arrow_rows(connection, f"SELECT {selected} FROM {source} t SEMI JOIN {_KEYS} k ON {same}")
            for source in _sources(connection, table, keys, lake)
        ]
        if not found:
            return arrow_rows(connection, f'SELECT {selected} FROM "{table}" t WHERE false')
        if len(found) == 1:
            return found[0]
        import pyarrow as pa  # noqa: PLC0415  only for lakes of many parts

        return pa.concat_tables(found)
    finally:
        connection.unregister(_KEYS)


def _sources(connection: duckdb.DuckDBPyConnection, table: str, keys: pa.Table, lake: LakeRows | None) -> Iterator[str]:
    """What holds the rows that are looked for: the table; of a lake's, its parts' rows at these devices and times.

    A reader of Parquet passes over what does not hold one of few values of a part's own, and reads all where devices
    and times of the whole lake are asked for. Only a name that means nothing else in SQL is written into it: the values
    are the event's, and so the attacker's.
    """
    asked = {"DeviceId", "Timestamp"} <= set(keys.column_names)
    places = _places(keys) if asked and lake is not None and lake.dataset.tables.get(table) else None
    if lake is None or places is None:
        yield _near(connection, table, keys)
        return
    parts = (f"SELECT * FROM ({rows}) WHERE {_at(held)}" for rows, held in lake.near(table, places))
    for batch in _batches(parts):
        yield f"({' UNION ALL '.join(batch)})"


def _batches(parts: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(itertools.islice(parts, _AT_ONCE)):
        yield batch


def _places(keys: pa.Table) -> set[tuple[str, datetime]] | None:
    """The devices and times that are asked for; None where a device's name cannot be written into SQL."""
    columns = (keys.column(name).to_pylist() for name in ("DeviceId", "Timestamp"))
    places = {(device, time) for device, time in zip(*columns, strict=True) if device is not None and time is not None}
    return places if all(_PLAIN.fullmatch(device) for device, _ in places) else None


def _at(held: Sequence[tuple[str, datetime]]) -> str:
    """The condition that a row is of one of the devices and at one of the times: both, however they go together."""
    devices = sorted({f"'{device}'" for device, _ in held})
    times = sorted({f"TIMESTAMP '{time.isoformat(sep=' ')}'" for _, time in held})
    return f"{_among('DeviceId', devices)} AND {_among('Timestamp', times)}"


def _among(column: str, values: Sequence[str]) -> str:
    if len(values) > _MOST_PLACES:
        return f'"{column}" BETWEEN {values[0]} AND {values[-1]}'
    return f'"{column}" IN ({", ".join(values)})'


def _near(connection: duckdb.DuckDBPyConnection, table: str, keys: pa.Table) -> str:
    """The table; of a view, the rows of the keys' devices in the span of their times, where those are few.

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
