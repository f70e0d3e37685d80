"""Spark's SQL for the nodes that end a query, and that keep it from ending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.plan.nodes import guards as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_assertion(generator: Generator, node: nodes.Assertion) -> str:
    """Spark raises the error only where its branch is taken."""
    return f"CASE WHEN {generator.sql(node.this)} THEN TRUE ELSE RAISE_ERROR({generator.sql(node.expression)}) END"


def render_attempt(generator: Generator, node: nodes.Attempt) -> str:
    """Spark has no such guard: what is attempted (`AddUnits`, `Part`) is written so that it gives NULL by itself."""
    return generator.sql(node.this)


RENDERED: Final[dict[type, Rendering]] = {nodes.Assertion: render_assertion, nodes.Attempt: render_attempt}
