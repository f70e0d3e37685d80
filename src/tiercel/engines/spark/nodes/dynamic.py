"""Spark's SQL for the nodes on dynamic values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.engines.spark.nodes.call import bound, quoted
from tiercel.engines.spark.nodes.json import elements, kind, member, path_step, steps_of, within
from tiercel.plan.nodes import dynamic as nodes
from tiercel.plan.nodes.json import JsonObject

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_property(generator: Generator, node: nodes.Property) -> str:
    """One path through a chain of properties whose names a path can hold."""
    if path_step(node.expression) is None:
        value, name = generator.sql(node.this), generator.sql(node.expression)
        return member(value, name)
    root, path = steps_of(node)
    return within(generator.sql(root), quoted("$[*]" + path))


def render_element(generator: Generator, node: nodes.Element) -> str:
    """Spark's paths count from 0 and know no end to count from."""
    value, index = generator.sql(node.this), generator.sql(node.expression)
    position = f"CASE WHEN {index} < 0 THEN {index} + JSON_ARRAY_LENGTH({value}) ELSE {index} END"
    return within(value, f"CONCAT('$[*][', {position}, ']')")


def render_items(generator: Generator, node: nodes.Items) -> str:
    """By what the value is."""
    name, value = "TO_JSON(CAST(_k AS VARIANT))", f"COALESCE({member('_v', '_k')}, 'null')"
    made = f"'[', {name}, ',', {value}, ']'" if node.args.get("pairs") else f"'{{', {name}, ':', {value}, '}}'"
    properties = f"TRANSFORM(JSON_OBJECT_KEYS(_v), _k -> CONCAT({made}))"
    return bound(
        generator.sql(node.this),
        f"CASE COALESCE({kind('_v')}, 'n') WHEN '[' THEN {elements('_v')} WHEN '{{' THEN {properties} "
        "WHEN 'n' THEN ARRAY(CAST(NULL AS STRING)) ELSE ARRAY(_v) END",
    )


def render_list_item(generator: Generator, node: nodes.ListItem) -> str:
    """Spark's `GET` counts from 0 and gives NULL behind the end."""
    return f"GET({generator.sql(node.this)}, CAST({generator.sql(node.expression)} AS INT))"


def render_positions(generator: Generator, node: nodes.Positions) -> str:
    """A sequence, exploded; Spark's would count downwards to -1."""
    count = generator.sql(node.this)
    none = "CAST(ARRAY() AS ARRAY<BIGINT>)"
    return f"EXPLODE(CASE WHEN {count} > 0 THEN SEQUENCE(0L, CAST({count} AS BIGINT) - 1L) ELSE {none} END)"


def render_without_nulls(generator: Generator, node: nodes.WithoutNulls) -> str:
    """Of a bag in the making only the values that are not null are written."""
    if isinstance(node.this, JsonObject):
        pairs = zip(node.this.expressions[::2], node.this.expressions[1::2], strict=True)
        parts = [
            f"NAMED_STRUCT('k', {generator.sql(name)}, 'v', NULLIF({generator.sql(value)}, 'null'))"
            for name, value in pairs
        ]
        made = f"ARRAY({', '.join(parts)})"
    else:
        value = generator.sql(node.this)
        made = f"TRANSFORM(JSON_OBJECT_KEYS({value}), _k -> NAMED_STRUCT('k', _k, 'v', {member(value, '_k')}))"
    kept = f"FILTER({made}, _p -> _p.v <> 'null')"
    written = f"TRANSFORM({kept}, _p -> CONCAT(TO_JSON(CAST(_p.k AS VARIANT)), ':', _p.v))"
    return f"CONCAT('{{', ARRAY_JOIN({written}, ','), '}}')"


RENDERED: Final[dict[type, Rendering]] = {
    nodes.Property: render_property,
    nodes.Items: render_items,
    nodes.ListItem: render_list_item,
    nodes.Positions: render_positions,
    nodes.WithoutNulls: render_without_nulls,
    nodes.Element: render_element,
}
