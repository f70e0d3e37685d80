"""Spark's SQL for the nodes that find parts of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.engines.spark.patterns import pattern_sql
from tiercel.plan.nodes import search as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_regex_group(generator: Generator, node: nodes.RegexGroup) -> str:
    """Spark's own extraction, empty where a group takes no part."""
    group = generator.sql(node.args["group"])
    return (
        f"COALESCE(REGEXP_EXTRACT({generator.sql(node.this)}, {pattern_sql(generator, node.expression)}, {group}), '')"
    )


RENDERED: Final[dict[type, Rendering]] = {nodes.RegexGroup: render_regex_group}
