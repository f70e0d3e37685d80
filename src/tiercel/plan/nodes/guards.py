"""Nodes that end a query, and that keep it from ending."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = ["Assertion", "Attempt"]


class Assertion(Node):
    """TRUE where `this` (BOOLEAN) is; otherwise the query fails with the text `expression` (TEXT)."""

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class Attempt(Node):
    """What `this` gives, or NULL where that cannot be computed: a number or an instant out of its type's range."""
