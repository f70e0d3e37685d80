"""`make-series`: aggregates over equal steps of an axis, as arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.plan.compiler import OPEN
from tiercel.plan.expressions.arithmetic import combine
from tiercel.plan.expressions.calls import scalar_of
from tiercel.plan.functions import FUNCTIONS
from tiercel.plan.functions.forms import NUMBERS, as_type, dynamic_of
from tiercel.plan.functions.registry import Function
from tiercel.plan.literals import cast, constant, null
from tiercel.plan.naming import expression_name
from tiercel.plan.nodes.aggregates import ListJson, ListOf
from tiercel.plan.nodes.dynamic import Positions
from tiercel.plan.operators.columns import field_of, ready
from tiercel.plan.operators.summarize import group_fields, grouped
from tiercel.plan.relation import Field, Relation, column
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.plan.context import Context

__all__ = ["make_series"]

_SLOT = "$slot"


def make_series(context: Context, rows: Relation, node: syntax.MakeSeries) -> Relation:
    """One row a group: each aggregate as an array over the steps of an axis, and the axis' values as an array.

    The first step begins at `from`, or at the bin of the least value; the last ends before `to`, or holds the greatest.
    Steps without rows get `default`, or 0. Over no rows there is no series, but with `kind=nonempty` one of defaults.

    Example: `make-series Logons = count() on Timestamp from ago(1d) to now() step 1h by DeviceId`.
    """
    nodes = [one.aggregate for one in node.aggregates]
    axis_node = node.axis.expression if isinstance(node.axis, syntax.Named) else node.axis
    if rows.partition:
        raise Refusal("kql-unsupported", "make-series within mv-apply or partition is not supported")
    rows = context.compiler.seal(ready(context, rows, [*nodes, axis_node, *node.groups]))
    place = context.over(rows)
    axis = place.lower(axis_node)  # type: ignore[arg-type]  # refused by `lower` otherwise
    step = context.over(None).lower(node.step)
    low = _bound(context, rows, node.low, axis, "min")
    high = _bound(context, rows, node.high, axis, "max")
    groups = group_fields(context, rows, node.groups)
    if rows.is_open or any(isinstance(one, Broken) for one in (axis, step, low, high)):
        return OPEN
    if axis.type not in {KustoType.DATETIME, KustoType.TIMESPAN, *NUMBERS}:
        raise Refusal("kql-type", f"an axis is a number, a datetime or a timespan, not a {axis.type}")
    if node.low is None:
        low = _binned(context, low, step)
    slots = combine("/", combine("-", _copy(high), _copy(low)), _copy(step))
    count = (
        exp.Ceil(this=slots.sql)
        if node.high is not None
        else exp.Add(this=exp.Floor(this=slots.sql), expression=_one())
    )
    slot_of_row = combine("/", combine("-", axis, _copy(low)), _copy(step))
    slot = Field(_SLOT, KustoType.LONG, cast(exp.Floor(this=cast(slot_of_row.sql, KustoType.REAL)), KustoType.LONG))
    found = grouped(context, rows, [*groups, slot], nodes)
    size = exp.Least(this=cast(count, KustoType.LONG), expressions=[exp.Literal.number(1_048_576)])
    inside = exp.And(
        this=exp.GTE(this=column(found.fields[len(groups)].sql.name), expression=exp.Literal.number(0)),
        expression=exp.LT(this=column(found.fields[len(groups)].sql.name), expression=size.copy()),
    )
    found = context.compiler.seal(replace(found, where=(inside,)))
    nonempty = any(hint.name == "kind" and hint.value.lower() == "nonempty" for hint in node.hints)
    steps = _steps(context, found, len(groups), size, one_at_least=nonempty)
    filled = _filled(context, node, steps, found, len(groups))
    return _listed(context, filled, len(groups), _axis_values(low, step, axis.type), _axis_name(node))


def _one() -> exp.Expr:
    return exp.Literal.number(1)


def _copy(value: Typed) -> Typed:
    return value.with_sql(value.sql.copy())


def _axis_name(node: syntax.MakeSeries) -> str:
    return node.axis.names[0].text if isinstance(node.axis, syntax.Named) else expression_name(node.axis) or "Column1"


def _bound(context: Context, rows: Relation, node: syntax.Expression | None, axis: Typed, extreme: str) -> Typed:
    """The written end of the axis, or the least or greatest value of the rows."""
    if node is not None:
        return context.over(None).lower(node)
    if isinstance(axis, Broken) or rows.is_open:
        return axis
    function = exp.Min if extreme == "min" else exp.Max
    value = Field("bound", axis.type, function(this=axis.sql.copy()))
    shape = replace(rows, fields=(value,), hidden=(), order=())
    select, names = shape.select()
    return scalar_of(context, context.compiler.add(select, names, shape))


def _binned(context: Context, low: Typed, step: Typed) -> Typed:
    entry = FUNCTIONS["bin"]
    if not isinstance(entry, Function):
        return low
    return entry.lower(context.compiler.environment, [low, _copy(step)])


def _steps(context: Context, found: Relation, groups: int, size: exp.Expr, *, one_at_least: bool) -> Relation:
    """Every group beside every step."""
    keys = found.fields[:groups]
    if groups or not one_at_least:
        marked = (*keys, Field("$any", KustoType.LONG, exp.Literal.number(1)))
        shape = replace(found, fields=marked, order=())
        select, names = shape.select()
        select.set("distinct", exp.Distinct())
        base = context.compiler.add(select, names, shape)
    else:
        base = Relation(source=None, fields=(Field("$any", KustoType.LONG, exp.Literal.number(1)),))
    slot = Field(_SLOT, KustoType.LONG, Positions(this=size.copy()))
    return context.compiler.seal(base.with_fields([*base.fields[:groups], slot]))


def _filled(context: Context, node: syntax.MakeSeries, steps: Relation, found: Relation, groups: int) -> Relation:
    """The aggregates of every group and step, defaults where there were no rows."""
    on: exp.Expr | None = None
    for mine, theirs in zip(steps.fields, found.fields, strict=False):
        equal = exp.NullSafeEQ(this=column(mine.sql.name, "l"), expression=column(theirs.sql.name, "r"))
        on = equal if on is None else exp.And(this=on, expression=equal)
    source, joined = _aliased(steps, "l"), exp.Join(this=_aliased(found, "r"), side="LEFT", on=on)
    fields = [replace(one, sql=column(one.sql.name, "l")) for one in steps.fields]
    there = exp.Not(this=exp.Is(this=column(found.fields[groups].sql.name, "r"), expression=exp.Null()))
    for one, made in zip(node.aggregates, found.fields[groups + 1 :], strict=False):
        default = _default(context, one, made.type)
        value = exp.Case(ifs=[exp.If(this=there.copy(), true=column(made.sql.name, "r"))], default=default.sql)
        fields.append(replace(made, sql=value))
    return context.compiler.seal(Relation(source=source, joins=(joined,), fields=tuple(fields)))


def _default(context: Context, node: syntax.MakeSeriesAggregate, kind: KustoType) -> Typed:
    if node.default is None:
        return constant(0, kind) if kind in NUMBERS or kind is KustoType.TIMESPAN else null(kind)
    value = context.over(None).lower(node.default)
    return null(kind) if isinstance(value, Broken) else as_type(value, kind)


def _aliased(rows: Relation, alias: str) -> exp.Expr:
    source = rows.source.copy() if rows.source is not None else exp.Table(this=exp.to_identifier(alias))
    source.set("alias", exp.TableAlias(this=exp.Identifier(this=alias, quoted=True)))
    return source


def _axis_values(low: Typed, step: Typed, kind: KustoType) -> Typed:
    counter = Typed(column(_SLOT), KustoType.LONG)
    value = combine("+", _copy(low), combine("*", _copy(step), counter))
    return as_type(value, kind) if kind in NUMBERS else value


def _listed(context: Context, filled: Relation, groups: int, axis: Typed, axis_name: str) -> Relation:
    """One row a group, with an array for each aggregate and for the axis."""
    values: Sequence[tuple[str, Typed]] = [(one.name, one.typed()) for one in filled.fields[groups + 1 :]]
    fields = list(filled.fields[:groups])
    for name, value in (*values, (axis_name, axis)):
        by_slot = exp.Ordered(this=column(_SLOT), desc=False, nulls_first=False)
        listed = ListOf(this=exp.Order(this=dynamic_of(value).sql, expressions=[by_slot]), json=True)
        fields.append(field_of(name, Typed(ListJson(this=listed), KustoType.DYNAMIC)))
    shape = replace(filled, fields=tuple(fields), order=())
    select, names = shape.select()
    select.set("group", exp.Group(expressions=[exp.Literal.number(at + 1) for at in range(groups)]) if groups else None)
    if not groups:
        # Without groups SQL gives a row over nothing; Kusto gives none.
        select.set("having", exp.Having(this=exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(0))))
    return context.compiler.add(select, names, shape)
