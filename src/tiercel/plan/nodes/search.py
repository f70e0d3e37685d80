"""Nodes that find parts of texts by regular expressions."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = ["RegexGroup"]


class RegexGroup(Node):
    """What group `group` (a literal number) of the pattern `expression` (a literal, RE2's syntax) captures in `this`.

    The first match counts; '' where there is none or the group takes no part in it.
    """

    arg_types = {"this": True, "expression": True, "group": True}  # noqa: RUF012  sqlglot reads it and never writes it
