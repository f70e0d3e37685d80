"""The two classes that every node of the plan's own is made of."""

from __future__ import annotations

from sqlglot import exp

__all__ = ["AggregateNode", "Node"]


class Node(exp.Expression, exp.Func):
    """A scalar of the plan's own. `arg_types` names its arguments; True marks the required ones."""

    arg_types = {"this": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class AggregateNode(exp.Expression, exp.AggFunc):
    """An aggregate of the plan's own: it may be filtered (`exp.Filter`) and windowed (`exp.Window`) as SQL's are."""

    arg_types = {"this": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it
