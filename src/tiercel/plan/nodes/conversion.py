"""Nodes that turn one of Kusto's types into another where SQL's own cast means something else."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = [
    "DecimalText",
    "DynamicBool",
    "DynamicInteger",
    "DynamicReal",
    "DynamicText",
    "RealInteger",
    "RealText",
    "TextBool",
    "TextGuid",
    "TextInteger",
    "TextReal",
    "WrapInt",
]


class RealText(Node):
    """The DOUBLE `this` as TEXT: the shortest digits that read back, `1.0`, `NaN`, `Infinity`; NULL stays NULL."""


class DecimalText(Node):
    """The DECIMAL `this` as TEXT without the zeros at its end; NULL stays NULL."""


class DynamicText(Node):
    """The JSON `this` as TEXT: a string without its quotes, all else as compact JSON, a null as ''. Never NULL."""


class TextInteger(Node):
    """The integer of `bits` (a literal, 32 or 64) that `this` (TEXT) writes, in decimal or as 0x..., else NULL.

    Spaces around it and a sign are taken; a point, an exponent or too large a number are not.
    """

    arg_types = {"this": True, "bits": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class TextReal(Node):
    """The DOUBLE that `this` (TEXT) writes, spaces around it taken, else NULL."""


class TextBool(Node):
    """TRUE or FALSE for `true`, `false` in any case, or an integer (0 is FALSE) in `this` (TEXT), else NULL."""


class TextGuid(Node):
    """The GUID in `this` (TEXT): 32 hexadecimal digits, with hyphens or braces or without; lower case, else NULL."""


class RealInteger(Node):
    """The DOUBLE `this` cut to an integer of `bits` (a literal, 32 or 64); too large gives the bound, NaN NULL."""

    arg_types = {"this": True, "bits": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class WrapInt(Node):
    """The lowest 32 bits of `this` (BIGINT) as an INT."""


class DynamicInteger(Node):
    """The JSON `this` as an integer of `bits` (a literal, 32 or 64), by what it holds.

    A number is cut as `RealInteger` does or wrapped as `WrapInt` does, a string read as `TextInteger` does, a bool is 0
    or 1, anything else NULL.
    """

    arg_types = {"this": True, "bits": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class DynamicReal(Node):
    """The JSON `this` as a DOUBLE, by what it holds: a number, a bool, a string as `TextReal`, else NULL."""


class DynamicBool(Node):
    """The JSON `this` as a BOOLEAN, by what it holds: a bool, a number, a string as `TextBool`, else NULL."""
