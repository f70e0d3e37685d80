"""DuckDB's SQL for the nodes on strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.plan.nodes import strings as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_hexadecimal(generator: Generator, node: nodes.Hexadecimal) -> str:
    """DuckDB's digits are upper case; its padding would cut what is longer."""
    width = generator.sql(node.args["width"])
    digits = f"LOWER(TO_HEX({generator.sql(node.this)}))"
    return digits if width == "1" else f"(REPEAT('0', {width} - LENGTH({digits})) || {digits})"


def render_base64_text(generator: Generator, node: nodes.Base64Text) -> str:
    """By way of the bytes."""
    return f"TO_BASE64(ENCODE({generator.sql(node.this)}))"


def render_part(generator: Generator, node: nodes.Part) -> str:
    """DuckDB counts from 1."""
    text, start = generator.sql(node.this), generator.sql(node.args["start"])
    length = node.args.get("length")
    return f"SUBSTRING({text}, ({start}) + 1{f', {generator.sql(length)}' if length else ''})"


def render_match_groups(generator: Generator, node: nodes.MatchGroups) -> str:
    """One group is a list by itself; several are read out of a struct a match."""
    text, pattern = generator.sql(node.this), generator.sql(node.expression)
    groups = [int(group.name) for group in node.args["groups"]]
    if len(groups) == 1:
        found = f"REGEXP_EXTRACT_ALL({text}, {pattern}, {groups[0]})"
    else:
        names = ", ".join(f"'g{number}'" for number in range(1, max(groups) + 1))
        row = ", ".join(f"_m.g{number}" for number in groups)
        found = f"LIST_TRANSFORM(REGEXP_EXTRACT_ALL({text}, {pattern}, [{names}]), LAMBDA _m: [{row}])"
    return f"NULLIF(TO_JSON({found}), '[]')"


def render_match_count(generator: Generator, node: nodes.MatchCount) -> str:
    """The length of the list of matches."""
    return f"CAST(LEN(REGEXP_EXTRACT_ALL({generator.sql(node.this)}, {generator.sql(node.expression)})) AS BIGINT)"


def render_substitute_pattern(generator: Generator, node: nodes.SubstitutePattern) -> str:
    """DuckDB's own, for all matches."""
    parts = (generator.sql(one) for one in (node.this, node.expression, node.args["replacement"]))
    return f"REGEXP_REPLACE({', '.join(parts)}, 'g')"


RENDERED: Final[dict[type, Rendering]] = {
    nodes.Hexadecimal: render_hexadecimal,
    nodes.Base64Text: render_base64_text,
    nodes.Part: render_part,
    nodes.MatchGroups: render_match_groups,
    nodes.MatchCount: render_match_count,
    nodes.SubstitutePattern: render_substitute_pattern,
}
