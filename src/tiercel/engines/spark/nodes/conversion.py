"""Spark's SQL for the nodes that convert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.engines.spark.nodes.call import bound, quoted, trimmed
from tiercel.engines.spark.nodes.json import kind, raw_text
from tiercel.plan.nodes import conversion as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering
    from tiercel.plan.nodes.node import Node

__all__ = ["RENDERED", "integer_of_text"]

_DECIMAL: Final = quoted(r"^[+-]?[0-9]+\z")
_HEXADECIMAL: Final = quoted(r"^[+-]?0[xX]0*[0-9a-fA-F]{1,16}\z")
_REAL: Final = quoted(r"(?i)^[+-]?(?:[0-9]+\.?[0-9]*(?:e[+-]?[0-9]+)?|\.[0-9]+(?:e[+-]?[0-9]+)?|inf|infinity|nan)\z")
_GUID: Final = quoted(r"^[0-9a-f]{32}\z")


def _bits(node: Node) -> tuple[str, int]:
    bits = int(node.args["bits"].name)
    return ("BIGINT" if bits == 64 else "INT"), bits


def render_real_text(generator: Generator, node: nodes.RealText) -> str:
    """Spark changes to an exponent from 10^7 on, DuckDB and .NET later: plain digits by way of a DECIMAL."""
    exact = "REGEXP_REPLACE(CAST(CAST(_v AS DECIMAL(38, 21)) AS STRING), '([.][0-9]+?)0+$', '$1')"
    sign = "CASE WHEN _v = DOUBLE('Infinity') THEN 'Infinity' ELSE '-Infinity' END"
    mantissa = "REGEXP_REPLACE(SPLIT_PART(CAST(_v AS STRING), 'E', 1), '[.]0$', '')"
    power = "CAST(SPLIT_PART(CAST(_v AS STRING), 'E', 2) AS INT)"
    padded = f"LPAD(ABS({power}), GREATEST(2, LENGTH(ABS({power}))), '0')"
    exponent = f"CONCAT('e', CASE WHEN {power} < 0 THEN '-' ELSE '+' END, {padded})"
    return bound(
        generator.sql(node.this),
        f"CASE WHEN ISNAN(_v) THEN 'NaN' WHEN ABS(_v) = DOUBLE('Infinity') THEN {sign} "
        f"WHEN _v = 0 OR (ABS(_v) >= 1e-3 AND ABS(_v) < 1e7) THEN CAST(_v AS STRING) "
        f"WHEN ABS(_v) >= 1e-4 AND ABS(_v) < 1e16 THEN {exact} "
        f"WHEN _v IS NOT NULL THEN CONCAT({mantissa}, {exponent}) END",
    )


def render_decimal_text(generator: Generator, node: nodes.DecimalText) -> str:
    """Spark writes all 17 places of the type; a value too wide for it, of parse_version(), has none."""
    value = generator.sql(node.this)
    plain = f"COALESCE(CAST(TRY_CAST({value} AS DECIMAL(38, 17)) AS STRING), CAST({value} AS STRING))"
    return f"REGEXP_REPLACE({plain}, '([.][0-9]*[1-9])0+$|[.]0+$', '$1')"


def render_dynamic_text(generator: Generator, node: nodes.DynamicText) -> str:
    """Extraction of the whole value unquotes a string and leaves all else as JSON."""
    return f"COALESCE({raw_text(generator, node.this)}, '')"


def integer_of_text(text: str, sql_type: str) -> str:
    """The integer that a text without white space around it writes; the text is named several times."""
    digits = f"CONV(REGEXP_EXTRACT({text}, '[xX]0*([0-9a-fA-F]+)', 1), 16, 10)"
    signed = f"CONCAT(CASE WHEN STARTSWITH({text}, '-') THEN '-' ELSE '' END, {digits})"
    return (
        f"CASE WHEN {text} RLIKE {_DECIMAL} THEN TRY_CAST({text} AS {sql_type}) "
        f"WHEN {text} RLIKE {_HEXADECIMAL} THEN TRY_CAST({signed} AS {sql_type}) END"
    )


def render_text_integer(generator: Generator, node: nodes.TextInteger) -> str:
    """The shape is tested first: Spark's own cast takes `5.7`."""
    return bound(trimmed(generator.sql(node.this)), integer_of_text("_v", _bits(node)[0]))


def _real_of_text(text: str) -> str:
    return f"CASE WHEN {text} RLIKE {_REAL} THEN TRY_CAST({text} AS DOUBLE) END"


def render_text_real(generator: Generator, node: nodes.TextReal) -> str:
    """The shape is tested first: Spark's own cast takes `1d` and `1f`."""
    return bound(trimmed(generator.sql(node.this)), _real_of_text("_v"))


def _bool_of_text(text: str) -> str:
    number = integer_of_text(text, "BIGINT")
    return f"CASE LOWER({text}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE ELSE ({number}) <> 0 END"


def render_text_bool(generator: Generator, node: nodes.TextBool) -> str:
    """Spark's cast also takes `t`, `yes` and the like."""
    return bound(trimmed(generator.sql(node.this)), _bool_of_text("_v"))


def render_text_guid(generator: Generator, node: nodes.TextGuid) -> str:
    """The digits alone, then hyphens where they belong."""
    digits = f"LOWER(REGEXP_REPLACE({trimmed(generator.sql(node.this))}, '[{{}}-]', ''))"
    cuts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    parts = ", ".join(f"SUBSTR(_v, {start}, {length})" for start, length in cuts)
    return bound(digits, f"CASE WHEN _v RLIKE {_GUID} THEN CONCAT_WS('-', {parts}) END")


def _integer_of_real(real: str, sql_type: str, bits: int) -> str:
    """Cut towards zero, which is what Spark's cast does of what fits."""
    bound_ = 2 ** (bits - 1)
    return (
        f"CASE WHEN ISNAN({real}) THEN NULL WHEN {real} >= {float(bound_)!r}D THEN CAST({bound_ - 1} AS {sql_type}) "
        f"WHEN {real} <= -{float(bound_)!r}D THEN CAST({_least(bits)} AS {sql_type}) "
        f"ELSE CAST({real} AS {sql_type}) END"
    )


def _least(bits: int) -> str:
    return f"(-{2 ** (bits - 1) - 1} - 1)"


def render_real_integer(generator: Generator, node: nodes.RealInteger) -> str:
    """Spark's own cast fails for what is too large."""
    return bound(f"CAST({generator.sql(node.this)} AS DOUBLE)", _integer_of_real("_v", *_bits(node)))


def _wrap(integer: str) -> str:
    return f"CAST(((({integer}) & 4294967295L) ^ 2147483648L) - 2147483648L AS INT)"


def render_wrap_int(generator: Generator, node: nodes.WrapInt) -> str:
    """The lowest 32 bits, moved into the signed range."""
    return _wrap(generator.sql(node.this))


def render_dynamic_integer(generator: Generator, node: nodes.DynamicInteger) -> str:
    """By JSON type; objects and arrays fall to the text reading, which they fail."""
    sql_type, bits = _bits(node)
    whole = integer_of_text("_v.t", "BIGINT")
    number = whole if bits == 64 else _wrap(whole)
    real = _integer_of_real("TRY_CAST(_v.t AS DOUBLE)", sql_type, bits)
    return _by_kind(
        generator,
        node,
        f"CASE WHEN _v.k = '\"' THEN {integer_of_text('_v.t', sql_type)} "
        f"WHEN _v.k IN ('t', 'f') THEN CAST(_v.t = 'true' AS {sql_type}) "
        f"WHEN _v.t RLIKE '[.eE]' THEN {real} ELSE {number} END",
    )


def render_dynamic_real(generator: Generator, node: nodes.DynamicReal) -> str:
    """By JSON type."""
    return _by_kind(
        generator,
        node,
        f"CASE WHEN _v.k IN ('t', 'f') THEN DOUBLE(INT(_v.t = 'true')) ELSE {_real_of_text('_v.t')} END",
    )


def render_dynamic_bool(generator: Generator, node: nodes.DynamicBool) -> str:
    """By JSON type."""
    real = "_v.k NOT IN ('\"', '{', '[') AND _v.t RLIKE '^-?[0-9]+[.eE]'"
    return _by_kind(
        generator, node, f"CASE WHEN {real} THEN TRY_CAST(_v.t AS DOUBLE) <> 0 ELSE {_bool_of_text('_v.t')} END"
    )


def _by_kind(generator: Generator, node: Node, body: str) -> str:
    """The body, in which `_v.k` is the first character of the JSON and `_v.t` its text, without white space around."""
    value = generator.sql(node.this)
    return bound(f"NAMED_STRUCT('k', {kind(value)}, 't', {trimmed(raw_text(generator, node.this))})", body)


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
