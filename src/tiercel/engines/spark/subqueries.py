"""Values taken out of tables, put where Spark can use them: its functions over arrays take no subquery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from tiercel.plan.nodes.node import AggregateNode, Node

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["beside_rows"]

_VALUE = "value"


def beside_rows(tree: exp.Expr) -> exp.Expr:
    """The tree, in which a value out of a table that a node of ours takes stands as a column beside the rows.

    The nodes are written with Spark's functions over arrays, in which a subquery is an error. A value out of a table is
    one row of one column, so that joining it to every row changes nothing.
    """
    tree = tree.copy()
    for select in list(tree.find_all(exp.Select)):
        for number, value in enumerate(list(_values(select))):
            name = f"$value{number}"
            column = exp.Column(this=_quoted(_VALUE), table=_quoted(name))
            row = exp.Select(expressions=[exp.Alias(this=value.copy(), alias=_quoted(_VALUE))])
            beside = exp.Subquery(this=row, alias=exp.TableAlias(this=_quoted(name)))
            value.replace(column)
            if select.args.get("from_") is None:
                select.set("from_", exp.From(this=beside))
            else:
                select.append("joins", exp.Join(this=beside, kind="CROSS"))
    return tree


def _values(select: exp.Select) -> Iterator[exp.Subquery]:
    """The values out of tables that nodes of ours take in the SELECT itself."""
    for one in select.find_all(exp.Subquery):
        if one.parent_select is not select or isinstance(one.parent, exp.From | exp.Join | exp.In):
            continue
        above = one.parent
        while above is not None and above is not select:
            if isinstance(above, Node | AggregateNode):
                yield one
                break
            above = above.parent


def _quoted(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)
