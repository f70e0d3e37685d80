"""`summarize`: groups of rows, one row a group."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.plan.compiler import OPEN
from tiercel.plan.expressions.calls import call_results
from tiercel.plan.functions import AGGREGATES
from tiercel.plan.functions.registry import Aggregate
from tiercel.plan.literals import cast
from tiercel.plan.naming import expression_name, free_name
from tiercel.plan.nodes.aggregates import FirstOf, ListOf
from tiercel.plan.nodes.dynamic import Element
from tiercel.plan.operators.columns import field_of, ready
from tiercel.plan.relation import Field, Relation
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.plan.context import Context

__all__ = ["aggregate_fields", "group_fields", "grouped", "summarize"]

_EXTREMES: Final = {"arg_max": exp.ArgMax, "arg_min": exp.ArgMin, "argmax": exp.ArgMax, "argmin": exp.ArgMin}
_ANY: Final = frozenset({"take_any", "any"})


@dataclass(slots=True)
class _Aggregates:
    """The columns that the aggregates make, and those that are taken out of a record once the groups stand."""

    made: list[Field] = field(default_factory=list)
    taken_out: dict[str, tuple[str, str]] = field(default_factory=dict)
    count: int = 0


def summarize(context: Context, rows: Relation, node: syntax.Summarize) -> Relation:
    """One row for each combination of the `by` values, with the aggregates of its rows.

    Without `by` there is one row, even over no rows; with `by`, none then. Without aggregates the combinations alone.

    Example: `summarize Hits = count(), Peers = make_set(RemoteIP) by DeviceId, bin(Timestamp, 1h)`.
    """
    rows = ready(context, rows, (*node.aggregates, *node.groups))
    if rows.has_windows:
        rows = context.compiler.seal(rows)
    groups = group_fields(context, rows, node.groups)
    return grouped(context, rows, groups, node.aggregates)


def grouped(
    context: Context, rows: Relation, groups: Sequence[Field], aggregates: Sequence[syntax.Expression | syntax.Named]
) -> Relation:
    """The rows by group, with the aggregates' columns after the groups'."""
    made = aggregate_fields(context, rows, aggregates, [one.name for one in groups])
    if rows.is_open:
        return replace(rows, fields=(*groups, *made.made))
    shape = replace(rows, fields=(*groups, *made.made), hidden=(), order=(), is_serialized=False, name="")
    select, names = shape.select()
    positions = [*range(len(groups)), *range(len(shape.fields), len(shape.fields) + len(shape.partition))]
    if positions:
        select.set("group", exp.Group(expressions=[exp.Literal.number(at + 1) for at in positions]))
    result = context.compiler.add(select, names, shape)
    return _records_opened(result, made) if made.taken_out else result


def group_fields(context: Context, rows: Relation, groups: Sequence[syntax.Expression | syntax.Named]) -> list[Field]:
    """The `by` columns: `bin(Timestamp, 1h)` keeps the name Timestamp, other expressions are counted."""
    place, result, counted = context.over(rows), list[Field](), 0
    for item in groups:
        if isinstance(item, syntax.Named) and len(item.names) == 1:
            value, name = place.lower(item.expression), item.names[0].text  # type: ignore[arg-type]  # refused by `lower` otherwise
        else:
            value, name = place.lower(item), expression_name(item)  # type: ignore[arg-type]  # refused by `lower` otherwise
        if not name:
            counted += 1
            name = f"Column{counted}"
        if value.type is KustoType.DYNAMIC and not isinstance(value, Broken):
            message = "rows cannot be grouped by a dynamic value"
            context.compiler.report("kql-type", message, item.region, "convert it first: `tostring(...)`")
            value = Broken(exp.Null(), KustoType.STRING)
        result.append(field_of(free_name(name, {one.name for one in result}), value))
    return result


def aggregate_fields(
    context: Context, rows: Relation, items: Sequence[syntax.Expression | syntax.Named], taken: Sequence[str]
) -> _Aggregates:
    """The aggregates' columns, named as Kusto names them, none twice."""
    result = _Aggregates()
    explicit = {item.names[0].text for item in items if isinstance(item, syntax.Named) and len(item.names) == 1}
    for item in items:
        names = [one.text for one in item.names] if isinstance(item, syntax.Named) else []
        call = item.expression if isinstance(item, syntax.Named) else item
        used = {*taken, *(one.name for one in result.made)}
        try:
            if isinstance(call, syntax.Call) and _is_record(call):
                _record(context.over(rows), call, names, used, result)
            else:
                _single(context.over(rows), call, names, used | explicit, result)
        except Refusal as refusal:
            context.compiler.refuse(refusal, item.region)
    return result


def _single(
    context: Context,
    node: syntax.Expression | syntax.Pipeline,
    names: list[str],
    used: set[str],
    result: _Aggregates,
) -> None:
    several = call_results(context.aggregate(), node)
    if several is not None:
        for at, (name, one) in enumerate(several):
            final = names[at] if at < len(names) else free_name(name, {*used, *(made.name for made in result.made)})
            result.made.append(field_of(final, _in_order(context, one)))
        return
    value = context.aggregate().lower(node)  # type: ignore[arg-type]  # refused by `lower` otherwise
    value = _in_order(context, value)
    if len(names) > 1:
        for at, name in enumerate(names):
            element = Element(this=value.sql.copy(), expression=cast(exp.Literal.number(at), KustoType.LONG))
            result.made.append(
                field_of(name, value if isinstance(value, Broken) else Typed(element, KustoType.DYNAMIC))
            )
        return
    if names:
        result.made.append(field_of(names[0], value))
        return
    name = ""
    if isinstance(node, syntax.Call):
        entry = AGGREGATES.get(node.name)
        if isinstance(entry, Aggregate):
            name = entry.default_name([expression_name(one) for one in node.arguments])
    if not name:
        result.count += 1
        name = f"Column{result.count}"
    result.made.append(field_of(free_name(name, used), value))


def _in_order(context: Context, value: Typed) -> Typed:
    """The aggregate with its lists in the order of the rows, where they have one."""
    rows = context.relation
    if rows is None or not rows.order or isinstance(value, Broken):
        return value
    for one in value.sql.find_all(ListOf, FirstOf):
        if not isinstance(one.this, exp.Distinct | exp.Order):
            one.set("this", exp.Order(this=one.this, expressions=[key.ordered() for key in rows.order]))
    return value


def _is_record(call: syntax.Call) -> bool:
    """Whether the aggregate picks one row and gives several of its columns."""
    if call.name in _EXTREMES:
        return True
    return call.name in _ANY and (
        len(call.arguments) > 1 or any(isinstance(one, syntax.Star) for one in call.arguments)
    )


def _record(place: Context, call: syntax.Call, names: list[str], used: set[str], result: _Aggregates) -> None:
    """arg_max, arg_min, take_any: all columns come from one row, carried through the groups as a record."""
    rows = place.relation or OPEN
    arguments = list(call.arguments)
    key: Typed | None = None
    columns: list[tuple[str, Typed]] = []
    if call.name in _EXTREMES:
        if not arguments:
            raise Refusal("kql-argument-count", f"`{call.name}` takes at least 1 argument")
        key = place.lower(arguments[0])  # type: ignore[arg-type]  # refused by `lower` otherwise
        columns.append((expression_name(arguments[0]) or f"{call.name.removeprefix('arg_')}_", key))
        arguments = arguments[1:]
    own = {expression_name(call.arguments[0])}
    for one in arguments:
        if isinstance(one, syntax.Star):
            columns += [(f.name, f.typed()) for f in rows.fields if f.name not in own and f.name not in used]
        else:
            columns.append((expression_name(one) or "Column", place.lower(one)))  # type: ignore[arg-type]  # refused by `lower` otherwise
    if any(isinstance(value, Broken) for _, value in columns) or rows.is_open:
        result.made += [
            Field(names[at] if at < len(names) else n, v.type, exp.Null(), broken=True)
            for at, (n, v) in enumerate(columns)
        ]
        return
    record = f"$record{len(result.made)}"
    members = [
        exp.PropertyEQ(this=exp.Identifier(this=f"c{at}", quoted=True), expression=value.sql.copy())
        for at, (_, value) in enumerate(columns)
    ]
    struct = exp.Struct(expressions=members)
    if key is None:
        sql: exp.Expr = exp.AnyValue(this=struct)
    else:
        sql = _EXTREMES[call.name](this=struct, expression=key.sql.copy())
        if key.type is not KustoType.STRING:
            # Where every key of the group is null Kusto gives a row all the same.
            sql = exp.Coalesce(this=sql, expressions=[exp.AnyValue(this=struct.copy())])
    for at, (name, value) in enumerate(columns):
        final = names[at] if at < len(names) else free_name(name, used)
        used.add(final)
        result.taken_out[final] = (record, f"c{at}")
        result.made.append(Field(final, value.type, sql if at == 0 else exp.Null()))


def _records_opened(rows: Relation, made: _Aggregates) -> Relation:
    """The columns taken out of the records that the groups carry; each record stands where its first column stood."""
    places = {}
    for one in rows.fields:
        if one.name in made.taken_out:
            record, member = made.taken_out[one.name]
            if member == "c0":
                places[record] = one.sql
    fields = []
    for one in rows.fields:
        if one.name in made.taken_out:
            record, member = made.taken_out[one.name]
            sql: exp.Expr = exp.StructExtract(this=places[record].copy(), expression=exp.Literal.string(member))
            if one.type is KustoType.STRING:
                sql = exp.Coalesce(this=sql, expressions=[exp.Literal.string("")])
            fields.append(replace(one, sql=sql))
        else:
            fields.append(one)
    return rows.with_fields(fields)
