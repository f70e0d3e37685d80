"""Nodes on text."""

from __future__ import annotations

from tiercel.plan.nodes.node import Node

__all__ = ["HasAnyTerm", "HasOneOf", "HasTerm", "HasTermPrefix", "HasTermSuffix", "MatchesRegex"]


class HasTerm(Node):
    """Whether `this` (TEXT) holds `expression` (TEXT) as whole terms, a BOOLEAN; NULL if either is NULL.

    A term is a maximal run of letters and digits; outside ASCII and Latin-1 the blocks of letters count as a whole. The
    needle may span terms, but a neighbour of it that is a letter or digit, beside a letter or digit of its own, means
    no match. An empty needle is found in every text. Cases are told apart: who wants it otherwise lowers both sides.
    """

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class HasTermPrefix(Node):
    """Whether a term of `this` (TEXT) starts with `expression` (TEXT), a BOOLEAN: `HasTerm` without its edge after."""

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class HasTermSuffix(Node):
    """Whether a term of `this` (TEXT) ends with `expression` (TEXT), a BOOLEAN: `HasTerm` without its edge before."""

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class MatchesRegex(Node):
    """Whether `expression` (TEXT, a pattern as RE2 reads it) is found anywhere in `this` (TEXT), a BOOLEAN."""

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class HasAnyTerm(Node):
    """Whether `this` (TEXT) has any element of the array `expression` (JSON) as `HasTerm`, TRUE or FALSE.

    With `every`, whether it has all of them. With `folded`, the elements are put in lower case first.
    """

    arg_types = {"this": True, "expression": True, "every": False, "folded": False}  # noqa: RUF012  as above


class HasOneOf(Node):
    """Whether `this` (TEXT) has any of `expressions` (TEXT literals) as `HasTerm`, a BOOLEAN: one test for many."""

    arg_types = {"this": True, "expressions": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it
