"""Plugins that count what happens over time: each is a query of its own over the rows, written in KQL."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from tiercel.kql import Source, parse, syntax
from tiercel.plan.compiler import OPEN
from tiercel.plan.operators.columns import column_named
from tiercel.plan.relation import Relation
from tiercel.plan.scope import ScalarBinding, Scope, TableBinding
from tiercel.plan.statements import run
from tiercel.plan.values import Broken, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tiercel.plan.context import Context
    from tiercel.plan.relation import Field

__all__ = ["activity_counts_metrics", "rolling_percentile", "session_count", "sliding_window_counts"]

_COUNTS = """
let Seen = T | where at_ between (Start .. End) | extend at_ = bin_at(at_, Step, Start);
let Firsts = Seen | summarize at_ = min(at_) by id_{dims} | summarize new_ = count() by at_{dims};
Seen
| summarize count_ = count(), dcount_ = dcount(id_) by at_{dims}
| lookup kind=leftouter Firsts on at_{dims}
| extend new_ = coalesce(new_, 0)
| sort by {sorted}at_ asc
| extend total_ = row_cumsum(new_, {changed})
| project at_{dims}, count_, dcount_, new_, total_
"""

_SLIDING = """
T
| where at_ between (Start - Look .. End)
| extend at_ = bin_at(at_, Bin, Start)
| mv-expand step_ = range(0, tolong(Look / Bin) - 1, 1) to typeof(long)
| extend at_ = at_ + step_ * Bin
| where at_ between (Start .. End)
| summarize count_ = count(), dcount_ = dcount(id_) by at_{dims}
"""

_SESSIONS = """
T
| where at_ between (Start .. End)
| sort by {sorted}id_ asc, at_ asc
| where row_number() == 1 or id_ != prev(id_) or {changed} or at_ - prev(at_) >= Look
| summarize count_ = count() by at_ = bin(at_, Bin){dims}
| project at_{dims}, count_
"""

_ROLLING = """
let Binned = T | extend at_ = bin(at_, Size);
let Last = toscalar(Binned | summarize max(at_));
Binned
| mv-expand step_ = range(0, Bins - 1, 1) to typeof(long)
| extend at_ = at_ + step_ * Size
| where at_ <= Last
| summarize value_ = percentile(id_, Percent) by at_{dims}
"""


@cache
def _statements(template: str, dimensions: int) -> tuple[syntax.Statement, ...]:
    names = [f"dim{at}_" for at in range(dimensions)]
    text = template.format(
        dims="".join(f", {name}" for name in names),
        sorted="".join(f"{name} asc, " for name in names),
        changed=" or ".join(f"{name} != prev({name})" for name in names) or "false",
    )
    query = parse(Source(text, path="plugin")).query
    return query.statements if query is not None else ()


def _counted(
    context: Context,
    rows: Relation,
    call: syntax.Call,
    template: str,
    order: Sequence[str],
    *,
    results: Callable[[Sequence[Field], Sequence[object]], Sequence[str]],
) -> Relation:
    """What the template gives of the rows. `order` names the arguments: `id_` and `at_` are columns, others values."""
    arguments = [one for one in call.arguments if not isinstance(one, syntax.Named | syntax.Pipeline)]
    if len(arguments) < len(order) or len(arguments) < len(call.arguments):
        raise Refusal("kql-argument-count", f"`{call.name}` takes {len(order)} arguments and then columns")
    if rows.is_open:
        return OPEN
    rows = context.compiler.seal(rows)
    scope = Scope()
    values: list[object] = []
    columns: dict[str, Field] = {}
    for name, argument in zip(order, arguments, strict=False):
        if name in {"id_", "at_"}:
            columns[name] = column_named(rows, argument)
            continue
        value = context.over(None).lower(argument)
        if isinstance(value, Broken):
            return OPEN
        if not value.is_constant:
            raise Refusal("kql-not-constant", "this argument must be constant", region=argument.region)
        scope.own[name] = ScalarBinding(value)
        values.append(value.value)
    dimensions = [column_named(rows, one) for one in arguments[len(order) :]]
    columns |= {f"dim{at}_": one for at, one in enumerate(dimensions)}
    taken = rows.with_fields([replace(one, name=name) for name, one in columns.items()])
    scope.own["T"] = TableBinding(context.compiler.seal(taken))
    found = run(context.within(scope), _statements(template, len(dimensions)))
    if not isinstance(found, Relation) or found.is_open:
        return OPEN
    called = [columns["at_"].name, *(one.name for one in dimensions), *results([columns["id_"]], values)]
    return found.with_fields([replace(one, name=name) for one, name in zip(found.fields, called, strict=True)])


def activity_counts_metrics(context: Context, rows: Relation, node: syntax.Evaluate) -> Relation:
    """Per step: rows, different ids, ids never seen before, ids so far: `(Id, Time, start, end, step, Others...)`."""
    names = ("count", "dcount", "new_dcount", "aggregated_dcount")
    return _counted(context, rows, node.call, _COUNTS, ("id_", "at_", "Start", "End", "Step"), results=lambda *_: names)


def sliding_window_counts(context: Context, rows: Relation, node: syntax.Evaluate) -> Relation:
    """Per bin: the rows and the different ids of a window that ends there: `(Id, Time, start, end, window, bin)`."""
    order = ("id_", "at_", "Start", "End", "Look", "Bin")
    return _counted(context, rows, node.call, _SLIDING, order, results=lambda *_: ("Count", "Dcount"))


def session_count(context: Context, rows: Relation, node: syntax.Evaluate) -> Relation:
    """Per bin: how many sessions begin, an id's next one after a pause: `(Id, Time, start, end, bin, pause)`."""
    order = ("id_", "at_", "Start", "End", "Bin", "Look")
    return _counted(context, rows, node.call, _SESSIONS, order, results=lambda *_: ("count_sessions",))


def rolling_percentile(context: Context, rows: Relation, node: syntax.Evaluate) -> Relation:
    """Per bin: a percentile of the values in the bins up to it: `(Value, percent, Time, size, bins, Others...)`."""

    def names(columns: Sequence[Field], values: Sequence[object]) -> tuple[str]:
        percent, _, bins = values
        return (f"rolling_{bins}_percentile_{columns[0].name}_{percent}",)

    return _counted(context, rows, node.call, _ROLLING, ("id_", "Percent", "at_", "Size", "Bins"), results=names)
