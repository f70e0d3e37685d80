"""Spark's SQL for the nodes on strings."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Final

from tiercel.engines.spark.nodes.call import bound, quoted, trimmed
from tiercel.engines.spark.patterns import pattern_sql, replacement_of
from tiercel.plan.nodes import strings as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_hexadecimal(generator: Generator, node: nodes.Hexadecimal) -> str:
    """Spark's digits are upper case; its padding would cut what is longer."""
    width = generator.sql(node.args["width"])
    digits = f"LOWER(HEX({generator.sql(node.this)}))"
    return digits if width == "1" else bound(digits, f"CONCAT(REPEAT('0', {width} - LENGTH(_v)), _v)")


def render_base64_text(generator: Generator, node: nodes.Base64Text) -> str:
    """By way of the bytes."""
    return f"BASE64(CAST({generator.sql(node.this)} AS BINARY))"


_OCTET: Final = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4: Final = quoted(rf"^{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}\z")


def render_ipv4_number(generator: Generator, node: nodes.Ipv4Number) -> str:
    """The four pieces, where the whole has the shape of an address."""
    weights = (16777216, 65536, 256, 1)
    parts = [f"CAST(SPLIT_PART(_v, '.', {at}) AS BIGINT) * {weight}" for at, weight in enumerate(weights, 1)]
    number = f"CASE WHEN _v RLIKE {_IPV4} THEN {' + '.join(parts)} END"
    return bound(trimmed(generator.sql(node.this)), number)


def render_part(generator: Generator, node: nodes.Part) -> str:
    """Spark counts from 1, in INT: what lies beyond is the greatest INT."""
    text, start = generator.sql(node.this), f"LEAST({generator.sql(node.args['start'])}, 2147483646L)"
    length = node.args.get("length")
    cut = f", CAST(LEAST({generator.sql(length)}, 2147483647L) AS INT)" if length else ""
    return f"SUBSTRING({text}, CAST({start} AS INT) + 1{cut})"


def render_byte_count(generator: Generator, node: nodes.ByteCount) -> str:
    """Spark's own."""
    return f"CAST(OCTET_LENGTH({generator.sql(node.this)}) AS BIGINT)"


def render_match_group(generator: Generator, node: nodes.MatchGroup) -> str:
    """Spark's own; empty where there is no match."""
    pattern, group = pattern_sql(generator, node.expression), generator.sql(node.args["group"])
    return f"REGEXP_EXTRACT({generator.sql(node.this)}, {pattern}, {group})"


def render_match_groups(generator: Generator, node: nodes.MatchGroups) -> str:
    """One list of matches a group, put side by side."""
    text, pattern = generator.sql(node.this), pattern_sql(generator, node.expression)
    lists = [f"REGEXP_EXTRACT_ALL({text}, {pattern}, {int(group.name)})" for group in node.args["groups"]]
    if len(lists) == 1:
        return f"NULLIF(TO_JSON({lists[0]}), '[]')"
    first = f"ZIP_WITH({lists[0]}, {lists[1]}, (_a, _b) -> ARRAY(_a, _b))"
    rows = reduce(lambda made, one: f"ZIP_WITH({made}, {one}, (_a, _b) -> ARRAY_APPEND(_a, _b))", lists[2:], first)
    return f"NULLIF(TO_JSON({rows}), '[]')"


def render_match_count(generator: Generator, node: nodes.MatchCount) -> str:
    """Spark's own."""
    return f"CAST(REGEXP_COUNT({generator.sql(node.this)}, {pattern_sql(generator, node.expression)}) AS BIGINT)"


def render_substitute_pattern(generator: Generator, node: nodes.SubstitutePattern) -> str:
    """Spark's own, for all matches."""
    pattern, replacement = (
        pattern_sql(generator, node.expression),
        quoted(replacement_of(node.args["replacement"].name)),
    )
    return f"REGEXP_REPLACE({generator.sql(node.this)}, {pattern}, {replacement})"


RENDERED: Final[dict[type, Rendering]] = {
    nodes.Hexadecimal: render_hexadecimal,
    nodes.Base64Text: render_base64_text,
    nodes.Ipv4Number: render_ipv4_number,
    nodes.Part: render_part,
    nodes.ByteCount: render_byte_count,
    nodes.MatchGroup: render_match_group,
    nodes.MatchGroups: render_match_groups,
    nodes.MatchCount: render_match_count,
    nodes.SubstitutePattern: render_substitute_pattern,
}
