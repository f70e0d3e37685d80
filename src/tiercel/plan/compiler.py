"""The state of one compilation: what was found wrong, which tables are read, which common table expressions stand."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlglot import exp

from tiercel.errors import Issue, Severity
from tiercel.plan.lacks import NOTHING, Lacks
from tiercel.plan.literals import null, text
from tiercel.plan.passes.read_anew import AUTHORS
from tiercel.plan.plan import Plan
from tiercel.plan.relation import Field, OrderKey, Relation, column
from tiercel.plan.values import Refusal
from tiercel.tables import LOG_ANALYTICS_COLUMNS, Column, KustoType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tiercel.kql.source import Source
    from tiercel.kql.syntax import Region
    from tiercel.plan.context import Context
    from tiercel.plan.functions.registry import Environment
    from tiercel.plan.values import Typed
    from tiercel.tables import Table

__all__ = ["OPEN", "Compiler", "Probe", "QueryTooLarge", "qualified"]

_WORD = re.compile(r"\w+")

_MOST_INLINED = 500_000
"""Nodes of SQL that references to lets and arguments may add up to: far beyond any query that a person writes."""

OPEN = Relation(source=None, fields=(), is_open=True)
"""Rows of which nothing is known, after an error that was reported."""


_Result_co = TypeVar("_Result_co", covariant=True)


class Lower(Protocol[_Result_co]):
    """A lowering of syntax at a place."""

    def __call__(self, context: Context, node: Any, /) -> _Result_co:
        """What the node means there. Trouble is reported, not raised."""


class Probe(Protocol):
    """Whoever runs a part of a query while the rest of it is compiled."""

    def __call__(self, plan: Plan, /) -> list[tuple[object, ...]]:
        """The plan's rows, values as `syntax.Literal.value` holds them."""


class Apply(Protocol):
    """The application of operators to rows, one after the other."""

    def __call__(self, context: Context, rows: Relation, operators: tuple[Any, ...], /) -> Relation:
        """The rows after all of them. Trouble is reported, not raised."""


class QueryTooLarge(Exception):  # noqa: N818  it is no error of the program's, and becomes an issue
    """The query grows without bound where its functions are written out: nothing more of it is compiled."""


@dataclass(slots=True)
class Compiler:
    """What the lowerings of one query share. `scalar` and `tabular` lower any expression of their kind."""

    source: Source
    tables: Mapping[str, Table]
    environment: Environment
    scalar: Lower[Typed]
    tabular: Lower[Relation]
    is_tabular: Lower[bool]
    operators: Apply
    parameters: Mapping[str, object] = field(default_factory=dict)
    prober: Probe | None = None
    lacks: Lacks = NOTHING
    issues: list[Issue] = field(default_factory=list)
    ctes: dict[str, exp.Query] = field(default_factory=dict)
    used_tables: dict[str, None] = field(default_factory=dict)
    render_hint: str = ""
    is_lasting: bool = True
    inlined: int = 0
    recursive: set[str] = field(default_factory=set)
    materialized: set[str] = field(default_factory=set)
    published: Mapping[str, Table] = field(default_factory=dict)
    _sentinel_names: frozenset[str] = frozenset()
    _taken: set[str] = field(default_factory=set)
    _seen: set[tuple[str, int, str]] = field(default_factory=set)
    _count: int = 0

    def __post_init__(self) -> None:
        self._taken.update(name.lower() for name in self.tables)
        words = {one.name for one in LOG_ANALYTICS_COLUMNS if one.name in self.source.text}
        self._sentinel_names = frozenset(words & set(_WORD.findall(self.source.text))) if words else frozenset()

    # --- tables ------------------------------------------------------------------------------------------------------

    def table(self, name: str) -> Table | None:
        """The table of that name: one that is held, or else the published shape of one that nobody fills here."""
        return self.tables.get(name) or self.published.get(name)

    def table_names(self) -> list[str]:
        """Every name that `table` knows, those held first."""
        return [*self.tables, *(name for name in self.published if name not in self.tables)]

    # --- issues ------------------------------------------------------------------------------------------------------

    def report(
        self, code: str, message: str, region: Region, hint: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        """Note what is wrong; the same thing at the same place (a function used twice) once."""
        key = (code, region.start, message)
        if key not in self._seen:
            self._seen.add(key)
            self.issues.append(Issue(code, message, self.source.span(region), hint, severity))

    def probe(self, relation: Relation) -> list[tuple[object, ...]]:
        """The relation's rows, read now: for what a query's columns depend on. Refused where nobody can read them."""
        if self.prober is None:
            hint = "write the columns as a schema: `evaluate bag_unpack(Bag) : (Name:string)`"
            raise Refusal("kql-needs-rows", "which columns this gives is known only from the rows", hint)
        columns = tuple(Column(one.name, one.type) for one in relation.fields)
        self.bind_to_run()
        tree = self.assemble(relation).copy()
        return self.prober(Plan(tree, columns, tuple(self.used_tables), self.environment.now))

    def bind_to_run(self) -> None:
        """Notes that the plan holds what is true of this run only."""
        self.is_lasting = False

    def forget(self, issues: Iterable[Issue]) -> None:
        """Issues taken back: what raised them is left out, and they may be raised again elsewhere."""
        messages = {issue.message for issue in issues}
        self._seen = {key for key in self._seen if key[2] not in messages}

    def refuse(self, refusal: Refusal, region: Region) -> None:
        """Note a lowering's refusal, at its own place or else at `region`."""
        self.report(refusal.code, refusal.message, refusal.region or region, refusal.hint)

    def spend(self, nodes: int) -> None:
        """Counts what functions and lets multiply when they are written out; refuses what would fill the memory."""
        self.inlined += nodes
        if self.inlined > _MOST_INLINED:
            raise QueryTooLarge

    # --- rows --------------------------------------------------------------------------------------------------------

    def read(self, table: Table) -> Relation:
        """The rows of a stored table; none, of its shape, where the table is a published one that is not held."""
        self.used_tables[table.name] = None
        if table.name not in self.tables:
            return self._without_rows(table)
        rows = Relation(
            source=exp.Table(this=exp.Identifier(this=table.name, quoted=True)),
            fields=tuple(Field(one.name, one.type, column(one.name)) for one in table.columns),
            hidden=tuple(Field(one.name, one.type, column(one.name)) for one in table.hidden),
            name=table.name,
        )
        return self._as_in_log_analytics(rows, table) if "Timestamp" in table.by_name else rows

    def _without_rows(self, table: Table) -> Relation:
        rows = Relation(
            source=None,
            fields=tuple(Field(one.name, one.type, null(one.type).sql) for one in table.columns),
            where=(exp.Boolean(this=False),),
            hidden=tuple(Field(one.name, one.type, null(one.type).sql) for one in table.hidden),
            name=table.name,
        )
        if "Timestamp" in table.by_name:
            rows = self._as_in_log_analytics(rows, table)
        return self.seal(rows, table.name)

    def _as_in_log_analytics(self, rows: Relation, table: Table) -> Relation:
        """Defender's table with the columns that the same table has in Sentinel, where the query names them."""
        if not self._sentinel_names:
            return rows
        own = {
            "TimeGenerated": Field("TimeGenerated", KustoType.DATETIME, column("Timestamp")),
            "Type": Field("Type", KustoType.STRING, text(table.name).sql),
        }
        added = [
            own.get(one.name) or Field(one.name, one.type, null(one.type).sql)
            for one in LOG_ANALYTICS_COLUMNS
            if one.name in self._sentinel_names and one.name not in table.by_name
        ]
        shown = tuple(one for one in added if one.name == "TimeGenerated")
        kept = tuple(one for one in added if one not in shown)
        return replace(rows, fields=(*rows.fields, *shown), hidden=(*rows.hidden, *kept))

    def fresh(self, name: str = "") -> str:
        """A name for a common table expression that no table and no other has; `name` itself where it is free."""
        candidate = name
        while not candidate or candidate.lower() in self._taken:
            self._count += 1
            candidate = f"{name or 'step'}_{self._count}"
        self._taken.add(candidate.lower())
        return candidate

    def seal(self, relation: Relation, name: str = "") -> Relation:
        """The same rows, standing as a common table expression, so that every column is a plain one."""
        if relation.is_open or relation.is_trivial:
            return relation
        select, names = relation.select()
        return self.add(select, names, relation, name)

    def add(self, select: exp.Query, names: list[str], shape: Relation, name: str = "") -> Relation:
        """The rows of `select` as a common table expression.

        `names` are its columns' SQL names: in the order of the shape's fields, hidden fields, partition and order keys.
        """
        title = self.fresh(name)
        self.ctes[title] = select
        remaining = iter(names)
        return replace(
            shape,
            source=exp.Table(this=exp.Identifier(this=title, quoted=True)),
            joins=(),
            where=(),
            fields=tuple(replace(one, sql=column(next(remaining))) for one in shape.fields),
            hidden=tuple(replace(one, sql=column(next(remaining))) for one in shape.hidden),
            partition=tuple(replace(one, sql=column(next(remaining))) for one in shape.partition),
            order=tuple(
                OrderKey(replace(key.field, sql=column(next(remaining))), key.descending, key.nulls_first)
                for key in shape.order
            ),
        )

    # --- the whole ---------------------------------------------------------------------------------------------------

    def assemble(self, relation: Relation) -> exp.Select:
        """The query: every common table expression that is needed, then the last SELECT in its order.

        An expression that is read twice or more is computed once: it is marked as materialized.
        """
        if relation.order:
            relation = self.seal(relation)
        select, _ = relation.select(everything=False)
        if relation.order:
            select.set("order", exp.Order(expressions=[qualified(key, relation) for key in relation.order]))
        needed = self._references(select)
        bodies: list[exp.CTE] = []
        for name, body in reversed(self.ctes.items()):
            uses = needed[name]
            if not uses:
                continue
            needed.update(self._references(body))
            alias = exp.TableAlias(this=exp.Identifier(this=name, quoted=True))
            once = uses > 1 and name not in self.recursive
            step = exp.CTE(this=body, alias=alias, materialized=True if once else None)
            step.meta[AUTHORS] = name in self.materialized
            bodies.append(step)
        if bodies:
            recursive = any(cte.alias in self.recursive for cte in bodies)
            select.set("with_", exp.With(expressions=bodies[::-1], recursive=recursive or None))
        return select

    def _references(self, tree: exp.Expr) -> Counter[str]:
        return Counter(table.name for table in tree.find_all(exp.Table) if table.name in self.ctes)


def qualified(key: OrderKey, relation: Relation) -> exp.Ordered:
    """The key as a column of the relation's source: a bare name could mean a column of the SELECT's own."""
    source = relation.source
    table = source.name if isinstance(source, exp.Table) else ""
    return exp.Ordered(this=column(key.field.sql.name, table), desc=key.descending, nulls_first=key.nulls_first)
