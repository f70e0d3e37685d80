"""Spark's SQL for the aggregates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.nodes import aggregates as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_list_of(generator: Generator, node: nodes.ListOf) -> str:
    """A list of records of one value, `v`, since COLLECT_LIST passes over NULLs; `o` is the order if one is given."""
    value = node.this
    if isinstance(value, exp.Order):
        key = generator.sql(value.expressions[0].this)
        return f"COLLECT_LIST(NAMED_STRUCT('o', {key}, 'v', {generator.sql(value.this)}))"
    if isinstance(value, exp.Distinct):
        return f"COLLECT_LIST(DISTINCT NAMED_STRUCT('v', {generator.sql(value.expressions[0])}))"
    return f"COLLECT_LIST(NAMED_STRUCT('v', {generator.sql(value)}))"


def render_list_json(generator: Generator, node: nodes.ListJson) -> str:
    """Sorted and cut as a list of records, then written as JSON; the list of no row is empty."""
    aggregate = node.this.this if isinstance(node.this, exp.Filter) else node.this
    listed = generator.sql(node.this)
    if isinstance(aggregate.this, exp.Distinct | exp.Order):
        listed = f"SORT_ARRAY({listed})"
    size = node.args.get("size")
    if size is not None:
        listed = f"SLICE({listed}, 1, {generator.sql(size)})"
    element = "_e.v" if aggregate.args.get("json") else "TO_JSON(CAST(_e.v AS VARIANT))"
    written = f"CONCAT('[', ARRAY_JOIN(TRANSFORM({listed}, _e -> {element}), ',', 'null'), ']')"
    return f"NULLIF({written}, '[]')" if node.args.get("nullable") else written


def render_first_of(generator: Generator, node: nodes.FirstOf) -> str:
    """Spark's own, which keeps NULLs."""
    return f"FIRST({generator.sql(node.this)})"


def render_at_extreme(generator: Generator, node: nodes.AtExtreme) -> str:
    """Spark's own: rows without a key are passed over, values may be NULL."""
    name = "MAX_BY" if node.args["maximum"] else "MIN_BY"
    return f"{name}({generator.sql(node.this)}, {generator.sql(node.expression)})"


def render_nearest_rank(generator: Generator, node: nodes.NearestRank) -> str:
    """Spark's discrete percentile makes reals of whole numbers: the values themselves, sorted, and one by its place."""
    value = generator.sql(node.this)
    place = f"CAST(GREATEST(CEIL({generator.sql(node.expression)} * COUNT({value})), 1) AS INT) - 1"
    return f"GET(SORT_ARRAY(COLLECT_LIST({value})), {place})"


RENDERED: Final[dict[type, Rendering]] = {
    nodes.ListOf: render_list_of,
    nodes.ListJson: render_list_json,
    nodes.FirstOf: render_first_of,
    nodes.AtExtreme: render_at_extreme,
    nodes.NearestRank: render_nearest_rank,
}
