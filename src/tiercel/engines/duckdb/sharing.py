"""One pass over a large table for all statements that read few of its rows.

Of each such table the rows that meet what all of the statements demand, with the columns that any of them needs, are
written into a file of their own; while the statements run, the table's name stands for that file. Each statement
still filters for itself, so that it sees the same rows as before; it finds them among few. What only some demand is
not checked in the pass: there would be more to check for each row than is saved.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tiercel.engines.clock import with_clock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import duckdb

    from tiercel.engines.engine import Statement, TableRead

__all__ = ["FEWEST", "MOST_COLUMNS", "NOT_SHARED", "SHARED", "shared_tables"]

SHARED: Final = "tiercel_shared"
"""The schema in which the files stand under their tables' names."""
NOT_SHARED: Final = "nobody said that this column is needed:"
"""What a shared table fails with where a column that it does not hold is looked at after all: a null would be a lie."""
FEWEST: Final = 4
"""Fewer statements read what they need of a table themselves with less work than writing it for all of them is."""
MOST_COLUMNS: Final = 24
"""A statement that wants more columns reads the table itself: nobody else needs them, and writing them costs most."""
_SMALL: Final = 0.35
"""The share of a table's rows up to which writing them once is less work than filtering them several times."""


@contextmanager
def shared_tables(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    statements: Collection[Statement],
    now: datetime,
    large: Collection[str],
) -> Iterator[frozenset[str]]:
    """While it is open, the SQL of those statements that must run with the schema `SHARED` first on the search path.

    Args:
        connection: holds the tables.
        folder: where the files go; they are gone in the end.
        statements: what will run.
        now: the clock of the run.
        large: the tables of which it is worth the effort.

    """
    connection.execute(f"CREATE SCHEMA {SHARED}")
    files = []
    held = set()
    try:
        for table in large:
            readers = [one for one in statements if _may_share(one, table)]
            if len(readers) < FEWEST:
                continue
            wanted = [each for one in readers for each in one.reads if each.table == table]
            file = folder / f"{table}.parquet"
            if _write(connection, table, wanted, now, file):
                files.append(file)
                held.add(table)
        # A statement that needs all rows of a shared table runs on the tables themselves.
        yield frozenset(
            one.sql
            for one in statements
            if held & set(one.tables) and all(_may_share(one, table) for table in held & set(one.tables))
        )
    finally:
        connection.execute(f"DROP SCHEMA {SHARED} CASCADE")
        for file in files:
            file.unlink(missing_ok=True)


def _may_share(statement: Statement, table: str) -> bool:
    """Whether the statement reads the table, and nowhere without a condition or in all its breadth."""
    its = [each for each in statement.reads if each.table == table]
    return bool(its) and all(each.conditions and len(each.columns) <= MOST_COLUMNS for each in its)


def _write(
    connection: duckdb.DuckDBPyConnection, table: str, wanted: Sequence[TableRead], now: datetime, file: Path
) -> bool:
    """Whether the rows that meet what all demand are few, and now stand in the file, under the table's name."""
    common = [one for one in wanted[0].conditions if all(one in each.conditions for each in wanted)]
    if not common:
        return False
    condition = with_clock(" AND ".join(f"({one})" for one in common), now)
    few = f'SELECT count(*) FILTER ({condition}) <= {_SMALL} * count(*) FROM "{table}"'
    if not connection.execute(few).fetchall()[0][0]:
        return False
    names = sorted({name for each in wanted for name in each.columns})
    columns = ", ".join(f'"{name}"' for name in names) or "1 AS _"
    selected = f'SELECT {columns} FROM "{table}" WHERE {condition}'
    path = str(file).replace("'", "''")
    connection.execute(f"COPY ({selected}) TO '{path}' (FORMAT parquet, COMPRESSION lz4_raw)")
    values = [
        f'"{name}"::{kind} AS "{name}"' if name in names else f"error('{NOT_SHARED} {name}')::{kind} AS \"{name}\""
        for name, kind, *_ in connection.execute(f'DESCRIBE "{table}"').fetchall()
    ]
    connection.execute(f"CREATE VIEW {SHARED}.\"{table}\" AS SELECT {', '.join(values)} FROM read_parquet('{path}')")
    return True
