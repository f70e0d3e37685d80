"""Nodes that end a query."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = ["Assertion"]


class Assertion(Node):
    """TRUE where `this` (BOOLEAN) is; otherwise the query fails with the text `expression` (TEXT)."""

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it
