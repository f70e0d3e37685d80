"""Rows of a statement as Arrow, planned once."""

from __future__ import annotations

import warnings
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

__all__ = ["arrow_rows"]

_FILTERING: Final = Lock()
"""Which warnings are shown is one setting of the process."""


def arrow_rows(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The rows of a statement whose result is small beside what it costs to plan, as those of rules and lookups are.

    `connection.sql()` plans a statement twice, once to say its columns and once to run it, and planning is most of what
    a rule costs over a small case. Run at once it is planned once, and its rows are copied once more, of which DuckDB
    warns.
    """
    found = connection.execute(sql)
    with _FILTERING, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)
        return found.to_arrow_table()
