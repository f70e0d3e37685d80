"""DuckDB's SQL for the nodes that convert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.nodes import conversion as nodes
from tiercel.plan.nodes.dynamic import Element
from tiercel.plan.nodes.json import SplitText

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering
    from tiercel.plan.nodes.node import Node

__all__ = ["RENDERED"]

_INTEGER: Final = r"'^\s*([+-]?(?:[0-9]+|0[xX][0-9a-fA-F]+))\s*$'"


def _bits(node: Node) -> tuple[str, int]:
    bits = int(node.args["bits"].name)
    return ("BIGINT" if bits == 64 else "INTEGER"), bits


def render_real_text(generator: Generator, node: nodes.RealText) -> str:
    """DuckDB's shortest text, with .NET's words for what is no number."""
    text = f"CAST({generator.sql(node.this)} AS TEXT)"
    return f"REPLACE(REPLACE(REPLACE({text}, '-nan', 'NaN'), 'nan', 'NaN'), 'inf', 'Infinity')"


def render_decimal_text(generator: Generator, node: nodes.DecimalText) -> str:
    """DuckDB writes all places of the type: 17, or none where parse_version() gave it."""
    return rf"REGEXP_REPLACE(CAST({generator.sql(node.this)} AS TEXT), '(\.[0-9]*[1-9])0+$|\.0+$', '\1')"


def render_dynamic_text(generator: Generator, node: nodes.DynamicText) -> str:
    """JSON extraction to text of the whole value: unquotes strings, compacts the rest, NULL for null.

    A piece of a split text is taken from the list, without making JSON of it first.
    """
    value = node.this
    if (
        isinstance(value, Element)
        and isinstance(value.this, SplitText)
        and isinstance(value.this.expression, exp.Literal)
        and (index := _constant(value.expression)) is not None
    ):
        pieces = f"STR_SPLIT({generator.sql(value.this.this)}, {generator.sql(value.this.expression)})"
        return f"COALESCE({pieces}[{index + 1 if index >= 0 else index}], '')"
    return f"COALESCE(({generator.sql(value)}) ->> '$', '')"


def _constant(index: exp.Expr) -> int | None:
    """The number that a literal, maybe cast and negated, writes."""
    while isinstance(index, exp.Cast | exp.Paren):
        index = index.this
    if isinstance(index, exp.Neg):
        inner = _constant(index.this)
        return None if inner is None else -inner
    return int(index.name) if isinstance(index, exp.Literal) and not index.is_string and index.name.isdigit() else None


def _text_integer(text: str, sql_type: str) -> str:
    return f"TRY_CAST(REGEXP_EXTRACT({text}, {_INTEGER}, 1) AS {sql_type})"


def render_text_integer(generator: Generator, node: nodes.TextInteger) -> str:
    """The shape is tested first: DuckDB's own cast rounds `5.7` and reads `1e3`."""
    return _text_integer(generator.sql(node.this), _bits(node)[0])


def render_text_real(generator: Generator, node: nodes.TextReal) -> str:
    """DuckDB's own reading."""
    return f"TRY_CAST(TRIM({generator.sql(node.this)}) AS DOUBLE)"


def _text_bool(text: str) -> str:
    number = _text_integer(text, "BIGINT")
    return f"CASE LOWER(TRIM({text})) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE ELSE {number} <> 0 END"


def render_text_bool(generator: Generator, node: nodes.TextBool) -> str:
    """DuckDB's cast also takes `t`, `yes` and the like, and only 0 and 1 of the numbers."""
    return _text_bool(generator.sql(node.this))


def render_text_guid(generator: Generator, node: nodes.TextGuid) -> str:
    """DuckDB's UUID takes hyphens anywhere and braces."""
    return f"CAST(TRY_CAST(TRIM({generator.sql(node.this)}) AS UUID) AS TEXT)"


def _real_integer(real: str, sql_type: str, bits: int) -> str:
    bounds = f"CASE WHEN {real} > 0 THEN {2 ** (bits - 1) - 1} ELSE {-(2 ** (bits - 1))} END"
    return f"COALESCE(TRY_CAST(TRUNC({real}) AS {sql_type}), CASE WHEN ISFINITE({real}) THEN {bounds} END)"


def render_real_integer(generator: Generator, node: nodes.RealInteger) -> str:
    """DuckDB's own cast rounds, and gives NULL for what is too large."""
    return _real_integer(f"({generator.sql(node.this)})", *_bits(node))


def _wrap(integer: str) -> str:
    return f"CAST(XOR({integer} & 4294967295, 2147483648) - 2147483648 AS INTEGER)"


def render_wrap_int(generator: Generator, node: nodes.WrapInt) -> str:
    """The lowest 32 bits, moved into the signed range."""
    return _wrap(f"({generator.sql(node.this)})")


def render_dynamic_integer(generator: Generator, node: nodes.DynamicInteger) -> str:
    """By JSON type; objects and arrays fall to the text reading, which they fail."""
    sql_type, bits = _bits(node)
    value = f"({generator.sql(node.this)})"
    text = f"{value} ->> '$'"
    whole = _text_integer(text, "BIGINT")
    return (
        f"CASE JSON_TYPE({value}) WHEN 'DOUBLE' THEN {_real_integer(f'TRY_CAST({value} AS DOUBLE)', sql_type, bits)} "
        f"WHEN 'BOOLEAN' THEN CAST(TRY_CAST({value} AS BOOLEAN) AS {sql_type}) "
        f"WHEN 'VARCHAR' THEN {_text_integer(text, sql_type)} ELSE {whole if bits == 64 else _wrap(whole)} END"
    )


def render_dynamic_real(generator: Generator, node: nodes.DynamicReal) -> str:
    """By JSON type."""
    value = f"({generator.sql(node.this)})"
    return (
        f"CASE JSON_TYPE({value}) WHEN 'BOOLEAN' THEN CAST(TRY_CAST({value} AS BOOLEAN) AS DOUBLE) "
        f"ELSE TRY_CAST(TRIM({value} ->> '$') AS DOUBLE) END"
    )


def render_dynamic_bool(generator: Generator, node: nodes.DynamicBool) -> str:
    """By JSON type."""
    value = f"({generator.sql(node.this)})"
    of_text = _text_bool(f"{value} ->> '$'")
    return f"CASE JSON_TYPE({value}) WHEN 'DOUBLE' THEN TRY_CAST({value} AS DOUBLE) <> 0 ELSE {of_text} END"


RENDERED: Final[dict[type, Rendering]] = {
    nodes.RealText: render_real_text,
    nodes.DecimalText: render_decimal_text,
    nodes.DynamicText: render_dynamic_text,
    nodes.TextInteger: render_text_integer,
    nodes.TextReal: render_text_real,
    nodes.TextBool: render_text_bool,
    nodes.TextGuid: render_text_guid,
    nodes.RealInteger: render_real_integer,
    nodes.WrapInt: render_wrap_int,
    nodes.DynamicInteger: render_dynamic_integer,
    nodes.DynamicReal: render_dynamic_real,
    nodes.DynamicBool: render_dynamic_bool,
}
