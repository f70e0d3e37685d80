"""Nodes on dynamic values: JSON, in which SQL NULL and JSON `null` mean the same."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = ["Element", "Property"]


class Property(Node):
    """The property named `expression` (TEXT, case-sensitive) of the object `this` (JSON), as JSON.

    NULL where `this` is no object or has no such property.
    """

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class Element(Node):
    """The element at `expression` (BIGINT, from 0; negative from the end) of the array `this` (JSON), as JSON.

    NULL where `this` is no array or is too short.
    """

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it
