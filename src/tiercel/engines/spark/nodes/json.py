"""Spark's SQL for the nodes that make and measure dynamic values, and the ways into JSON text that others take.

`GET_JSON_OBJECT` gives a string without its quotes, so that "5" and 5 look alike. Behind a wildcard it keeps them: the
value is put into an array of one, and the path begins with `$[*]`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.engines.spark.nodes.call import SPACES, bound, quoted
from tiercel.plan.nodes import json as nodes
from tiercel.plan.nodes.dynamic import Property

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering

__all__ = ["RENDERED", "elements", "kind", "member", "path_step", "raw_text", "within"]

_ODD: Final = frozenset("'?*")
"""What Spark's JSON paths cannot hold in a name."""


def kind(value: str) -> str:
    """The first character of a JSON text, which tells what it holds."""
    return f"LEFT(LTRIM({SPACES}, {value}), 1)"


def within(value: str, path: str) -> str:
    """What stands at a path, a SQL string that begins behind the root, as JSON."""
    return f"GET_JSON_OBJECT(CONCAT('[', {value}, ']'), {path})"


def path_step(name: exp.Expr) -> str | None:
    """The step of a JSON path to a property of that name; None where the name cannot stand in a path."""
    if not isinstance(name, exp.Literal) or not name.name or _ODD & set(name.name):
        return None
    return f"['{name.name}']"


def steps_of(node: exp.Expr) -> tuple[exp.Expr, str]:
    """Where a chain of properties begins, and the path through all of them."""
    path = ""
    while isinstance(node, Property) and (step := path_step(node.expression)) is not None:
        node, path = node.this, step + path
    return node, path


def raw_text(generator: Generator, node: exp.Expr) -> str:
    """The text of a JSON value: a string without its quotes, all else as JSON, NULL for null."""
    root, path = steps_of(node)
    if path:
        return f"GET_JSON_OBJECT({generator.sql(root)}, {quoted('$' + path)})"
    return f"GET_JSON_OBJECT(CONCAT('[', NULLIF({generator.sql(node)}, 'null'), ']'), '$[0]')"


def member(value: str, name: str) -> str:
    """The property of any name, `name` a SQL expression; names that no path can hold go by way of a map."""
    by_map = f"TO_JSON(TRY_ELEMENT_AT(FROM_JSON({value}, 'MAP<STRING, VARIANT>'), {name}))"
    by_path = within(value, f"CONCAT('$[*][\\'', {name}, '\\']')")
    return f"CASE WHEN {name} = '' OR {name} RLIKE '[\\'?*]' THEN {by_map} ELSE {by_path} END"


def elements(array: str) -> str:
    """A JSON array as Spark's array of JSON texts; what is no array gives NULL.

    As texts the elements have lost their quotes, as variants they say which of them were strings.
    """
    texts, variants = (f"FROM_JSON({array}, 'ARRAY<{one}>')" for one in ("STRING", "VARIANT"))
    one = "CASE WHEN SCHEMA_OF_VARIANT(_e) = 'STRING' THEN TO_JSON(_e) ELSE _t END"
    return f"CASE WHEN {kind(array)} = '[' THEN ZIP_WITH({texts}, {variants}, (_t, _e) -> {one}) END"


def render_to_json(generator: Generator, node: nodes.ToJson) -> str:
    """By way of a variant, which knows numbers, bools and texts."""
    return f"TO_JSON(CAST({generator.sql(node.this)} AS VARIANT))"


def render_parse_json(generator: Generator, node: nodes.ParseJson) -> str:
    """Spark's reader checks the text; what fails it is quoted."""
    text = generator.sql(node.this)
    sound = "WHEN TRY_PARSE_JSON(_v) IS NOT NULL THEN _v"
    return bound(text, f"CASE WHEN _v = '' THEN NULL {sound} ELSE TO_JSON(CAST(_v AS VARIANT)) END")


def render_json_array(generator: Generator, node: nodes.JsonArray) -> str:
    """The elements' own texts, joined."""
    if not node.expressions:
        return "'[]'"
    listed = ", ".join(generator.sql(one) for one in node.expressions)
    return f"CONCAT('[', ARRAY_JOIN(ARRAY({listed}), ',', 'null'), ']')"


def render_json_object(generator: Generator, node: nodes.JsonObject) -> str:
    """The values' own texts, each behind its name."""
    pairs = list(zip(node.expressions[::2], node.expressions[1::2], strict=True))
    if not pairs:
        return "'{}'"
    parts = [f"CONCAT({_name(generator, name)}, COALESCE({generator.sql(value)}, 'null'))" for name, value in pairs]
    return f"CONCAT('{{', CONCAT_WS(',', {', '.join(parts)}), '}}')"


def _name(generator: Generator, name: exp.Expr) -> str:
    """A property's name as JSON writes it, with its colon."""
    if isinstance(name, exp.Literal):
        return quoted(json.dumps(name.name, ensure_ascii=False) + ":")
    return f"TO_JSON(CAST({generator.sql(name)} AS VARIANT)), ':'"


def render_dynamic_is_null(generator: Generator, node: nodes.DynamicIsNull) -> str:
    """The text of a JSON null, as extraction gives it, is `null`."""
    return f"(COALESCE({generator.sql(node.this)}, 'null') = 'null')"


def render_dynamic_length(generator: Generator, node: nodes.DynamicLength) -> str:
    """Spark's own, NULL for what is no array."""
    return f"CAST(JSON_ARRAY_LENGTH({generator.sql(node.this)}) AS BIGINT)"


def render_dynamic_type(generator: Generator, node: nodes.DynamicType) -> str:
    """By the first character; a number is a real where it has a point or an exponent."""
    return bound(
        generator.sql(node.this),
        f"CASE {kind('_v')} WHEN '[' THEN 'array' WHEN '{{' THEN 'dictionary' WHEN '\"' THEN 'string' "
        "WHEN 't' THEN 'bool' WHEN 'f' THEN 'bool' WHEN 'n' THEN 'null' "
        "ELSE CASE WHEN _v IS NULL THEN 'null' WHEN _v RLIKE '[.eE]' THEN 'double' ELSE 'long' END END",
    )


def render_split_text(generator: Generator, node: nodes.SplitText) -> str:
    """Spark splits at a pattern: the delimiter is quoted."""
    text, delimiter = generator.sql(node.this), generator.sql(node.expression)
    pattern = f"CONCAT('\\\\Q', REPLACE({delimiter}, '\\\\E', '\\\\E\\\\\\\\E\\\\Q'), '\\\\E')"
    cut = f"TO_JSON(SPLIT({text}, {pattern}))"
    if isinstance(node.expression, exp.Literal) and node.expression.name:
        return cut
    return f"CASE WHEN {delimiter} = '' THEN TO_JSON(ARRAY({text})) ELSE {cut} END"


def render_array_has(generator: Generator, node: nodes.ArrayHas) -> str:
    """Elements are compared as JSON text."""
    return f"ARRAY_CONTAINS({_filled(generator.sql(node.this))}, {generator.sql(node.expression)})"


def _filled(array: str) -> str:
    """The elements, JSON's null for NULL, among which Spark would not look."""
    return f"TRANSFORM({elements(array)}, _e -> COALESCE(_e, 'null'))"


def render_array_position(generator: Generator, node: nodes.ArrayPosition) -> str:
    """Spark counts from 1 and gives 0 for what is absent."""
    return f"(ARRAY_POSITION({_filled(generator.sql(node.this))}, {generator.sql(node.expression)}) - 1)"


def render_bag_keys(generator: Generator, node: nodes.BagKeys) -> str:
    """Spark's own, NULL for what is no object."""
    return f"TO_JSON(JSON_OBJECT_KEYS({generator.sql(node.this)}))"


def render_join_array(generator: Generator, node: nodes.JoinArray) -> str:
    """Read as an array of texts the elements are without their quotes."""
    value = generator.sql(node.this)
    texts = f"CASE WHEN {kind(value)} = '[' THEN FROM_JSON({value}, 'ARRAY<STRING>') END"
    joined = f"ARRAY_JOIN({texts}, {generator.sql(node.expression)}, '')"
    return f"COALESCE({joined}, {raw_text(generator, node.this)}, '')"


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
