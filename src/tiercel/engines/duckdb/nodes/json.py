"""DuckDB's SQL for the nodes that make and measure dynamic values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.nodes import json as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_to_json(generator: Generator, node: nodes.ToJson) -> str:
    """DuckDB's own encoding."""
    return f"TO_JSON({generator.sql(node.this)})"


def render_parse_json(generator: Generator, node: nodes.ParseJson) -> str:
    """The cast checks the text; what fails it is quoted."""
    text = generator.sql(node.this)
    return f"COALESCE(TRY_CAST({text} AS JSON), TO_JSON(NULLIF({text}, '')))"


def render_json_array(generator: Generator, node: nodes.JsonArray) -> str:
    """DuckDB's own constructor keeps JSON arguments as they are."""
    return f"JSON_ARRAY({', '.join(generator.sql(one) for one in node.expressions)})"


def render_json_object(generator: Generator, node: nodes.JsonObject) -> str:
    """DuckDB's own constructor keeps JSON arguments as they are."""
    return f"JSON_OBJECT({', '.join(generator.sql(one) for one in node.expressions)})"


def render_dynamic_is_null(generator: Generator, node: nodes.DynamicIsNull) -> str:
    """The text of a JSON null, as extraction and casts give it, is `null`."""
    return f"(COALESCE(CAST({generator.sql(node.this)} AS TEXT), 'null') = 'null')"


def render_dynamic_length(generator: Generator, node: nodes.DynamicLength) -> str:
    """DuckDB counts 0 for what is no array."""
    value = generator.sql(node.this)
    return f"CASE JSON_TYPE({value}) WHEN 'ARRAY' THEN CAST(JSON_ARRAY_LENGTH({value}) AS BIGINT) END"


def render_dynamic_type(generator: Generator, node: nodes.DynamicType) -> str:
    """DuckDB's JSON types by Kusto's names."""
    return (
        f"CASE JSON_TYPE({generator.sql(node.this)}) WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'dictionary' "
        "WHEN 'VARCHAR' THEN 'string' WHEN 'BIGINT' THEN 'long' WHEN 'UBIGINT' THEN 'long' WHEN 'DOUBLE' THEN 'double' "
        "WHEN 'BOOLEAN' THEN 'bool' ELSE 'null' END"
    )


def render_split_text(generator: Generator, node: nodes.SplitText) -> str:
    """DuckDB's own split, which cuts at an empty delimiter between all characters."""
    text, delimiter = generator.sql(node.this), generator.sql(node.expression)
    cut = f"TO_JSON(STR_SPLIT({text}, {delimiter}))"
    if isinstance(node.expression, exp.Literal):
        return cut
    return f"CASE WHEN {delimiter} = '' THEN JSON_ARRAY({text}) ELSE {cut} END"


def _elements(value: str) -> str:
    return f"TRY_CAST({value} AS JSON[])"


def render_array_has(generator: Generator, node: nodes.ArrayHas) -> str:
    """Elements are compared as the JSON text that DuckDB gives them."""
    return f"LIST_CONTAINS({_elements(generator.sql(node.this))}, {generator.sql(node.expression)})"


def render_array_position(generator: Generator, node: nodes.ArrayPosition) -> str:
    """DuckDB counts from 1 and gives NULL for what is absent."""
    elements = _elements(generator.sql(node.this))
    found = f"LIST_POSITION({elements}, {generator.sql(node.expression)})"
    return f"CASE WHEN {elements} IS NOT NULL THEN CAST(COALESCE({found}, 0) - 1 AS BIGINT) END"


def render_bag_keys(generator: Generator, node: nodes.BagKeys) -> str:
    """DuckDB gives an empty list for what is no object."""
    value = generator.sql(node.this)
    return f"CASE JSON_TYPE({value}) WHEN 'OBJECT' THEN TO_JSON(JSON_KEYS({value})) END"


def render_join_array(generator: Generator, node: nodes.JoinArray) -> str:
    """The elements as a list of texts, joined."""
    value = f"({generator.sql(node.this)})"
    texts = f"LIST_TRANSFORM({_elements(value)}, LAMBDA _e: COALESCE(_e ->> '$', ''))"
    return f"COALESCE(ARRAY_TO_STRING({texts}, {generator.sql(node.expression)}), {value} ->> '$', '')"


RENDERED: Final[dict[type, Rendering]] = {
    nodes.ToJson: render_to_json,
    nodes.ParseJson: render_parse_json,
    nodes.JsonArray: render_json_array,
    nodes.JsonObject: render_json_object,
    nodes.DynamicIsNull: render_dynamic_is_null,
    nodes.DynamicLength: render_dynamic_length,
    nodes.DynamicType: render_dynamic_type,
    nodes.SplitText: render_split_text,
    nodes.ArrayHas: render_array_has,
    nodes.ArrayPosition: render_array_position,
    nodes.BagKeys: render_bag_keys,
    nodes.JoinArray: render_join_array,
}
