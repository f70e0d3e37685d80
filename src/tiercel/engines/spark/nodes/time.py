"""Spark's SQL for the nodes on instants and durations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.engines.clock import mark
from tiercel.plan.nodes import time as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_microseconds(generator: Generator, node: nodes.Microseconds) -> str:
    """Spark's own count."""
    return f"UNIX_MICROS({generator.sql(node.this)})"


def render_from_microseconds(generator: Generator, node: nodes.FromMicroseconds) -> str:
    """Spark's own constructor."""
    return f"TIMESTAMP_MICROS({generator.sql(node.this)})"


def render_run_clock(_generator: Generator, node: nodes.RunClock) -> str:
    """A literal that the engine fills in when it runs the statement."""
    return mark(int(node.this.to_py()))


RENDERED: Final[dict[type, Rendering]] = {
    nodes.Microseconds: render_microseconds,
    nodes.FromMicroseconds: render_from_microseconds,
    nodes.RunClock: render_run_clock,
}
