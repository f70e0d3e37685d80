"""DuckDB's SQL for the nodes on dynamic values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.engines.duckdb.nodes.call import call, text
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


RENDERED: Final[dict[type, Rendering]] = {
    nodes.Property: render_property,
    nodes.Element: render_element,
}
