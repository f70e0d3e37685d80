"""Column types and table shapes, in Kusto's terms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

__all__ = ["INGESTION_TIME", "SOURCE", "Column", "KustoType", "Table"]


class KustoType(StrEnum):
    """Kusto's scalar types. Strings are never null; every other type can be."""

    BOOL = "bool"
    INT = "int"
    LONG = "long"
    REAL = "real"
    DECIMAL = "decimal"
    STRING = "string"
    DATETIME = "datetime"
    TIMESPAN = "timespan"
    GUID = "guid"
    DYNAMIC = "dynamic"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name as written (names are case-sensitive in KQL) and its type."""

    name: str
    type: KustoType


@dataclass(frozen=True)
class Table:
    """A table's name and its columns in schema order.

    `hidden` columns are stored with every row and can be named in a query, but are not part of `*`, of `union`, or of
    a query's result unless it asks for them by name.
    """

    name: str
    columns: tuple[Column, ...]
    hidden: tuple[Column, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Every column, hidden ones included, by name."""
        return {column.name: column for column in (*self.columns, *self.hidden)}


INGESTION_TIME = Column("_IngestionTime", KustoType.DATETIME)
"""When the row was stored: what `ingestion_time()` returns for it."""

SOURCE = Column("_Source", KustoType.STRING)
"""Where the raw event stands: `<file>[!<member>]#<record>`, record being the EventRecordID or the line number."""
