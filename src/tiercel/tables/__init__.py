"""The tables that rules are written against.

Holds column types, table shapes, the catalogue of Defender's tables that are filled here, and the shapes of others
that are only published. Takes nothing. Gives `Table`, `Column`, `KustoType`, `TABLES` and `PUBLISHED`. May import
tiercel.errors only.
"""

from __future__ import annotations

from tiercel.tables.catalogue import TABLES
from tiercel.tables.published import LOG_ANALYTICS_COLUMNS, PUBLISHED, asim_table, watchlist_table
from tiercel.tables.schema import INGESTION_TIME, SOURCE, Column, KustoType, Table

__all__ = [
    "INGESTION_TIME",
    "LOG_ANALYTICS_COLUMNS",
    "PUBLISHED",
    "SOURCE",
    "TABLES",
    "Column",
    "KustoType",
    "Table",
    "asim_table",
    "watchlist_table",
]
