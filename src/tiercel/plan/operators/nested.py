"""top-nested and top-hitters: the leading values, and the leading values within each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.plan.compiler import OPEN
from tiercel.plan.naming import expression_name
from tiercel.plan.operators.columns import ready
from tiercel.plan.operators.rows import sorted_by, whole_number
from tiercel.plan.operators.summarize import group_fields, grouped
from tiercel.plan.relation import Field, Relation, column
from tiercel.plan.values import Refusal
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from tiercel.plan.context import Context

__all__ = ["top_hitters", "top_nested"]


def top_nested(context: Context, rows: Relation, node: syntax.TopNested) -> Relation:
    """The leading values by an aggregate, within each the leading values of the next column, and so on.

    A level gives the value and its aggregate (`aggregated_Column` where no name is written).

    Example: `top-nested 3 of DeviceName by count(), top-nested 2 of FileName by count()`.
    """
    if rows.partition:
        raise Refusal("kql-unsupported", "top-nested within mv-apply or partition is not supported")
    for clause in node.clauses:
        if clause.others is not None:
            raise Refusal("kql-unsupported", "`with others` is not supported", region=clause.others.region)
    expressions = [part for clause in node.clauses for part in (clause.of, clause.by)]
    rows = context.compiler.seal(ready(context, rows, expressions))
    levels = [_level(context, rows, node.clauses[: depth + 1]) for depth in range(len(node.clauses))]
    if rows.is_open or any(level.is_open for level in levels):
        return OPEN
    return _joined(levels)


def _level(context: Context, rows: Relation, clauses: tuple[syntax.TopNestedClause, ...]) -> Relation:
    """The values of one level with their aggregate, within the values of the levels above, as many as wanted."""
    last = clauses[-1]
    keys = group_fields(context, rows, [clause.of for clause in clauses])
    if isinstance(last.by, syntax.Named):
        named = last.by
    else:
        name = f"aggregated_{keys[-1].name}"
        named = syntax.Named(
            region=last.by.region, names=(syntax.Name(region=last.by.region, text=name),), expression=last.by
        )
    level = grouped(context, rows, keys, [named])
    if last.count is None or level.is_open:
        return level
    limit = whole_number(context, last.count, "top-nested")
    key = exp.Ordered(this=level.fields[-1].sql.copy(), desc=last.descending is not False, nulls_first=False)
    ties = [exp.Ordered(this=level.fields[len(keys) - 1].sql.copy(), desc=False, nulls_first=False)]
    above = [one.sql.copy() for one in level.fields[: len(keys) - 1]]
    number = exp.Window(this=exp.RowNumber(), partition_by=above, order=exp.Order(expressions=[key, *ties]))
    ranked = context.compiler.seal(replace(level, hidden=(Field("$rank", KustoType.LONG, number),)))
    kept = exp.LTE(this=ranked.hidden[0].sql.copy(), expression=limit)
    return context.compiler.seal(replace(ranked, hidden=(), where=(kept,)))


def _joined(levels: list[Relation]) -> Relation:
    """The deepest level's rows, with the aggregates of the levels above; a value whose parent is not kept goes."""
    deepest = levels[-1]
    joins: list[exp.Join] = []
    fields: list[Field] = []
    for depth, level in enumerate(levels):
        alias = f"n{depth}"
        key, aggregate = level.fields[depth], level.fields[-1]
        fields.append(replace(key, sql=column(deepest.fields[depth].sql.name, f"n{len(levels) - 1}")))
        fields.append(replace(aggregate, sql=column(aggregate.sql.name, alias)))
        if level is deepest:
            continue
        on: exp.Expr | None = None
        for mine, theirs in zip(deepest.fields[: depth + 1], level.fields[: depth + 1], strict=True):
            equal = exp.NullSafeEQ(
                this=column(mine.sql.name, f"n{len(levels) - 1}"), expression=column(theirs.sql.name, alias)
            )
            on = equal if on is None else exp.And(this=on, expression=equal)
        joins.append(exp.Join(this=_aliased(level, alias), kind="INNER", on=on))
    return Relation(
        source=_aliased(deepest, f"n{len(levels) - 1}"), joins=tuple(joins), fields=tuple(fields), is_serialized=True
    )


def _aliased(rows: Relation, alias: str) -> exp.Expr:
    source = rows.source.copy() if rows.source is not None else exp.Table(this=exp.to_identifier(alias))
    source.set("alias", exp.TableAlias(this=exp.Identifier(this=alias, quoted=True)))
    return source


def top_hitters(context: Context, rows: Relation, node: syntax.TopHitters) -> Relation:
    """The values that come most often, or whose sum of another column is greatest. Exact here, an estimate in Kusto.

    Example: `top-hitters 5 of FileName`.
    """
    region = node.region
    of = expression_name(node.of) or "Column1"
    if node.by is None:
        name = f"approximate_count_{of}"
        call = syntax.Call(region=region, name="count", name_region=region, arguments=())
    else:
        name = f"approximate_sum_{expression_name(node.by) or 'Column'}"
        call = syntax.Call(region=region, name="sum", name_region=region, arguments=(node.by,))
    title = syntax.Name(region=region, text=name)
    rows = ready(context, rows, [node.of, call])
    counted = grouped(
        context,
        rows,
        group_fields(context, rows, [node.of]),
        [syntax.Named(region=region, names=(title,), expression=call)],
    )
    ordered = sorted_by(context, counted, [syntax.Ordered(region=region, expression=title)])
    take = syntax.Take(region=region, count=node.count)
    return context.over_operators(ordered, (take,))
