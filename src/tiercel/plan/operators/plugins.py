"""`evaluate`: the service's plugins, in the order of the documentation."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.plan.compiler import OPEN
from tiercel.plan.expressions.logic import truth
from tiercel.plan.expressions.windows import over
from tiercel.plan.functions import FUNCTIONS
from tiercel.plan.functions.forms import as_type, dynamic_of, text_of
from tiercel.plan.functions.registry import Function
from tiercel.plan.literals import cast, null
from tiercel.plan.literals import text as literal_text
from tiercel.plan.nodes.dynamic import Property
from tiercel.plan.operators.activity import (
    activity_counts_metrics,
    rolling_percentile,
    session_count,
    sliding_window_counts,
)
from tiercel.plan.operators.awaited import awaited
from tiercel.plan.operators.columns import column_named, field_of
from tiercel.plan.operators.summarize import grouped
from tiercel.plan.operators.union import stacked
from tiercel.plan.relation import Field, Relation, column
from tiercel.plan.scope import did_you_mean
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiercel.plan.context import Context

__all__ = ["PLUGINS", "REFUSED_PLUGINS", "evaluate"]

_LARGEST_PIVOT: Final = 1_000


def evaluate(context: Context, rows: Relation, node: syntax.Evaluate) -> Relation:
    """What a plugin makes of the rows. A schema (`: (Name:string)`) tells the columns where they depend on the rows.

    Example: `evaluate bag_unpack(Properties)`.
    """
    name = node.call.name
    plugin = PLUGINS.get(name)
    if plugin is not None:
        return plugin(context, rows, node)
    if name in REFUSED_PLUGINS:
        raise Refusal("kql-unsupported", f"`{name}` is not supported: {REFUSED_PLUGINS[name]}")
    hint = did_you_mean(name, [*PLUGINS, *REFUSED_PLUGINS])
    raise Refusal("kql-unknown-function", f"no plugin is called `{name}`", hint, node.call.name_region)


# --- arguments -------------------------------------------------------------------------------------------------------


def _split(node: syntax.Call) -> tuple[list[syntax.Expression], dict[str, syntax.Expression]]:
    """The arguments without a name, and those with one."""
    positional: list[syntax.Expression] = []
    named: dict[str, syntax.Expression] = {}
    for one in node.arguments:
        if isinstance(one, syntax.Named) and not isinstance(one.expression, syntax.Pipeline):
            named[one.names[0].text] = one.expression
        elif isinstance(one, syntax.Named | syntax.Pipeline):
            raise Refusal("kql-argument-type", f"`{node.name}` does not take this", region=one.region)
        else:
            positional.append(one)
    return positional, named


def _constant(context: Context, node: syntax.Expression | None, default: object) -> object:
    if node is None:
        return default
    value = context.over(None).lower(node)
    if isinstance(value, Broken):
        return default
    if not value.is_constant:
        raise Refusal("kql-not-constant", "this argument must be constant", region=node.region)
    return value.value


# --- plugins ---------------------------------------------------------------------------------------------------------


def bag_unpack(context: Context, rows: Relation, node: syntax.Evaluate) -> Relation:
    """A column for each property of a bag, in place of the bag; their names are learned from the rows, or written.

    `bag_unpack(Bag, prefix, columnsConflict, ignoredProperties)`.
    """
    positional, named = _split(node.call)
    if not positional:
        raise Refusal("kql-argument-count", "`bag_unpack` takes a column")
    if rows.is_open:
        return OPEN
    rows = context.compiler.seal(rows)
    bag = column_named(rows, positional[0])
    options = [*positional[1:], *(None,) * 3]
    prefix = str(_constant(context, named.get("OutputColumnPrefix") or options[0], ""))
    conflict = str(_constant(context, named.get("columnsConflict") or options[1], "error"))
    ignored = _constant(context, named.get("ignoredProperties") or options[2], [])
    left_out = set(ignored) if isinstance(ignored, list) else set()
    rest = [one for one in rows.fields if one.name != bag.name]
    if node.columns is not None:
        properties = [(one.name.text, one.type) for one in node.columns if one.name.text not in {r.name for r in rest}]
    else:
        properties = [(f"{prefix}{key}", kind) for key, kind in _properties(context, rows, bag) if key not in left_out]
        properties = properties or awaited(context, [*rest, *rows.hidden], node.call)
    made = {name: field_of(name, as_type(_property(bag, name.removeprefix(prefix)), kind)) for name, kind in properties}
    clashing = [one.name for one in rest if one.name in made]
    if clashing and conflict == "error":
        hint = "columnsConflict='replace_source' or 'keep_source' says which one stays"
        raise Refusal("kql-duplicate-column", f"there is a column `{clashing[0]}` already", hint)
    if conflict == "replace_source":
        rest = [made.pop(one.name, one) for one in rest]
    else:
        made = {name: one for name, one in made.items() if name not in clashing}
    return rows.with_fields([*rest, *made.values()])


def _property(bag: Field, name: str) -> Typed:
    return Typed(Property(this=bag.sql.copy(), expression=exp.Literal.string(name)), KustoType.DYNAMIC)


_KINDS: Final = {
    frozenset({"long"}): KustoType.LONG,
    frozenset({"double"}): KustoType.REAL,
    frozenset({"long", "double"}): KustoType.REAL,
    frozenset({"string"}): KustoType.STRING,
    frozenset({"bool"}): KustoType.BOOL,
}


def _properties(context: Context, rows: Relation, bag: Field) -> list[tuple[str, KustoType]]:
    """The names and types of the properties that the bags hold, by name: read from the rows before the query runs."""
    region = syntax.Region(0, 0)
    key = syntax.Name(region=region, text="$key")
    bag_name = syntax.Name(region=region, text=bag.name)

    def call(name: str, *arguments: syntax.Expression) -> syntax.Call:
        return syntax.Call(region=region, name=name, name_region=region, arguments=arguments)

    keys = syntax.MvItem(region=region, name=key, expression=call("bag_keys", bag_name), type=KustoType.STRING)
    kind = call("gettype", syntax.Index(region=region, base=bag_name, index=key))
    kinds = syntax.Named(
        region=region, names=(syntax.Name(region=region, text="kinds"),), expression=call("make_set", kind)
    )
    found = context.over_operators(
        rows,
        (
            syntax.MvExpand(region=region, hints=(), items=(keys,)),
            syntax.Summarize(region=region, hints=(), aggregates=(kinds,), groups=(key,)),
        ),
    )
    result = []
    for name, seen in sorted(context.compiler.probe(found)):
        if not isinstance(name, str) or not isinstance(seen, list) or not name:
            continue
        types = frozenset(str(one) for one in seen) - {"null"}
        result.append((name, _KINDS.get(types, KustoType.DYNAMIC)))
    return result


def narrow(context: Context, rows: Relation, _node: syntax.Evaluate) -> Relation:
    """A row for each cell: Row (its number from 0), Column (its name), Value (its text)."""
    if rows.is_open:
        return OPEN
    rows = context.compiler.seal(rows)
    number = exp.Sub(this=over(rows, exp.RowNumber()), expression=exp.Literal.number(1))
    rows = context.compiler.seal(
        replace(rows, hidden=(Field("$number", KustoType.LONG, cast(number, KustoType.LONG)),))
    )
    parts = []
    for one in rows.fields:
        fields = [
            replace(rows.hidden[0], name="Row"),
            field_of("Column", literal_text(one.name)),
            field_of("Value", text_of(one.typed())),
        ]
        parts.append(("", replace(rows, fields=tuple(fields), hidden=())))
    return stacked(context, parts)


def pivot(context: Context, rows: Relation, node: syntax.Evaluate) -> Relation:
    """A column for each value of a column, holding an aggregate: `pivot(Column, count(), Others...)`.

    The values are learned from the rows, or written as the schema.
    """
    positional, _ = _split(node.call)
    if not positional:
        raise Refusal("kql-argument-count", "`pivot` takes a column")
    if rows.is_open:
        return OPEN
    rows = context.compiler.seal(rows)
    pivoted = column_named(rows, positional[0])
    region = node.region
    aggregate: syntax.Expression = syntax.Call(region=region, name="count", name_region=region, arguments=())
    if len(positional) > 1:
        aggregate = positional[1]
    used = {pivoted.name}
    if isinstance(aggregate, syntax.Call):
        used |= {one.text for one in aggregate.arguments if isinstance(one, syntax.Name)}
    kept = [column_named(rows, one) for one in positional[2:]] or [one for one in rows.fields if one.name not in used]
    keyed = replace(pivoted, name="$pivot", sql=text_of(pivoted.typed()).sql)
    title = syntax.Name(region=region, text="$value")
    named = syntax.Named(region=region, names=(title,), expression=aggregate)
    groups = grouped(context, rows, [*kept, keyed], [named])
    if groups.is_open or groups.fields[-1].broken:
        return OPEN
    if node.columns is not None:
        values = [one.name.text for one in node.columns if one.name.text not in {k.name for k in kept}]
    else:
        keys = replace(groups, fields=(groups.fields[len(kept)],))
        values = sorted({str(row[0]) for row in context.compiler.probe(keys)})
    if len(values) > _LARGEST_PIVOT:
        raise Refusal("kql-too-many", f"`pivot` would give {len(values)} columns", "filter the values first")
    value = groups.fields[-1]
    fields = list(groups.fields[: len(kept)])
    for one in values:
        is_it = exp.EQ(this=groups.fields[len(kept)].sql.copy(), expression=exp.Literal.string(one))
        chosen: exp.Expr = exp.Max(this=exp.Case(ifs=[exp.If(this=is_it, true=value.sql.copy())]))
        if value.type is KustoType.LONG:
            chosen = exp.Coalesce(this=chosen, expressions=[exp.Literal.number(0)])
        elif value.type is KustoType.STRING:
            chosen = exp.Coalesce(this=chosen, expressions=[exp.Literal.string("")])
        fields.append(Field(one, value.type, chosen))
    if not values and node.columns is None:
        fields += [field_of(name, null(kind)) for name, kind in awaited(context, fields, node.call)]
    shape = replace(groups, fields=tuple(fields))
    select, names = shape.select()
    if kept:
        select.set("group", exp.Group(expressions=[exp.Literal.number(at + 1) for at in range(len(kept))]))
    return context.compiler.add(select, names, shape)


def _ip_lookup(function: str, *, table_first: bool = False) -> Callable[[Context, Relation, syntax.Evaluate], Relation]:
    def lookup(context: Context, rows: Relation, node: syntax.Evaluate) -> Relation:
        """The rows beside those of a table whose network holds their address.

        `ipv4_lookup(Networks, Address, Network, return_unmatched)`, and `ipv6_lookup` likewise.
        """
        positional, named = _split(node.call)
        if len(positional) < 3:
            raise Refusal("kql-argument-count", f"`{node.call.name}` takes a table, an address and a network")
        right = context.rows(positional[0])
        if rows.is_open or right.is_open:
            return OPEN
        left, right = context.compiler.seal(rows), context.compiler.seal(right)
        address, network = column_named(left, positional[1]), column_named(right, positional[2])
        flag = named.get("return_unmatched") or (positional[3] if len(positional) == 4 else None)
        unmatched = bool(_constant(context, flag, False))
        entry = FUNCTIONS[function]
        if not isinstance(entry, Function):
            raise Refusal("kql-unsupported", f"this needs `{function}`, which is not supported: {entry.why}")
        sides = [
            Typed(column(address.sql.name, "l"), KustoType.STRING),
            Typed(column(network.sql.name, "r"), KustoType.STRING),
        ]
        matched = entry.lower(context.compiler.environment, sides)
        mine = [replace(one, sql=column(one.sql.name, "l")) for one in left.fields]
        theirs = []
        for one in right.fields:
            sql: exp.Expr = column(one.sql.name, "r")
            if unmatched and one.type is KustoType.STRING:
                sql = exp.Coalesce(this=sql, expressions=[exp.Literal.string("")])
            if one.name not in left.names:
                theirs.append(replace(one, sql=sql))
        fields = [*theirs, *mine] if table_first else [*mine, *theirs]
        joined = exp.Join(
            this=_aliased(right, "r"),
            side="LEFT" if unmatched else None,
            kind=None if unmatched else "INNER",
            on=matched.sql,
        )
        return Relation(source=_aliased(left, "l"), joins=(joined,), fields=tuple(fields))

    return lookup


def _aliased(rows: Relation, alias: str) -> exp.Expr:
    source = rows.source.copy() if rows.source is not None else exp.Table(this=exp.to_identifier(alias))
    source.set("alias", exp.TableAlias(this=exp.Identifier(this=alias, quoted=True)))
    return source


def rows_near(context: Context, rows: Relation, node: syntax.Evaluate) -> Relation:
    """The rows in which a condition holds, with those before and after them: `rows_near(Condition, before, after)`."""
    positional, _ = _split(node.call)
    if len(positional) < 2:
        raise Refusal("kql-argument-count", "`rows_near` takes a condition and a number of rows")
    if rows.is_open:
        return OPEN
    rows = context.compiler.seal(rows)
    condition = truth(context.over(rows), positional[0])
    before = _constant(context, positional[1], 0)
    after = _constant(context, positional[2], before) if len(positional) > 2 else before
    if isinstance(condition, Broken):
        return OPEN
    flag = exp.Case(ifs=[exp.If(this=condition.sql, true=exp.Literal.number(1))], default=exp.Literal.number(0))
    near = over(rows, exp.Max(this=flag))
    near.set(
        "spec",
        exp.WindowSpec(
            kind="ROWS",
            start=exp.Literal.number(str(after)),
            start_side="PRECEDING",
            end=exp.Literal.number(str(before)),
            end_side="FOLLOWING",
        ),
    )
    marked = replace(rows, hidden=(*rows.hidden, Field("$near", KustoType.LONG, near)))
    marked = context.compiler.seal(marked)
    kept = exp.EQ(this=marked.hidden[-1].sql.copy(), expression=exp.Literal.number(1))
    return replace(marked, hidden=marked.hidden[:-1], where=(kept,))


def dcount_intersect(context: Context, rows: Relation, node: syntax.Evaluate) -> Relation:
    """How many values sets (from hll) share: `s0` of the first, `s1` of the first two, and so on."""
    positional, _ = _split(node.call)
    if rows.is_open:
        return OPEN
    rows = context.compiler.seal(rows)
    sets = [dynamic_of(column_named(rows, one).typed()) for one in positional]
    shared = FUNCTIONS.get("set_intersect")
    size = FUNCTIONS.get("array_length")
    if not isinstance(shared, Function) or not isinstance(size, Function):
        raise Refusal("kql-unsupported", "this needs `set_intersect`, which is not supported")
    environment = context.compiler.environment
    fields = []
    for count in range(1, len(sets) + 1):
        both = reduce(
            lambda a, b: shared.lower(environment, [a, Typed(b.sql.copy(), b.type)]),
            sets[1:count],
            Typed(sets[0].sql.copy(), sets[0].type),
        )
        fields.append(field_of(f"s{count - 1}", size.lower(environment, [both])))
    return rows.with_fields([*rows.fields, *fields])


PLUGINS: Final[dict[str, Callable[[Context, Relation, syntax.Evaluate], Relation]]] = {
    "bag_unpack": bag_unpack,
    "narrow": narrow,
    "pivot": pivot,
    "ipv4_lookup": _ip_lookup("ipv4_is_in_range"),
    "ipv6_lookup": _ip_lookup("ipv6_is_in_range", table_first=True),
    "rows_near": rows_near,
    "dcount_intersect": dcount_intersect,
    "activity_counts_metrics": activity_counts_metrics,
    "sliding_window_counts": sliding_window_counts,
    "session_count": session_count,
    "rolling_percentile": rolling_percentile,
}
"""Every plugin that is built."""

_USERS = "it is about the activity of a service's users; `summarize` and `dcount` say the same of devices"
_HEURISTIC = "its groups come from a heuristic of the service's own"
_SERVICE = "it reaches beyond the imported tables"

REFUSED_PLUGINS: Final[dict[str, str]] = {
    "active_users_count": _USERS,
    "activity_engagement": _USERS,
    "activity_metrics": _USERS,
    "new_activity_metrics": _USERS,
    "funnel_sequence": _USERS,
    "funnel_sequence_completion": _USERS,
    "sequence_detect": "use a join near in time",
    "autocluster": _HEURISTIC,
    "basket": _HEURISTIC,
    "diffpatterns": _HEURISTIC,
    "diffpatterns_text": _HEURISTIC,
    "schema_merge": "how it orders columns that disagree is not published",
    "preview": "a query has one result here",
    "infer_storage_schema": _SERVICE,
    "http_request": _SERVICE,
    "http_request_post": _SERVICE,
    "sql_request": _SERVICE,
    "cosmosdb_sql_request": _SERVICE,
    "mysql_request": _SERVICE,
    "postgresql_request": _SERVICE,
    "azure_digital_twins_query_request": _SERVICE,
    "ai_embeddings": _SERVICE,
    "ai_chat_completion": _SERVICE,
    "python": "a query runs no code of its own",
    "r": "a query runs no code of its own",
    "geo_line_lookup": "geography is not built",
    "geo_polygon_lookup": "geography is not built",
}
"""Every plugin that KQL knows and we refuse, and why."""
