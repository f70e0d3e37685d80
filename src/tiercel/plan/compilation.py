"""From a KQL tree to a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from tiercel.errors import Severity
from tiercel.kql import parse
from tiercel.plan.compiler import Compiler, QueryTooLarge
from tiercel.plan.context import Context
from tiercel.plan.expressions.lower import lower
from tiercel.plan.functions.registry import Environment
from tiercel.plan.lacks import NOTHING, Lacks
from tiercel.plan.passes import PASSES
from tiercel.plan.plan import Plan
from tiercel.plan.relation import Field, Relation
from tiercel.plan.scope import Scope
from tiercel.plan.statements import run
from tiercel.plan.subtraction import subtracted
from tiercel.plan.tabular import is_tabular, lower_rows, run_operators
from tiercel.plan.values import Broken
from tiercel.tables import PUBLISHED, TABLES, Column

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tiercel.errors import Issue
    from tiercel.kql import Source, syntax
    from tiercel.plan.compiler import Probe
    from tiercel.plan.passes import Pass
    from tiercel.plan.values import Typed
    from tiercel.tables import Table

__all__ = ["Compiled", "compile", "compile_text"]


@dataclass(frozen=True, slots=True)
class Compiled:
    """What became of a query: its plan, or what is wrong with it. `plan` is None when an issue is an error."""

    plan: Plan | None
    issues: tuple[Issue, ...]


def compile_text(
    source: Source,
    *,
    now: datetime,
    tables: Mapping[str, Table] = TABLES,
    published: Mapping[str, Table] = PUBLISHED,
    parameters: Mapping[str, object] | None = None,
    passes: tuple[Pass, ...] = PASSES,
    probe: Probe | None = None,
    lacks: Lacks = NOTHING,
) -> Compiled:
    """The plan of a KQL text, or all that is wrong with it. `now` is UTC; `now()` and `ago()` count from it.

    `tables` are those that the engine holds; a table of `published` that is not among them has no rows.

    `probe` runs a part of the query early, for operators whose columns depend on the rows (`evaluate bag_unpack`).
    `lacks` is what the engine that the plan is for has not.
    """
    parsed = parse(source)
    if parsed.query is None:
        return Compiled(None, parsed.issues)
    compiled = compile(
        parsed.query,
        source,
        now=now,
        tables=tables,
        published=published,
        parameters=parameters,
        passes=passes,
        probe=probe,
        lacks=lacks,
    )
    if not parsed.warnings:
        return compiled
    issues = (*parsed.warnings, *compiled.issues)
    plan = compiled.plan
    return Compiled(plan and replace(plan, warnings=(*parsed.warnings, *plan.warnings)), issues)


def compile(  # noqa: A001  the room's one verb; nobody compiles Python here
    query: syntax.Query,
    source: Source,
    *,
    now: datetime,
    tables: Mapping[str, Table] = TABLES,
    published: Mapping[str, Table] = PUBLISHED,
    parameters: Mapping[str, object] | None = None,
    passes: tuple[Pass, ...] = PASSES,
    probe: Probe | None = None,
    lacks: Lacks = NOTHING,
) -> Compiled:
    """The plan of a query that was read from `source`, or all that is wrong with it."""
    naive = now.replace(tzinfo=None)
    compiler = Compiler(
        source=source,
        tables=tables,
        published=published,
        environment=Environment(naive, on_clock=lambda: compiler.bind_to_run()),  # noqa: PLW0108  bound one line later
        scalar=lower,
        tabular=lower_rows,
        is_tabular=is_tabular,
        operators=run_operators,
        parameters=parameters or {},
        prober=probe,
        lacks=lacks,
    )
    result: Relation | Typed | None = None
    try:
        result = run(Context(compiler, Scope()), query.statements)
    except QueryTooLarge:
        message = "the functions of this query, written out, are too large to be compiled"
        compiler.report("kql-too-large", message, query.region)
        return Compiled(None, tuple(compiler.issues))
    except RecursionError:
        compiler.report("kql-too-deep", "this is nested too deep to be compiled", query.region)
        return Compiled(None, tuple(compiler.issues))
    if result is None:
        compiler.report("kql-no-result", "the query binds names and has no result", query.region, "end it with a table")
    issues = tuple(compiler.issues)
    if result is None or any(issue.severity is Severity.ERROR for issue in issues):
        return Compiled(None, issues)
    relation = result if isinstance(result, Relation) else _as_row(result)
    tree = compiler.assemble(relation)
    for one in passes:
        tree = one(tree)
    _check(tree)
    taken_away = subtracted(query)
    plan = Plan(
        tree=tree,
        columns=tuple(Column(one.name, one.type) for one in relation.fields),
        tables=tuple(compiler.used_tables),
        now=naive,
        warnings=issues,
        render_hint=compiler.render_hint,
        is_lasting=compiler.is_lasting,
        subtracted=tuple(name for name in compiler.used_tables if name in taken_away),
    )
    return Compiled(plan, issues)


def _as_row(value: Typed) -> Relation:
    """A query that is a value: one row of one column."""
    return Relation(source=None, fields=(Field("print_0", value.type, value.sql, broken=isinstance(value, Broken)),))


def _check(tree: exp.Expr) -> None:
    """No node may stand in a plan whose meaning is left to the engine's own function of some name."""
    stray = tree.find(exp.Anonymous, exp.Command)
    if stray is not None:
        message = f"a plan holds no {type(stray).__name__}: {stray.sql()}"
        raise AssertionError(message)
