"""Nodes on instants and durations."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = ["FromMicroseconds", "Microseconds", "RunClock"]


class Microseconds(Node):
    """Microseconds from 1970-01-01 to `this` (TIMESTAMP), a BIGINT, negative before; NULL for NULL."""


class FromMicroseconds(Node):
    """The TIMESTAMP that lies `this` (BIGINT) microseconds after 1970-01-01; NULL for NULL."""


class RunClock(Node):
    """The TIMESTAMP that lies `this` (a literal, ticks of 100 ns, may be negative) after what `now()` is in the run.

    It is the one part of a plan that the run fills in, so that the plan of a rule serves every run.
    """
