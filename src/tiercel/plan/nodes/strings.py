"""Nodes for the functions on strings that sqlglot has no exact node for."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = [
    "Base64Text",
    "ByteCount",
    "Hexadecimal",
    "Ipv4Number",
    "MatchCount",
    "MatchGroup",
    "MatchGroups",
    "Part",
    "SubstitutePattern",
]


class Hexadecimal(Node):
    """The BIGINT `this` in lower-case hexadecimal digits, TEXT, padded with zeros to `width` (a literal).

    A negative number is written as its 64 bits. NULL stays NULL.
    """

    arg_types = {"this": True, "width": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class Base64Text(Node):
    """The UTF-8 bytes of `this` (TEXT) in base64, TEXT."""


class Ipv4Number(Node):
    """The number of the IPv4 address that `this` (TEXT, spaces around it taken) writes, a BIGINT; else NULL.

    Four numbers up to 255 without leading zeros, dots between them; no prefix.
    """


class Part(Node):
    """The characters of `this` (TEXT) from `start` (BIGINT, from 0), at most `length` (BIGINT) of them."""

    arg_types = {"this": True, "start": True, "length": False}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class ByteCount(Node):
    """The number of bytes of `this` (TEXT) in UTF-8, a BIGINT."""


class MatchGroup(Node):
    """The text of the `group` (a literal, 0 for all) of the first match of `expression` (a pattern, RE2) in `this`.

    Empty, or NULL, where there is none.
    """

    arg_types = {"this": True, "expression": True, "group": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class MatchGroups(Node):
    """All matches of `expression` (a literal pattern, RE2) in `this` (TEXT), as a JSON array; NULL where there is none.

    With one number in `groups` (literals) each match is that group's text, with several an array of them.
    """

    arg_types = {"this": True, "expression": True, "groups": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class MatchCount(Node):
    """How many matches of `expression` (a pattern, RE2) `this` (TEXT) holds, one after the other, a BIGINT."""

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class SubstitutePattern(Node):
    r"""The TEXT `this` with every match of `expression` (a pattern, RE2) replaced by `replacement`, a literal.

    In the replacement \0 to \9 stand for the match and its groups, \\ for a backslash.
    """

    arg_types = {"this": True, "expression": True, "replacement": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it
