"""DuckDB's SQL for the aggregates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.nodes import aggregates as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_list_of(generator: Generator, node: nodes.ListOf) -> str:
    """DuckDB's own."""
    return f"LIST({generator.sql(node.this)})"


def render_list_json(generator: Generator, node: nodes.ListJson) -> str:
    """Sorted and cut as a list, then written as JSON."""
    listed = generator.sql(node.this)
    aggregate = node.this.this if isinstance(node.this, exp.Filter) else node.this
    if isinstance(aggregate.this, exp.Distinct):
        listed = f"LIST_SORT({listed})"
    size = node.args.get("size")
    if size is not None:
        listed = f"({listed})[:{generator.sql(size)}]"
    written = f"TO_JSON({listed})"
    return written if node.args.get("nullable") else f"COALESCE({written}, CAST('[]' AS JSON))"


def render_first_of(generator: Generator, node: nodes.FirstOf) -> str:
    """DuckDB's own; ANY_VALUE would pass over NULLs."""
    return f"FIRST({generator.sql(node.this)})"


def render_at_extreme(generator: Generator, node: nodes.AtExtreme) -> str:
    """The forms that do not pass over rows whose value is NULL."""
    name = "ARG_MAX_NULL" if node.args["maximum"] else "ARG_MIN_NULL"
    return f"{name}({generator.sql(node.this)}, {generator.sql(node.expression)})"


def render_nearest_rank(generator: Generator, node: nodes.NearestRank) -> str:
    """The discrete quantile."""
    return f"QUANTILE_DISC({generator.sql(node.this)}, {generator.sql(node.expression)})"


RENDERED: Final[dict[type, Rendering]] = {
    nodes.ListOf: render_list_of,
    nodes.ListJson: render_list_json,
    nodes.FirstOf: render_first_of,
    nodes.AtExtreme: render_at_extreme,
    nodes.NearestRank: render_nearest_rank,
}
