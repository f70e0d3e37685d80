"""DuckDB's SQL for the nodes on strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.plan.nodes import strings as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering

__all__ = ["RENDERED", "extracted_group"]


def render_hexadecimal(generator: Generator, node: nodes.Hexadecimal) -> str:
    """DuckDB's digits are upper case; its padding would cut what is longer."""
    width = generator.sql(node.args["width"])
    digits = f"LOWER(TO_HEX({generator.sql(node.this)}))"
    return digits if width == "1" else f"(REPEAT('0', {width} - LENGTH({digits})) || {digits})"


def render_base64_text(generator: Generator, node: nodes.Base64Text) -> str:
    """By way of the bytes."""
    return f"TO_BASE64(ENCODE({generator.sql(node.this)}))"


_LAST_NUMBER: Final = 9
"""The greatest number of a group that DuckDB's REGEXP_EXTRACT takes."""

_OCTET: Final = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4: Final = rf"^\s*{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}\s*$"


def render_ipv4_number(generator: Generator, node: nodes.Ipv4Number) -> str:
    """Four captures; the first is empty, and so the cast NULL, where the text is no address."""
    captured = f"REGEXP_EXTRACT({generator.sql(node.this)}, '{_IPV4}', ['a', 'b', 'c', 'd'])"
    number = "TRY_CAST(_o.a AS BIGINT) * 16777216 + TRY_CAST(_o.b AS BIGINT) * 65536"
    number += " + TRY_CAST(_o.c AS BIGINT) * 256 + TRY_CAST(_o.d AS BIGINT)"
    return f"LIST_TRANSFORM([{captured}], LAMBDA _o: {number})[1]"


def render_part(generator: Generator, node: nodes.Part) -> str:
    """DuckDB counts from 1."""
    text, start = generator.sql(node.this), generator.sql(node.args["start"])
    length = node.args.get("length")
    return f"SUBSTRING({text}, ({start}) + 1{f', {generator.sql(length)}' if length else ''})"


def render_byte_count(generator: Generator, node: nodes.ByteCount) -> str:
    """DuckDB's STRLEN counts bytes, its LENGTH characters."""
    return f"STRLEN({generator.sql(node.this)})"


def render_match_group(generator: Generator, node: nodes.MatchGroup) -> str:
    """DuckDB's own; empty where there is no match."""
    return extracted_group(generator.sql(node.this), generator.sql(node.expression), int(node.args["group"].name))


def extracted_group(text: str, pattern: str, group: int) -> str:
    """The text of one group of the first match; DuckDB takes the numbers 0 to 9, and names for any."""
    if group <= _LAST_NUMBER:
        return f"REGEXP_EXTRACT({text}, {pattern}, {group})"
    names = ", ".join(f"'g{number}'" for number in range(1, group + 1))
    return f"STRUCT_EXTRACT(REGEXP_EXTRACT({text}, {pattern}, [{names}]), 'g{group}')"


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
    nodes.Ipv4Number: render_ipv4_number,
    nodes.Part: render_part,
    nodes.ByteCount: render_byte_count,
    nodes.MatchGroup: render_match_group,
    nodes.MatchGroups: render_match_groups,
    nodes.MatchCount: render_match_count,
    nodes.SubstitutePattern: render_substitute_pattern,
}
