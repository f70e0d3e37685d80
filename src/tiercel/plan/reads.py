"""What a plan reads of stored tables: of each place where it reads one, the columns and the conditions on single rows.

Several plans that read few rows of the same large table can then share one pass over it (`DuckDBEngine.shared`). What
is said errs on the safe side: a column too many, a condition too few.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.passes.time_bounds import conjuncts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tiercel.tables import Table

__all__ = ["Read", "reads"]


_SOURCES: Final = frozenset({"expressions", "from_", "joins", "with_"})
"""The parts of a SELECT that are looked at one by one."""


@dataclass(frozen=True, slots=True)
class Read:
    """A place of a plan that reads a stored table: the columns it may need, and what must hold of each row it uses."""

    table: str
    columns: frozenset[str]
    conditions: tuple[exp.Expr, ...]


def reads(tree: exp.Expr, tables: Mapping[str, Table]) -> tuple[Read, ...]:
    """Every place of the plan that reads one of the tables."""
    found = _Reads(tables)
    bodies = {cte.alias: cte.this for cte in tree.find_all(exp.CTE)}
    found.look(tree, None)
    for name, body in reversed(bodies.items()):
        # A body reads what comes before it: all its readers have been looked at. A recursive one reads itself.
        wanted = None if _is_read_by_itself(name, body) else frozenset(found.wanted[name])
        found.look(body, None if name in found.whole else wanted)
    return tuple(found.reads)


def _is_read_by_itself(name: str, body: exp.Expr) -> bool:
    return any(table.name == name for table in body.find_all(exp.Table))


class _Reads:
    """The reads that were found so far, and which columns of each common table expression somebody wants."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.reads: list[Read] = []
        self.wanted: dict[str, set[str]] = defaultdict(set)
        self.whole: set[str] = set()
        self._tables = tables

    def look(self, query: exp.Expr, wanted: frozenset[str] | None) -> None:
        """Looks at a query of which these columns are wanted; None for all."""
        if isinstance(query, exp.Select):
            self._look_at_select(query, wanted)
            return
        selects = list(_outermost(query))
        for select in selects:
            self._look_at_select(select, _same_places(selects, select, wanted) if _keeps_all(query) else None)

    def _look_at_select(self, select: exp.Select, wanted: frozenset[str] | None) -> None:
        counts = any(select.args.get(part) for part in ("distinct", "group", "limit", "offset"))
        items = [
            item
            for item in select.expressions
            if wanted is None or counts or isinstance(item, exp.Star) or item.alias_or_name in wanted
        ]
        rest = [
            value
            for name, value in select.args.items()
            if name not in ("expressions", "from_", "joins", "with_") and value
        ]
        joins: list[exp.Join] = select.args.get("joins") or []
        rest += [join.args["on"] for join in joins if join.args.get("on")]
        named = {column.name for node in _nodes([*items, *rest]) for column in node.find_all(exp.Column)}
        is_star = any(isinstance(item, exp.Star) for item in items)
        if is_star and wanted is not None:
            named |= wanted
        everything = is_star and wanted is None
        first = select.args.get("from_")
        sources = [*([first.this] if first else []), *(join.this for join in joins)]
        where = select.args.get("where")
        alone = len(sources) == 1
        for source in sources:
            if isinstance(source, exp.Table):
                conditions = tuple(_of_a_row(where.this)) if where and alone else ()
                self._read(source.name, frozenset(named), everything, conditions)
            elif isinstance(source, exp.Subquery) and isinstance(source.this, exp.Query):
                self.look(source.this, None if everything else frozenset(named))
            else:
                self._look_within(source)
        for node in _nodes([*items, *rest]):
            self._look_within(node)

    def _look_within(self, node: exp.Expr) -> None:
        """Looks at the queries within a condition or a value: all that they give is wanted."""
        for select in _outermost(node):
            self._look_at_select(select, None)

    def _read(self, name: str, columns: frozenset[str], everything: bool, conditions: tuple[exp.Expr, ...]) -> None:
        table = self._tables.get(name)
        if table is None:
            self.wanted[name] |= columns
            if everything:
                self.whole.add(name)
            return
        held = {column.name for column in (*table.columns, *table.hidden)}
        self.reads.append(Read(name, frozenset(held if everything else held & columns), conditions))


def _keeps_all(query: exp.Expr) -> bool:
    """Whether the query is a union that removes nothing, so that a column that nobody wants is of no effect."""
    return isinstance(query, exp.Union) and not any(
        one.args.get("distinct") for one in query.find_all(exp.SetOperation)
    )


def _same_places(selects: list[exp.Select], select: exp.Select, wanted: frozenset[str] | None) -> frozenset[str] | None:
    """What the wanted columns of a union, which have the first SELECT's names, are called in another of them."""
    first = selects[0]
    items = (*first.expressions, *select.expressions)
    if wanted is None or len(first.expressions) != len(select.expressions) or any(one.find(exp.Star) for one in items):
        return None
    pairs = zip(first.expressions, select.expressions, strict=True)
    return frozenset(its.alias_or_name for one, its in pairs if one.alias_or_name in wanted)


def _nodes(values: list[object]) -> Iterator[exp.Expr]:
    for value in values:
        if isinstance(value, list):
            yield from _nodes(value)
        elif isinstance(value, exp.Expr):
            yield value


def _outermost(node: exp.Expr) -> Iterator[exp.Select]:
    """The SELECTs in the node that stand in no other of them."""
    for one in node.walk(prune=lambda each: isinstance(each, exp.Select)):
        if isinstance(one, exp.Select):
            yield one


def _of_a_row(where: exp.Expr) -> Iterator[exp.Expr]:
    """The conditions that look at one row alone."""
    for part in conjuncts(where):
        if not part.find(exp.Query, exp.Window, exp.AggFunc):
            yield part
