"""Spark's SQL for calls of routines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.plan.nodes import routine as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_routine_call(generator: Generator, node: nodes.RoutineCall) -> str:
    """A call of the user function of that name; dynamics are texts on both sides."""
    return f"KUSTO_{node.routine_name.upper()}({', '.join(generator.sql(one) for one in node.expressions)})"


RENDERED: Final[dict[type, Rendering]] = {nodes.RoutineCall: render_routine_call}
