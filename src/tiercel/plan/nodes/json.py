"""Nodes that make and measure dynamic values, which stand as JSON."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = [
    "ArrayHas",
    "ArrayPosition",
    "BagKeys",
    "DynamicIsNull",
    "DynamicLength",
    "DynamicType",
    "JoinArray",
    "JsonArray",
    "JsonObject",
    "ParseJson",
    "SplitText",
    "ToJson",
]


class ToJson(Node):
    """The value `this`, a BOOLEAN, INT, BIGINT, DOUBLE, DECIMAL or TEXT, as JSON; NULL stays NULL."""


class ParseJson(Node):
    """The JSON that `this` (TEXT) writes; a text that is no JSON becomes a JSON string; an empty one NULL."""


class JsonArray(Node):
    """The JSON array of `expressions` (each JSON); NULL becomes null."""

    arg_types = {"expressions": False}  # noqa: RUF012  sqlglot reads this class attribute and never writes it
    is_var_len_args = True


class JsonObject(Node):
    """The JSON object of `expressions`: name (TEXT), value (JSON), name, value, ...; NULL values become null."""

    arg_types = {"expressions": False}  # noqa: RUF012  sqlglot reads this class attribute and never writes it
    is_var_len_args = True


class DynamicIsNull(Node):
    """Whether `this` (JSON) is NULL or null: TRUE or FALSE, never NULL."""


class DynamicLength(Node):
    """The number of elements of the array `this` (JSON), a BIGINT; NULL if it is no array."""


class DynamicType(Node):
    """What `this` (JSON) holds, TEXT: array, dictionary, string, long, double, bool or null."""


class SplitText(Node):
    """The JSON array of the pieces of `this` (TEXT) between occurrences of `expression` (TEXT, not empty)."""

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class ArrayHas(Node):
    """Whether the array `this` (JSON) holds the value `expression` (JSON), a BOOLEAN; NULL if `this` is no array."""

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class ArrayPosition(Node):
    """Where the array `this` (JSON) first holds `expression` (JSON), from 0, else -1; NULL for no array."""

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class BagKeys(Node):
    """The JSON array of the names of the object `this` (JSON), in its order; NULL if it is no object."""


class JoinArray(Node):
    """The elements of the array `this` (JSON), each as `DynamicText`, with `expression` (TEXT) between them.

    What is no array is given as `DynamicText` gives it.
    """

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it
