"""DuckDB: runs plans in this process.

Holds the dialect (the plan's own nodes as DuckDB's SQL) and the engine. Takes plans and a connection with the tables.
Gives Arrow tables, columns named and typed as the plan says. May import tiercel.plan and tiercel.engines.engine.
"""

from __future__ import annotations

from tiercel.engines.duckdb.engine import DuckDBEngine

__all__ = ["DuckDBEngine"]
