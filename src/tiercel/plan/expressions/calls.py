"""Calls: KQL's functions and aggregates, the query's own functions, and the forms that need to see the rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.errors import Severity
from tiercel.kql import syntax
from tiercel.plan.compiler import qualified
from tiercel.plan.expressions.windows import WINDOWS
from tiercel.plan.functions import AGGREGATES, FUNCTIONS
from tiercel.plan.functions.forms import as_type, dynamic_of
from tiercel.plan.functions.registry import Aggregate, Function, Unsupported
from tiercel.plan.invocation import invoke
from tiercel.plan.literals import constant, null, text
from tiercel.plan.naming import expression_name
from tiercel.plan.nodes.dynamic import WithoutNulls
from tiercel.plan.nodes.json import JsonObject
from tiercel.plan.relation import Relation
from tiercel.plan.scope import FunctionBinding, did_you_mean
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import INGESTION_TIME, KustoType

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiercel.plan.context import Context

__all__ = ["FORMS", "call_results", "lower_call", "scalar_of"]

_SAVED: Final = "write a function that a workspace holds into the query: `let {0} = (...) {{ ... }};`"
_BROKEN: Final = Broken(exp.Null(), KustoType.DYNAMIC)


def lower_call(context: Context, node: syntax.Call) -> Typed:
    """What the call gives. A query's own function hides one of KQL's of the same name."""
    binding = context.scope.find(node.name)
    if isinstance(binding, FunctionBinding):
        result = invoke(context, node, binding)
        if isinstance(result, Relation):
            if result.is_open:
                return _BROKEN
            hint = f"`toscalar({node.name}(...))` gives one value of them"
            raise Refusal("kql-not-scalar", f"`{node.name}` gives rows, and a value is expected here", hint)
        return result
    form = FORMS.get(node.name) or WINDOWS.get(node.name)
    if form is not None:
        if lacking := context.compiler.lacks.refusal(node.name, node.name):
            raise Refusal("kql-unsupported", lacking, region=node.name_region)
        if context.aggregating and node.name not in _ROWLESS_FORMS:
            message = f"`{node.name}` differs from row to row, and one value a group is expected"
            raise Refusal("kql-not-aggregated", message, "put it into an aggregate, or behind `by`")
        return form(context, node)
    entry: Function | Aggregate | Unsupported | None = AGGREGATES.get(node.name) if context.aggregating else None
    entry = entry or FUNCTIONS.get(node.name) or AGGREGATES.get(node.name)
    if entry is None:
        known = [*FUNCTIONS, *AGGREGATES, *FORMS, *WINDOWS, *context.scope.names(FunctionBinding)]
        raise Refusal(
            "kql-unknown-function",
            f"no function is called `{node.name}`",
            did_you_mean(node.name, known) or _SAVED.format(node.name),
            node.name_region,
        )
    if isinstance(entry, Unsupported):
        raise Refusal("kql-unsupported", f"`{node.name}` is not supported: {entry.why}", region=node.name_region)
    if lacking := context.compiler.lacks.refusal(node.name, entry.name):
        raise Refusal("kql-unsupported", lacking, region=node.name_region)
    is_aggregate = isinstance(entry, Aggregate)
    if is_aggregate and not context.aggregating:
        raise Refusal("kql-misplaced", f"`{node.name}` is an aggregate: it stands in summarize and make-series only")
    place = context.argument() if is_aggregate else context.plain()
    arguments = [value for one in node.arguments for value in _argument_values(place, one)]
    _check_count(node, entry, len(arguments))
    if any(isinstance(one, Broken) for one in arguments):
        return _BROKEN
    return entry.lower(context.compiler.environment, arguments)


def call_results(context: Context, node: syntax.Node) -> tuple[tuple[str, Typed], ...] | None:
    """The columns that a call standing alone gives, where it gives several; None for any other expression."""
    if not isinstance(node, syntax.Call) or context.scope.find(node.name) is not None:
        return None
    entry = AGGREGATES.get(node.name) if context.aggregating else FUNCTIONS.get(node.name)
    if not isinstance(entry, Function | Aggregate) or entry.results is None:
        return None
    place = context.argument() if isinstance(entry, Aggregate) else context.plain()
    arguments = [_argument(place, one) for one in node.arguments]
    _check_count(node, entry, len(arguments))
    if any(isinstance(one, Broken) for one in arguments):
        return None
    names = [expression_name(one) for one in node.arguments]
    return entry.results(context.compiler.environment, arguments, names)


def _argument_values(context: Context, node: syntax.Argument) -> list[Typed]:
    """The argument's value; of `*` those of all columns."""
    if isinstance(node, syntax.Star) and context.relation is not None:
        return [one.typed() for one in context.relation.fields if not one.broken]
    return [_argument(context, node)]


def _argument(context: Context, node: syntax.Argument) -> Typed:
    if isinstance(node, syntax.Named):
        raise Refusal("kql-named-argument", "this function takes no named arguments", region=node.region)
    if isinstance(node, syntax.Pipeline):
        raise Refusal("kql-not-scalar", "a value is expected here, not a table", region=node.region)
    if isinstance(node, syntax.TypeOf) and node.type is not None:
        return text(node.type.value)
    return context.lower(node)


def _check_count(node: syntax.Call, entry: Function | Aggregate, count: int) -> None:
    low, high = entry.minimum, entry.maximum
    if count >= low and (high is None or count <= high):
        return
    wanted = f"at least {low}" if high is None else str(low) if low == high else f"{low} to {high}"
    plural = "" if wanted == "1" else "s"
    raise Refusal("kql-argument-count", f"`{node.name}` takes {wanted} argument{plural}, found {count}")


# --- forms that see more than their arguments' values ----------------------------------------------------------------


def scalar_of(context: Context, rows: Relation) -> Typed:
    """The first column of the first row; null, or the empty string, where there is no row."""
    if rows.is_open or not rows.fields:
        return _BROKEN
    first = rows.fields[0]
    rows = context.compiler.seal(replace(rows, fields=(first,), hidden=()))
    value: exp.Expr = exp.Select(expressions=[rows.fields[0].sql.copy()])
    if rows.source is not None:
        value.set("from_", exp.From(this=rows.source.copy()))
    if rows.order:
        keys = [qualified(key, rows) for key in rows.order]
        value.set("order", exp.Order(expressions=keys))
    value.set("limit", exp.Limit(expression=exp.Literal.number(1)))
    value = exp.Subquery(this=value)
    if first.type is KustoType.STRING:
        value = exp.Coalesce(this=value, expressions=[exp.Literal.string("")])
    return Typed(value, first.type)


def _toscalar(context: Context, node: syntax.Call) -> Typed:
    """One value of a table: its first column in its first row."""
    if len(node.arguments) != 1:
        raise Refusal("kql-argument-count", f"`toscalar` takes 1 argument, found {len(node.arguments)}")
    argument = node.arguments[0]
    if isinstance(argument, syntax.Named):
        raise Refusal("kql-named-argument", "`toscalar` takes no named arguments", region=argument.region)
    place = context.over(None)
    if not context.is_rows(argument):
        if isinstance(argument, syntax.Name) and context.scope.find(argument.text) is None:
            context.rows(argument)
            return _BROKEN
        return place.lower(argument)  # type: ignore[arg-type]  # a pipeline is rows
    return scalar_of(context, context.rows(argument))


def _ingestion_time(context: Context, node: syntax.Call) -> Typed:
    """When the row was stored: for rows of a stored table, and null once they are joined or summarized."""
    if node.arguments:
        raise Refusal("kql-argument-count", f"`ingestion_time` takes no argument, found {len(node.arguments)}")
    relation = context.relation
    if relation is not None:
        for one in relation.hidden:
            if one.name == INGESTION_TIME.name:
                return one.typed()
    return null(KustoType.DATETIME)


def _column_ifexists(context: Context, node: syntax.Call) -> Typed:
    """The column of that name where the rows have one, else the second argument."""
    if len(node.arguments) != 2:
        raise Refusal("kql-argument-count", f"`{node.name}` takes 2 arguments, found {len(node.arguments)}")
    name = context.plain().lower(node.arguments[0])  # type: ignore[arg-type]  # refused by `lower` otherwise
    default = context.plain().lower(node.arguments[1])  # type: ignore[arg-type]  # refused by `lower` otherwise
    if isinstance(name, Broken) or isinstance(default, Broken):
        return _BROKEN
    if not isinstance(name.value, str):
        raise Refusal("kql-not-constant", f"the column's name in `{node.name}` must be a constant string")
    found = context.relation.find(name.value) if context.relation is not None else None
    if found is None:
        return default
    return _BROKEN if found.broken else found.typed()


def _is_column(context: Context, node: syntax.Call) -> Typed:
    """Whether the rows have a column of that name; Kusto calls it deprecated and still answers.

    Example: `iff(iscolumnexists("Protocol"), "told", "not told")`.
    """
    if len(node.arguments) != 1:
        raise Refusal("kql-argument-count", f"`{node.name}` takes 1 argument, found {len(node.arguments)}")
    name = context.plain().lower(node.arguments[0])  # type: ignore[arg-type]  # refused by `lower` otherwise
    if isinstance(name, Broken):
        return _BROKEN
    if not isinstance(name.value, str):
        raise Refusal("kql-not-constant", f"the column's name in `{node.name}` must be a constant string")
    return constant(context.relation is not None and context.relation.find(name.value) is not None, KustoType.BOOL)


def _place_of_address(context: Context, node: syntax.Call) -> Typed:
    """Where an address is. Here every place is unknown, null, and a warning says so.

    Where we differ: Kusto asks its own database of places.
    """
    if len(node.arguments) != 1:
        raise Refusal("kql-argument-count", f"`{node.name}` takes 1 argument, found {len(node.arguments)}")
    address = context.plain().lower(node.arguments[0])  # type: ignore[arg-type]  # refused by `lower` otherwise
    if isinstance(address, Broken):
        return _BROKEN
    if address.type not in {KustoType.STRING, KustoType.DYNAMIC}:
        raise Refusal("kql-argument-type", f"`{node.name}` takes a string, found a {address.type}")
    message = f"`{node.name}` gives null for every address: only the service has a database of places"
    context.compiler.report("kql-local-data", message, node.name_region, "", Severity.WARNING)
    return null(KustoType.DYNAMIC)


def _pack_all(context: Context, node: syntax.Call) -> Typed:
    """A bag of all columns of the row; with `true`, without those that are null or empty."""
    relation = context.relation
    if relation is None:
        raise Refusal("kql-misplaced", "`pack_all` needs rows")
    leave_out = bool(node.arguments) and context.plain().lower(node.arguments[0]).value is True  # type: ignore[arg-type]  # as above
    return _bag(relation, relation.names, leave_out_empty=leave_out)


def _bag(relation: Relation, names: tuple[str, ...], *, leave_out_empty: bool = False) -> Typed:
    parts: list[exp.Expr] = []
    for name in names:
        found = relation.find(name)
        if found is None or found.broken:
            continue
        value = dynamic_of(found.typed()).sql
        if leave_out_empty and found.type is KustoType.STRING:
            empty = exp.EQ(this=found.sql.copy(), expression=exp.Literal.string(""))
            value = exp.Case(ifs=[exp.If(this=exp.Not(this=empty), true=value)])
        parts += [exp.Literal.string(name), value]
    packed = JsonObject(expressions=parts)
    return Typed(WithoutNulls(this=packed) if leave_out_empty else packed, KustoType.DYNAMIC)


def _bag_pack_columns(context: Context, node: syntax.Call) -> Typed:
    """A bag of the columns named, each under its own name."""
    parts: list[exp.Expr] = []
    for one in node.arguments:
        if not isinstance(one, syntax.Name):
            raise Refusal("kql-argument-type", f"`{node.name}` takes columns", region=one.region)
        value = context.plain().lower(one)
        if isinstance(value, Broken):
            return _BROKEN
        parts += [exp.Literal.string(one.text), dynamic_of(value).sql]
    return Typed(JsonObject(expressions=parts), KustoType.DYNAMIC)


def _column_names_of(context: Context, node: syntax.Call) -> Typed:
    """The names of a table's columns, as a dynamic array."""
    if len(node.arguments) != 1 or not context.is_rows(node.arguments[0]):
        raise Refusal("kql-argument-type", f"`{node.name}` takes one table")
    rows = context.rows(node.arguments[0])
    return _BROKEN if rows.is_open else constant(list(rows.names), KustoType.DYNAMIC)


def _not(context: Context, node: syntax.Call) -> Typed:
    """Whether the bool is false; null stays null."""
    if len(node.arguments) != 1:
        raise Refusal("kql-argument-count", f"`not` takes 1 argument, found {len(node.arguments)}")
    value = context.plain().lower(node.arguments[0])  # type: ignore[arg-type]  # refused by `lower` otherwise
    if isinstance(value, Broken):
        return value
    if value.type is not KustoType.BOOL:
        value = as_type(value, KustoType.BOOL)
    return Typed(exp.Not(this=exp.Paren(this=value.sql)), KustoType.BOOL)


def _materialize(_context: Context, node: syntax.Call) -> Typed:
    raise Refusal("kql-not-scalar", f"`{node.name}` gives rows, and a value is expected here", "use `toscalar(...)`")


_ROWLESS_FORMS: Final = frozenset({"toscalar", "not", "column_names_of", "materialize"})
"""The forms that mean the same for every row, so that they may stand beside aggregates."""

FORMS: Final[dict[str, Callable[[Context, syntax.Call], Typed]]] = {
    "toscalar": _toscalar,
    "ingestion_time": _ingestion_time,
    "column_ifexists": _column_ifexists,
    "columnifexists": _column_ifexists,
    "iscolumnexists": _is_column,
    "geo_info_from_ip_address": _place_of_address,
    "pack_all": _pack_all,
    "bag_pack_columns": _bag_pack_columns,
    "column_names_of": _column_names_of,
    "not": _not,
    "materialize": _materialize,
}
