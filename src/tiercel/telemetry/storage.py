"""The tables as DuckDB holds them: one statement that creates a table, one that fills it from a named selection."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tiercel.tables import TABLES, Column, KustoType, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb

__all__ = ["STORED_TYPES", "create_tables", "insertion", "keep_quiet", "planned_quickly"]

STORED_TYPES: Final[dict[KustoType, str]] = {
    KustoType.BOOL: "BOOLEAN",
    KustoType.INT: "INTEGER",
    KustoType.LONG: "BIGINT",
    KustoType.REAL: "DOUBLE",
    KustoType.DECIMAL: "DECIMAL(38, 17)",
    KustoType.STRING: "VARCHAR",
    KustoType.DATETIME: "TIMESTAMP",
    KustoType.TIMESPAN: "BIGINT",
    KustoType.GUID: "VARCHAR",
    KustoType.DYNAMIC: "JSON",
}
"""DuckDB's type for each Kusto type: the forms of the plan (docs/how-it-works.md, values)."""


def _columns(table: Table) -> tuple[Column, ...]:
    """The table's columns, hidden ones last."""
    return (*table.columns, *table.hidden)


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Every table of the catalogue, empty, in the connection."""
    for table in TABLES.values():
        columns = ", ".join(f'"{column.name}" {STORED_TYPES[column.type]}' for column in _columns(table))
        connection.execute(f'CREATE TABLE "{table.name}" ({columns})')


def insertion(table: Table, values: Mapping[str, str], source: str) -> str:
    """The statement that appends to `table` what `source` (from FROM on) selects; `values` gives SQL by column name.

    Columns that `values` does not name are empty: "" for strings, which Kusto never holds as null, null for the rest.
    Raises KeyError for a column that the table does not have.
    """
    unknown = set(values) - {column.name for column in _columns(table)}
    if unknown:
        raise KeyError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    names = ", ".join(f'"{name}"' for name in values)
    absent = [column for column in _columns(table) if column.type is KustoType.STRING and column.name not in values]
    selected = [
        f"coalesce(({sql})::VARCHAR, '')" if table.by_name[name].type is KustoType.STRING else f"{sql}"
        for name, sql in values.items()
    ]
    names += "".join(f', "{column.name}"' for column in absent)
    values_sql = ", ".join([*selected, *["''"] * len(absent)])
    return f'INSERT INTO "{table.name}" ({names}) SELECT {values_sql} {source}'


def keep_quiet(connection: duckdb.DuckDBPyConnection) -> None:
    """Lets the connection draw no progress bar: standard output is for data.

    Asked first, since in a notebook without ipywidgets there is none, and DuckDB refuses to say so again.
    """
    if connection.execute("SELECT current_setting('enable_progress_bar')").fetchall()[0][0]:
        connection.execute("SET enable_progress_bar = false")


_SLOW_TO_PLAN: Final = (
    "common_subexpressions",
    "common_subplan",
    "statistics_propagation",
    "aggregate_reuse",
    "in_clause",
    "duplicate_groups",
)
"""DuckDB's rewrites that take a third of the planning of our statements, and pay where many rows are read."""


@contextmanager
def planned_quickly(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """While it is open, statements are planned without the rewrites that pay only over many rows."""
    connection.execute(f"SET disabled_optimizers = '{','.join(_SLOW_TO_PLAN)}'")
    try:
        yield
    finally:
        connection.execute("RESET disabled_optimizers")
