"""The tables that rules are written against.

Holds column types, table shapes and the catalogue of Defender's advanced hunting tables. Takes nothing.
Gives `Table`, `Column`, `KustoType` and `TABLES`. May import tiercel.errors only.
"""

from __future__ import annotations

from tiercel.tables.catalogue import TABLES
from tiercel.tables.schema import INGESTION_TIME, SOURCE, Column, KustoType, Table

__all__ = ["INGESTION_TIME", "SOURCE", "TABLES", "Column", "KustoType", "Table"]
