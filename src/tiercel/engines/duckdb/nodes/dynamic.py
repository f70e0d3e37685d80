"""DuckDB's SQL for the nodes on dynamic values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.engines.duckdb.nodes.call import call, lambda_, text
from tiercel.plan.nodes import dynamic as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_property(generator: Generator, node: nodes.Property) -> str:
    """A JSON path with the name quoted; a name with a quote in it goes by JSON pointer, where it needs no escape."""
    name = node.expression
    if isinstance(name, exp.Literal) and '"' not in name.name and "\\" not in name.name:
        return generator.sql(call("json_extract", node.this, text(f'$."{name.name}"')))
    escaped = call("replace", call("replace", name, text("~"), text("~0")), text("/"), text("~1"))
    pointer = call("concat", text("/"), escaped)
    is_object = exp.EQ(this=call("json_type", node.this), expression=text("OBJECT"))
    return generator.sql(exp.case().when(is_object, call("json_extract", node.this, pointer)))


def render_element(generator: Generator, node: nodes.Element) -> str:
    """DuckDB takes a BIGINT index as it is, negative ones from the end."""
    return generator.sql(call("json_extract", node.this, node.expression))


def render_items(generator: Generator, node: nodes.Items) -> str:
    """By what the value is; the keys of a bag are quoted as JSON paths want them."""
    name = exp.to_identifier("name")
    value = call("json_extract", node.this, call("concat", text('$."'), name, text('"')))
    made = call("json_array" if node.args.get("pairs") else "json_object", name.copy(), value)
    properties = call("list_transform", call("json_keys", node.this), lambda_("name", made))
    kind = call("json_type", node.this)
    elements = exp.case(call("coalesce", kind, text("NULL")))
    elements = elements.when(text("ARRAY"), call("json_extract", node.this, text("$[*]")))
    elements = elements.when(text("OBJECT"), properties)
    elements = elements.when(text("NULL"), call("list_value", exp.Cast(this=exp.Null(), to=exp.DataType.build("JSON"))))
    return generator.sql(elements.else_(call("list_value", node.this)))


def render_list_item(generator: Generator, node: nodes.ListItem) -> str:
    """DuckDB counts from 1."""
    position = exp.Add(this=exp.Paren(this=node.expression), expression=exp.Literal.number(1))
    return generator.sql(call("list_extract", node.this, position))


def render_positions(generator: Generator, node: nodes.Positions) -> str:
    """A range, unnested."""
    return generator.sql(call("unnest", call("range", node.this)))


def render_without_nulls(generator: Generator, node: nodes.WithoutNulls) -> str:
    """A merge patch leaves out what it sets to null (RFC 7396)."""
    nothing = exp.Cast(this=text("{}"), to=exp.DataType.build("JSON"))
    return generator.sql(call("json_merge_patch", nothing, node.this))


RENDERED: Final[dict[type, Rendering]] = {
    nodes.Property: render_property,
    nodes.Items: render_items,
    nodes.ListItem: render_list_item,
    nodes.Positions: render_positions,
    nodes.WithoutNulls: render_without_nulls,
    nodes.Element: render_element,
}
