"""Nodes on dynamic values: JSON, in which SQL NULL and JSON `null` mean the same."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = ["Element", "Items", "ListItem", "Positions", "Property", "WithoutNulls"]


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


class Items(Node):
    """The list of what `this` (JSON) expands to: an array's elements, a bag's properties, else the value alone.

    A property becomes a bag of its own, or with `pairs` the array of its name and value. NULL and `null` give one NULL,
    an empty array or bag nothing. The result is a list of the engine's, of JSON values.
    """

    arg_types = {"this": True, "pairs": False}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class ListItem(Node):
    """The item at `expression` (BIGINT, from 0) of the engine's list `this`; NULL behind its end."""

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class Positions(Node):
    """One row for each of 0, 1, ... `this` - 1 (BIGINT), none for 0: it stands alone in a SELECT's list."""


class WithoutNulls(Node):
    """The object `this` (JSON) without its properties that are null."""
