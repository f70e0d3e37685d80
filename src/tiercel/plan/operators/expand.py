"""mv-expand, mv-apply and partition: rows made of arrays, and queries over the sub-tables of each row or key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from tiercel.plan.compiler import OPEN
from tiercel.plan.functions.forms import as_type, dynamic_of
from tiercel.plan.naming import expression_name, free_name
from tiercel.plan.nodes.dynamic import Items, ListItem, Positions
from tiercel.plan.operators.columns import field_of, ready
from tiercel.plan.operators.rows import whole_number
from tiercel.plan.relation import Field, OrderKey, Relation, column
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.kql import syntax
    from tiercel.plan.context import Context

__all__ = ["mv_apply", "mv_expand", "partition"]

_POSITION = "$item"


def mv_expand(context: Context, rows: Relation, node: syntax.MvExpand) -> Relation:
    """One row for each element of a dynamic array, or property of a bag; several columns are expanded side by side.

    A shorter array is filled up with nulls. A null gives one row, an empty array none. `to typeof(...)` converts the
    elements, `with_itemindex=i` numbers them from 0, `bagexpansion=array` gives a property as its name and value.

    Example: `mv-expand Address = parse_json(IPAddresses) to typeof(string)`.
    """
    hints = {hint.name: hint.value for hint in node.hints}
    pairs = (hints.get("bagexpansion") or hints.get("kind") or "bag").lower() == "array"
    limit = whole_number(context, node.limit, "mv-expand") if node.limit is not None else None
    rows = _expanded(context, rows, node.items, pairs=pairs, limit=limit)
    index = hints.get("with_itemindex")
    if index and not rows.is_open:
        position = rows.order[-1].field
        rows = rows.with_fields([*rows.fields, replace(position, name=index)])
    return rows


def _expanded(
    context: Context, rows: Relation, items: Sequence[syntax.MvItem], *, pairs: bool, limit: exp.Expr | None
) -> Relation:
    """The rows, one for each item; the item's position is the last key of their order."""
    rows = ready(context, rows, [item.expression for item in items])
    values = [context.over(rows).lower(item.expression) for item in items]
    for item, value in zip(items, values, strict=True):
        if value.type not in {KustoType.DYNAMIC, KustoType.STRING} and not isinstance(value, Broken):
            message = f"only a dynamic value can be expanded, found a {value.type}"
            raise Refusal("kql-type", message, region=item.region)
    if rows.is_open or any(isinstance(value, Broken) for value in values):
        return OPEN
    lists = [
        Field(f"$items{at}", KustoType.DYNAMIC, Items(this=dynamic_of(value).sql, pairs=pairs))
        for at, value in enumerate(values)
    ]
    kept = len(rows.hidden)
    rows = context.compiler.seal(replace(rows, hidden=(*rows.hidden, *lists)))
    sizes = [exp.ArraySize(this=one.sql.copy()) for one in rows.hidden[kept:]]
    count: exp.Expr = sizes[0] if len(sizes) == 1 else exp.Greatest(this=sizes[0], expressions=sizes[1:])
    if limit is not None:
        count = exp.Least(this=count, expressions=[limit])
    position = Field(_POSITION, KustoType.LONG, Positions(this=count))
    key = OrderKey(position, descending=False, nulls_first=False)
    rows = context.compiler.seal(replace(rows, order=(*rows.order, key)))
    position = rows.order[-1].field
    fields = list(rows.fields)
    for item, held in zip(items, rows.hidden[kept:], strict=True):
        element = Typed(ListItem(this=held.sql.copy(), expression=position.sql.copy()), KustoType.DYNAMIC)
        value = as_type(element, item.type) if item.type is not None else element
        name = item.name.text if item.name is not None else expression_name(item.expression)
        if not name:
            name = free_name("Column1", {one.name for one in fields})
        made = field_of(name, value)
        at = next((at for at, one in enumerate(fields) if one.name == name), None)
        if at is None:
            fields.append(made)
        else:
            fields[at] = made
    return context.compiler.seal(replace(rows, fields=tuple(fields), hidden=rows.hidden[:kept]))


def mv_apply(context: Context, rows: Relation, node: syntax.MvApply) -> Relation:
    """A query over the elements of each row's array: the row's columns beside what the query gives for it.

    A row for which the query gives nothing is dropped.

    Example: `mv-apply Hash = Hashes to typeof(string) on (where Hash startswith "SHA1=" | project Hash)`.
    """
    limit = whole_number(context, node.limit, "mv-apply") if node.limit is not None else None
    if rows.partition:
        raise Refusal("kql-unsupported", "mv-apply within mv-apply or partition is not supported")
    number = exp.Window(this=exp.RowNumber(), order=_order(rows))
    if rows.order:
        rows = context.compiler.seal(rows)
        number = exp.Window(this=exp.RowNumber(), order=_order(rows))
    rows = context.compiler.seal(rows) if rows.has_windows else rows
    row = Field("$row", KustoType.LONG, number)
    rows = context.compiler.seal(replace(rows, hidden=(*rows.hidden, row)))
    if rows.is_open:
        return OPEN
    row = rows.hidden[-1]
    inner = replace(rows, hidden=rows.hidden[:-1], partition=(row,), order=(_ascending(row),))
    inner = _expanded(context, inner, node.items, pairs=False, limit=limit)
    inner = replace(inner, is_serialized=True)
    inner = context.over_operators(inner, node.operators)
    if inner.is_open:
        return OPEN
    return _beside(context, rows, inner)


def _order(rows: Relation) -> exp.Order | None:
    return exp.Order(expressions=[key.ordered() for key in rows.order]) if rows.order else None


def _ascending(one: Field) -> OrderKey:
    return OrderKey(one, descending=False, nulls_first=False)


def _beside(context: Context, outer: Relation, inner: Relation) -> Relation:
    """Each outer row beside the inner rows made of it: the inner columns that the outer rows have not come last."""
    inner = context.compiler.seal(inner)
    row = outer.hidden[-1]
    condition = exp.EQ(this=column(row.sql.name, "l"), expression=column(inner.partition[0].sql.name, "r"))
    joined = exp.Join(this=_as(inner, "r"), kind="INNER", on=condition)
    own = {one.name: one for one in inner.fields}
    fields = []
    for one in outer.fields:
        changed = own.pop(one.name, None)
        side = (changed, "r") if changed is not None else (one, "l")
        fields.append(replace(side[0], sql=column(side[0].sql.name, side[1])))
    fields += [replace(one, sql=column(one.sql.name, "r")) for one in own.values()]
    order = [_ascending(replace(row, sql=column(row.sql.name, "l")))]
    order += [replace(key, field=replace(key.field, sql=column(key.field.sql.name, "r"))) for key in inner.order]
    return Relation(source=_as(outer, "l"), joins=(joined,), fields=tuple(fields), order=tuple(order))


def _as(rows: Relation, alias: str) -> exp.Expr:
    source = rows.source.copy() if rows.source is not None else exp.Table(this=exp.to_identifier(alias))
    source.set("alias", exp.TableAlias(this=exp.Identifier(this=alias, quoted=True)))
    return source


def partition(context: Context, rows: Relation, node: syntax.Partition) -> Relation:
    """A query over the rows of each key by itself; the results stand one below the other.

    Example: `partition by DeviceId (top 3 by Timestamp desc)`.
    """
    if node.source is not None:
        why = "write `partition by Key (operators)`"
        raise Refusal("kql-unsupported", "a partition whose query begins with a table is not supported", why)
    if rows.partition:
        raise Refusal("kql-unsupported", "partition within mv-apply or partition is not supported")
    rows = ready(context, rows, [node.key])
    key = context.over(rows).lower(node.key)
    if isinstance(key, Broken) or rows.is_open:
        return OPEN
    inner = replace(rows, partition=(field_of("$key", key),))
    inner = context.over_operators(context.compiler.seal(inner), node.operators)
    return replace(inner, partition=())
