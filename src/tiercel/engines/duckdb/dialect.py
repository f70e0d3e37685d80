"""DuckDB's SQL as sqlglot writes it, plus the plan's own nodes."""

from __future__ import annotations

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator

from tiercel.engines.duckdb.nodes import RENDERED

__all__ = ["TiercelDuckDB"]


class _Generator(DuckDBGenerator):
    TRANSFORMS = {**DuckDBGenerator.TRANSFORMS, **RENDERED}  # noqa: RUF012  sqlglot's way to extend a generator


class TiercelDuckDB(DuckDB):
    """sqlglot's DuckDB dialect that also knows the plan's own nodes."""

    Generator = _Generator
