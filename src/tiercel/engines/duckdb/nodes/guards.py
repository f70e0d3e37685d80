"""DuckDB's SQL for the nodes that end a query, and that keep it from ending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.plan.nodes import guards as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_assertion(generator: Generator, node: nodes.Assertion) -> str:
    """DuckDB's `error` is evaluated only where its branch is taken."""
    return f"CASE WHEN {generator.sql(node.this)} THEN TRUE ELSE ERROR({generator.sql(node.expression)}) END"


def render_attempt(generator: Generator, node: nodes.Attempt) -> str:
    """DuckDB's own; it goes row by row only where a batch of rows fails as a whole."""
    return f"TRY({generator.sql(node.this)})"


RENDERED: Final[dict[type, Rendering]] = {nodes.Assertion: render_assertion, nodes.Attempt: render_attempt}
