"""DuckDB's SQL for the nodes that find parts of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.engines.duckdb.nodes.strings import extracted_group
from tiercel.plan.nodes import search as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_regex_group(generator: Generator, node: nodes.RegexGroup) -> str:
    """DuckDB's own extraction, which gives NULL for a group that takes no part."""
    text, pattern = generator.sql(node.this), generator.sql(node.expression)
    return f"COALESCE({extracted_group(text, pattern, int(node.args['group'].name))}, '')"


RENDERED: Final[dict[type, Rendering]] = {nodes.RegexGroup: render_regex_group}
