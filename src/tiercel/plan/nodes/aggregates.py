"""Nodes for the aggregates that SQL has no common word for."""

from __future__ import annotations

from tiercel.plan.nodes.node import AggregateNode, Node

__all__ = ["AtExtreme", "FirstOf", "ListJson", "ListOf", "NearestRank"]


class ListOf(AggregateNode):
    """The list of the values of `this`, in the order of the rows, NULLs among them; NULL where there is no row.

    Of `exp.Distinct` in `this`, every value once, in any order. Only `ListJson` takes the list. `json` marks values
    that are JSON: not every engine has a type for it.
    """

    arg_types = {"this": True, "json": False}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class ListJson(Node):
    """The list `this` (of `ListOf`, or that filtered) as a JSON array, cut to `size` (a literal) elements.

    A list of distinct values is put in their order, so that the answer is the same every time. A NULL list is the empty
    array, or NULL with `nullable`.
    """

    arg_types = {"this": True, "size": False, "nullable": False}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class FirstOf(AggregateNode):
    """The value of `this` in the first row, which may be NULL; NULL where there is no row."""


class AtExtreme(AggregateNode):
    """The value of `this` in the row where `expression` is largest (`maximum` TRUE) or smallest, the first such row.

    Rows in which `expression` is NULL are passed over; the value itself may be NULL.
    """

    arg_types = {"this": True, "expression": True, "maximum": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class NearestRank(AggregateNode):
    """The smallest value of `this` that the share `expression` (a literal, 0 to 1) of all its values is not above."""

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it
