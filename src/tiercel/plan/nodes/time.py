"""Nodes on instants and durations."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = ["FromMicroseconds", "Microseconds"]


class Microseconds(Node):
    """Microseconds from 1970-01-01 to `this` (TIMESTAMP), a BIGINT, negative before; NULL for NULL."""


class FromMicroseconds(Node):
    """The TIMESTAMP that lies `this` (BIGINT) microseconds after 1970-01-01; NULL for NULL."""
