"""Rows on their way through a query: what a tabular expression has become so far.

A `Relation` is one SELECT in the making. An operator may add to it only what provably means the same as a SELECT of its
own around it; otherwise it calls `Compiler.seal` first, which closes the SELECT into a common table expression and
starts the next one over it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from tiercel.plan.values import Typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tiercel.tables import KustoType

__all__ = ["Field", "OrderKey", "Relation", "column", "unique_names"]


def column(name: str, table: str = "") -> exp.Column:
    """A reference to a SQL column, quoted: Kusto's names hold anything."""
    qualifier = exp.Identifier(this=table, quoted=True) if table else None
    return exp.Column(this=exp.Identifier(this=name, quoted=True), table=qualifier)


def unique_names(names: Iterable[str]) -> Iterator[str]:
    """SQL names for Kusto names, in order: engines take `LogonId` and `LogonID` for one: the second gets a suffix."""
    taken: set[str] = set()
    for name in names:
        candidate, count = name or "_", 1
        while candidate.lower() in taken:
            candidate, count = f"{name}${count}", count + 1
        taken.add(candidate.lower())
        yield candidate


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a relation. `broken` marks one whose definition is wrong: it was reported, its uses are not."""

    name: str
    type: KustoType
    sql: exp.Expr
    broken: bool = False
    value: object = field(default=None)

    @property
    def is_plain(self) -> bool:
        """Whether it is a column of the relation's source, so that naming it twice computes nothing twice."""
        return isinstance(self.sql, exp.Column)

    def typed(self) -> Typed:
        """The field as a lowered scalar."""
        return Typed(self.sql.copy(), self.type)


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One key of the order that rows are in. Its field need not be among the relation's."""

    field: Field
    descending: bool
    nulls_first: bool

    def ordered(self) -> exp.Ordered:
        """The key as SQL writes it in ORDER BY."""
        return exp.Ordered(this=self.field.sql.copy(), desc=self.descending, nulls_first=self.nulls_first)


@dataclass(frozen=True, slots=True)
class Relation:
    """A SELECT in the making: `source` and `joins`, filtered by `where`, giving `fields`.

    `hidden` can be named but are not part of `*` (the ingestion time and source of a stored row). `order` is the order
    of the rows, empty where there is none. `partition` are the keys that tell apart the sub-tables of mv-apply and
    partition while one query runs over all of them at once. `is_open` marks rows whose columns are not known because of
    an error that was reported: any name is then taken. `name` is the stored table's, `label` what `as` called the rows.
    """

    source: exp.Expr | None
    fields: tuple[Field, ...]
    joins: tuple[exp.Join, ...] = ()
    where: tuple[exp.Expr, ...] = ()
    hidden: tuple[Field, ...] = ()
    order: tuple[OrderKey, ...] = ()
    partition: tuple[Field, ...] = ()
    is_serialized: bool = False
    is_open: bool = False
    name: str = ""
    label: str = ""

    def find(self, name: str) -> Field | None:
        """The column of that name, a visible one first."""
        for one in self.fields:
            if one.name == name:
                return one
        for one in self.hidden:
            if one.name == name:
                return one
        return None

    @property
    def names(self) -> tuple[str, ...]:
        """The visible columns' names, in order."""
        return tuple(one.name for one in self.fields)

    @property
    def is_trivial(self) -> bool:
        """Whether it is its source as it stands: nothing filtered, nothing computed."""
        return (
            self.source is not None
            and not self.where
            and not self.joins
            and all(one.is_plain for one in (*self.fields, *self.hidden, *self.partition))
            and all(key.field.is_plain for key in self.order)
        )

    @property
    def has_windows(self) -> bool:
        """Whether a column looks at other rows, so that filtering after it differs from filtering before."""
        computed = (*self.fields, *self.hidden, *self.partition, *(key.field for key in self.order))
        return any(not one.is_plain and one.sql.find(exp.Window) for one in computed)

    def with_fields(self, fields: Iterable[Field]) -> Relation:
        """The same rows with other columns."""
        return replace(self, fields=tuple(fields))

    def select(self, *, everything: bool = True) -> tuple[exp.Select, list[str]]:
        """The SELECT, and the SQL names of its columns: the visible, then the hidden, order and partition ones."""
        extra = (*self.hidden, *self.partition, *(key.field for key in self.order)) if everything else ()
        columns = (*self.fields, *extra)
        names = list(unique_names(one.name for one in columns))
        items = [_aliased(one.sql, name) for one, name in zip(columns, names, strict=True)]
        select = exp.Select(expressions=items or [_aliased(exp.Null(), "_")])
        if self.source is not None:
            # Written rows can be many, and stand in this one SELECT only.
            source = self.source if isinstance(self.source, exp.Values) else self.source.copy()
            select.set("from_", exp.From(this=source))
        if self.joins:
            select.set("joins", [one.copy() for one in self.joins])
        if self.where:
            select.set("where", exp.Where(this=conjunction(self.where)))
        return select, names


def conjunction(predicates: Iterable[exp.Expr]) -> exp.Expr:
    """All of them, joined by AND. Each is copied."""
    result: exp.Expr | None = None
    for predicate in predicates:
        one = predicate.copy()
        if isinstance(one, exp.Or):
            one = exp.Paren(this=one)
        result = one if result is None else exp.And(this=result, expression=one)
    return exp.Boolean(this=True) if result is None else result


def _aliased(sql: exp.Expr, name: str) -> exp.Expr:
    if isinstance(sql, exp.Column) and sql.name == name:
        return sql.copy()
    return exp.Alias(this=sql.copy(), alias=exp.Identifier(this=name, quoted=True))
