"""Rows of stored tables by the values of some of their columns: how a finding gets back to its raw events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["held_rows", "matching_rows"]

_KEYS: Final = "tiercel_wanted_keys"
_MOST_LISTED: Final = 200
"""Values of a key that a scan is given as a list, by which it leaves out row groups; more are given as a range."""


def matching_rows(session: Any, table: str, keys: pa.Table, columns: Sequence[str]) -> pa.Table:
    """These columns of the table's rows whose values in the columns of `keys` are those of one of its rows.

    The keys go to every executor; the scan is told their values or bounds, so that it reads few row groups.
    """
    held_rows(session, _KEYS, keys)
    selected = ", ".join(f"t.`{name}`" for name in columns)
    same = " AND ".join(f"t.`{name}` = k.`{name}`" for name in keys.column_names)
    bounds = " AND ".join(_bound(name, keys.column(name)) for name in keys.column_names)
    sql = f"SELECT {selected} FROM (SELECT * FROM `{table}` WHERE {bounds}) t LEFT SEMI JOIN {_KEYS} k ON {same}"
    try:
        return session.sql(f"SELECT /*+ BROADCAST(k) */ * FROM ({sql})").toArrow()
    finally:
        session.catalog.dropTempView(_KEYS)


def held_rows(session: Any, name: str, rows: pa.Table) -> None:
    """The rows as a view of that name; an instant without a zone is in UTC, as in the tables."""
    instants = [field.name for field in rows.schema if pa.types.is_timestamp(field.type)]
    for column in instants:
        at = rows.schema.get_field_index(column)
        rows = rows.set_column(at, column, rows.column(at).cast(pa.timestamp("us", "UTC")))
    session.createDataFrame(rows).createOrReplaceTempView(name)


def _bound(name: str, values: pa.ChunkedArray) -> str:
    """A condition on the column that holds for every row which has one of the values."""
    distinct = pc.unique(values).drop_null()
    if len(distinct) == 0:
        return "FALSE"
    if len(distinct) <= _MOST_LISTED:
        return f"`{name}` IN ({', '.join(_literal(one) for one in distinct)})"
    extremes = pc.min_max(distinct)
    return f"`{name}` BETWEEN {_literal(extremes['min'])} AND {_literal(extremes['max'])}"


def _literal(value: pa.Scalar) -> str:
    """The value as Spark's SQL writes it: texts, which are the attacker's, as bytes in hexadecimal."""
    if pa.types.is_timestamp(value.type):
        return f"TIMESTAMP_MICROS({value.cast(pa.timestamp('us')).value}L)"
    if pa.types.is_integer(value.type):
        return f"{value.as_py()}L"
    return f"CAST(X'{str(value.as_py()).encode().hex()}' AS STRING)"
