"""A shared step that only filters a stored table, by comparisons, is read anew by each of few readers that filter it.

    WITH p AS MATERIALIZED (SELECT a, b, ... FROM T WHERE x = 1) ... FROM p WHERE y = 2 ... FROM p WHERE z = 3

Computed once, such a step holds all columns that any reader needs of all rows that any of them may want, and no
reader's condition reaches the stored table. Read anew, each reads its own columns of its own rows, and the table's
statistics rule out the rest. A step that the author put into `materialize()` stays as it is, and so does one that
costs more than comparisons, or that somebody reads whole.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.nodes.time import RunClock
from tiercel.plan.passes.time_bounds import conjuncts

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AUTHORS", "read_anew"]

AUTHORS: Final = "materialize"
"""What the meta of a common table expression says that stands for a `materialize()` of the author's."""

_MOST_READERS: Final = 4
"""More readers than these would filter the table more often than writing its rows once costs."""

_SIMPLE: Final = (
    exp.And,
    exp.Between,
    exp.Boolean,
    exp.Cast,
    exp.Column,
    exp.DataType,
    exp.EQ,
    exp.GT,
    exp.GTE,
    exp.Identifier,
    exp.In,
    exp.Is,
    exp.LT,
    exp.LTE,
    exp.Literal,
    exp.Lower,
    exp.NEQ,
    exp.Neg,
    exp.Not,
    exp.Null,
    exp.NullSafeNEQ,
    exp.Or,
    exp.Paren,
    exp.StartsWith,
    RunClock,
)
"""What may stand in the filter: comparisons, which a reader of Parquet answers by a column's dictionary."""


def read_anew(tree: exp.Select) -> exp.Select:
    """The same rows; such a step is not marked as computed once any more."""
    steps = {node.alias: node for node in tree.find_all(exp.CTE)}
    readers: dict[str, list[exp.Select | None]] = defaultdict(list)
    for table in tree.find_all(exp.Table):
        if table.name in steps:
            readers[table.name].append(_reader(table))
    for name, step in steps.items():
        if (
            step.args.get("materialized")
            and not step.meta.get(AUTHORS)
            and _is_simple(step.this, steps)
            and len(readers[name]) <= _MOST_READERS
            and all(one is not None and _wants_less(one) for one in readers[name])
        ):
            step.set("materialized", False)
    return tree


def _reader(table: exp.Table) -> exp.Select | None:
    """The SELECT that reads the table and nothing else; None where it is joined as it stands."""
    source = table.parent
    select = source.parent if isinstance(source, exp.From) else None
    return select if isinstance(select, exp.Select) and not select.args.get("joins") else None


def _is_simple(body: exp.Expr, steps: dict[str, exp.CTE]) -> bool:
    if not isinstance(body, exp.Select) or set(_parts(body)) != {"expressions", "from_", "where"}:
        return False
    source = body.args["from_"].this
    return (
        isinstance(source, exp.Table)
        and source.name not in steps
        and all(isinstance(_value(item), exp.Column) for item in body.expressions)
        and all(isinstance(node, _SIMPLE) for node in body.args["where"].this.walk())
    )


def _parts(select: exp.Select) -> Iterator[str]:
    """The parts of the SELECT that hold anything."""
    return (name for name, value in select.args.items() if value)


def _value(item: exp.Expr) -> exp.Expr:
    return item.this if isinstance(item, exp.Alias) else item


def _wants_less(select: exp.Select) -> bool:
    """Whether the SELECT has a condition on single rows, which can be asked of the stored table."""
    where = select.args.get("where")
    return where is not None and any(not part.find(exp.Query, exp.Window) for part in conjuncts(where.this))
