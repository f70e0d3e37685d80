"""Nodes on text."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = ["HasTerm"]


class HasTerm(Node):
    """Whether `this` (TEXT) holds `expression` (TEXT) as whole terms, a BOOLEAN; NULL if either is NULL.

    A term is a maximal run of letters and digits. The needle may span terms, but a neighbour of it that is a letter or
    digit, beside a letter or digit of its own, means no match. An empty needle is found in every text. Cases are told
    apart: who wants it otherwise lowers both sides.
    """

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it
