"""Operators on rows: where, take, sort, top, count, distinct, sample, and those that leave the rows as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.plan.compiler import qualified
from tiercel.plan.expressions.logic import truth
from tiercel.plan.functions.forms import INTEGERS
from tiercel.plan.operators.columns import field_of, lower_project, ready
from tiercel.plan.relation import Field, OrderKey, Relation
from tiercel.plan.scope import TableBinding
from tiercel.plan.values import Broken, Refusal
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiercel.plan.context import Context

__all__ = [
    "consume",
    "count",
    "distinct",
    "get_schema",
    "name_rows",
    "render",
    "sample",
    "sort",
    "sorted_by",
    "take",
    "top",
    "where",
    "whole_number",
]


def where(context: Context, rows: Relation, node: syntax.Where) -> Relation:
    """The rows for which the predicate is true: neither false nor null.

    Example: `where ActionType =~ "InboundConnectionAccepted"`.
    """
    rows = ready(context, rows, [node.predicate])
    if rows.has_windows:
        rows = context.compiler.seal(rows)
    predicate = truth(context.over(rows).predicate(), node.predicate)
    if isinstance(predicate, Broken) or predicate.value is True:
        return rows
    if predicate.sql.find(exp.Window):
        return _where_by_window(context, rows, predicate.sql)
    return replace(rows, where=(*rows.where, predicate.sql))


def _where_by_window(context: Context, rows: Relation, predicate: exp.Expr) -> Relation:
    """The rows by a predicate that looks at other rows (`where row_number() <= 3`), a column first in SQL."""
    column = Field("predicate", KustoType.BOOL, predicate)
    told = replace(rows, hidden=(*rows.hidden, column))
    sealed = context.compiler.seal(told)
    return replace(sealed, where=(*sealed.where, sealed.hidden[-1].sql), hidden=sealed.hidden[:-1])


def whole_number(context: Context, node: syntax.Expression, word: str) -> exp.Expr:
    """A count of rows, as SQL: a constant, or a value that is known before the rows are read."""
    value = context.over(None).lower(node)
    if isinstance(value, Broken):
        return exp.Literal.number(0)
    if value.type not in INTEGERS or (value.is_constant and not isinstance(value.value, int)):
        raise Refusal("kql-type", f"`{word}` takes a whole number of rows, found a {value.type}", region=node.region)
    if isinstance(value.value, int):
        if value.value < 0:
            raise Refusal("kql-type", f"`{word}` takes a number of rows, found {value.value}", region=node.region)
        return exp.Literal.number(value.value)
    return value.sql


def take(context: Context, rows: Relation, node: syntax.Take) -> Relation:
    """At most so many rows: the first ones where they have an order, any where they have none.

    Example: `take 10`.
    """
    return first(context, rows, whole_number(context, node.count, "take"))


def first(context: Context, rows: Relation, limit: exp.Expr) -> Relation:
    """The first rows, of each sub-table where there are several."""
    if rows.is_open:
        return rows
    if rows.partition:
        return _first_of_each(context, rows, limit)
    if rows.order or rows.has_windows:
        rows = context.compiler.seal(rows)
    select, names = rows.select()
    if rows.order:
        select.set("order", exp.Order(expressions=[qualified(key, rows) for key in rows.order]))
    select.set("limit", exp.Limit(expression=limit))
    return context.compiler.add(select, names, rows)


def _first_of_each(context: Context, rows: Relation, limit: exp.Expr) -> Relation:
    rows = context.compiler.seal(rows)
    order = exp.Order(expressions=[key.ordered() for key in rows.order]) if rows.order else None
    number = exp.Window(this=exp.RowNumber(), partition_by=[one.sql.copy() for one in rows.partition], order=order)
    ranked = replace(rows, hidden=(*rows.hidden, Field("$rank", KustoType.LONG, number)))
    ranked = context.compiler.seal(ranked)
    kept = exp.LTE(this=ranked.hidden[-1].sql.copy(), expression=limit)
    return replace(ranked, hidden=ranked.hidden[:-1], where=(kept,))


def sort(context: Context, rows: Relation, node: syntax.Sort) -> Relation:
    """The rows in order: descending unless `asc` is written, nulls last when descending and first when ascending.

    Example: `sort by Timestamp asc`.
    """
    return sorted_by(context, rows, node.keys)


def sorted_by(context: Context, rows: Relation, keys: Iterable[syntax.Ordered]) -> Relation:
    """The rows by these keys, those that tie in the order they had."""
    keys = list(keys)
    rows = ready(context, rows, keys)
    place = context.over(rows)
    order: list[OrderKey] = []
    for at, key in enumerate(keys):
        inner = key.expression.expression if isinstance(key.expression, syntax.Named) else key.expression
        if isinstance(inner, syntax.Pipeline):
            raise Refusal("kql-not-scalar", "a value is expected here, not a table", region=inner.region)
        value = place.lower(inner)
        if isinstance(value, Broken) or value.is_constant:
            continue
        descending = key.descending is not False
        nulls_first = key.nulls_first if key.nulls_first is not None else not descending
        order.append(OrderKey(field_of(f"$order{at}", value), descending, nulls_first))
    return replace(rows, order=(*order, *rows.order), is_serialized=True)


def top(context: Context, rows: Relation, node: syntax.Top) -> Relation:
    """The first rows by a key: `sort` and `take` in one.

    Example: `top 10 by Timestamp desc`.
    """
    limit = whole_number(context, node.count, "top")
    return first(context, sorted_by(context, rows, node.keys), limit)


def count(context: Context, rows: Relation, node: syntax.Count) -> Relation:
    """One row: how many rows there are, as `Count`."""
    if rows.is_open:
        return rows
    if rows.has_windows:
        rows = context.compiler.seal(rows)
    number = Field(node.name.text if node.name else "Count", KustoType.LONG, exp.Count(this=exp.Star(), big_int=True))
    counted = replace(rows, fields=(number,), hidden=(), order=(), is_serialized=False)
    select, names = counted.select()
    if rows.partition:
        select.set("group", exp.Group(expressions=[exp.Literal.number(2 + at) for at in range(len(rows.partition))]))
    return context.compiler.add(select, names, counted)


def distinct(context: Context, rows: Relation, node: syntax.Distinct) -> Relation:
    """Every combination of the columns' values once; `distinct *` takes all columns.

    Example: `distinct DeviceId, FileName`.
    """
    if not (len(node.columns) == 1 and isinstance(node.columns[0], syntax.Star)):
        project = syntax.Project(region=node.region, kind="project", items=node.columns)
        rows = lower_project(context, rows, project)
    if rows.is_open:
        return rows
    rows = replace(rows, hidden=(), order=(), is_serialized=False)
    select, names = rows.select()
    select.set("distinct", exp.Distinct())
    return context.compiler.add(select, names, rows)


def sample(context: Context, rows: Relation, node: syntax.Sample) -> Relation:
    """Some of the rows: Kusto picks at random, we take the first ones, so that a query repeats.

    `sample-distinct n of Column` gives that many different values of the column.
    """
    limit = whole_number(context, node.count, "sample")
    if node.of is not None:
        columns = syntax.Distinct(region=node.region, hints=(), columns=(node.of,))
        rows = distinct(context, rows, columns)
    return first(context, rows, limit)


def name_rows(context: Context, rows: Relation, node: syntax.As) -> Relation:
    """The same rows, which the rest of the query can also name."""
    rows = context.compiler.seal(rows, node.name.text)
    rows = replace(rows, label=node.name.text)
    context.scope.own[node.name.text] = TableBinding(rows)
    return rows


def render(context: Context, rows: Relation, node: syntax.Render) -> Relation:
    """The same rows; how they are to be shown is kept as a hint."""
    context.compiler.render_hint = node.kind
    return rows


def consume(_context: Context, rows: Relation, _node: syntax.Consume) -> Relation:
    """No rows: the query is run for its cost only."""
    return replace(rows, where=(*rows.where, exp.Boolean(this=False)))


_DATA_TYPES = {
    KustoType.BOOL: "System.SByte",
    KustoType.INT: "System.Int32",
    KustoType.LONG: "System.Int64",
    KustoType.REAL: "System.Double",
    KustoType.DECIMAL: "System.Data.SqlTypes.SqlDecimal",
    KustoType.STRING: "System.String",
    KustoType.DATETIME: "System.DateTime",
    KustoType.TIMESPAN: "System.TimeSpan",
    KustoType.GUID: "System.Guid",
    KustoType.DYNAMIC: "System.Object",
}


def get_schema(context: Context, rows: Relation, node: syntax.GetSchema) -> Relation:
    """One row a column: ColumnName, ColumnOrdinal, DataType, ColumnType."""
    if rows.is_open:
        return rows
    names = ("ColumnName", "ColumnOrdinal", "DataType", "ColumnType")
    kinds = (KustoType.STRING, KustoType.INT, KustoType.STRING, KustoType.STRING)
    region = node.region
    columns = tuple(
        syntax.ColumnDeclaration(region=region, name=syntax.Name(region=region, text=name), type=kind)
        for name, kind in zip(names, kinds, strict=True)
    )
    values: list[syntax.Expression] = []
    for at, one in enumerate(rows.fields):
        cells: tuple[object, ...] = (one.name, at, _DATA_TYPES[one.type], one.type.value)
        values += [syntax.Literal(region=region, value=c, type=k) for c, k in zip(cells, kinds, strict=True)]
    table = syntax.Datatable(region=region, columns=columns, values=tuple(values))
    return context.rows(syntax.Pipeline(region=region, source=table, operators=()))
