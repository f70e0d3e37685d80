"""DuckDB: runs plans in this process.

Holds the dialect (the plan's own nodes as DuckDB's SQL), the engine, and where it puts what does not fit into memory.
Takes plans and a connection with the tables. Gives Arrow tables, columns named and typed as the plan says.
May import tiercel.plan and tiercel.engines.engine.
"""

from __future__ import annotations

from tiercel.engines.duckdb.engine import DuckDBEngine
from tiercel.engines.duckdb.spill import Spill, trouble

__all__ = ["DuckDBEngine", "Spill", "trouble"]
