"""The way from any tabular expression of the syntax tree to a `Relation`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.plan.compiler import OPEN
from tiercel.plan.expressions.names import BROKEN
from tiercel.plan.invocation import invoke
from tiercel.plan.operators.own_devices import assigned_addresses
from tiercel.plan.operators.table import OPERATORS, SOURCES, UNKNOWN, Unsupported
from tiercel.plan.relation import Relation
from tiercel.plan.scope import FunctionBinding, ScalarBinding, Scope, TableBinding, did_you_mean
from tiercel.plan.values import Broken, Refusal
from tiercel.tables import asim_table, watchlist_table

if TYPE_CHECKING:
    from tiercel.plan.context import Context
    from tiercel.tables import Table


__all__ = ["is_tabular", "lower_rows", "run_operators"]

_PLACES: Final = frozenset({"database", "cluster", "workspace", "app"})
_WATCHLISTS: Final = frozenset({"_GetWatchlist", "_GetWatchlistAlias"})
_TABULAR_CALLS: Final = frozenset(
    {"materialize", "table", "external_table", "materialized_view", "AssignedIPAddresses", *_WATCHLISTS, *_PLACES}
)


def lower_rows(context: Context, node: syntax.Node) -> Relation:
    """The rows that the node means there. What is wrong is reported here, once, and `OPEN` comes back."""
    try:
        return _lower(context, node)
    except Refusal as refusal:
        context.compiler.refuse(refusal, node.region)
        return OPEN


def _lower(context: Context, node: syntax.Node) -> Relation:
    match node:
        case syntax.Pipeline():
            source = SOURCES.get(type(node.source))
            rows = context.rows(node.source) if source is None else _applied(context, source, OPEN, node.source)
            return run_operators(context, rows, node.operators)
        case syntax.Parenthesized():
            return context.rows(node.expression)
        case syntax.Name():
            return _named(context, node)
        case syntax.Call():
            return _called(context, node)
        case syntax.Member() | syntax.Index():
            return _elsewhere(context, node)
        case syntax.WildcardName():
            raise Refusal("kql-misplaced", "a name with `*` stands only in union, search and find")
    raise Refusal("kql-not-tabular", "a table is expected here")


def run_operators(context: Context, rows: Relation, operators: tuple[syntax.Operator, ...]) -> Relation:
    """The rows after each of the operators in turn. One that is refused is reported, and its result left open."""
    for operator in operators:
        lowering = OPERATORS.get(type(operator))
        if isinstance(operator, syntax.UnknownOperator):
            lowering = Unsupported(operator.word, UNKNOWN.get(operator.word, "it is not built"))
        rows = _applied(context, lowering, rows, operator)
    return rows


def _applied(context: Context, lowering: object, rows: Relation, node: syntax.Node) -> Relation:
    lacking = context.compiler.lacks.refusal(type(node).__name__.lower(), type(node))
    if lacking:
        context.compiler.report("kql-unsupported", lacking, node.region)
        return OPEN
    if isinstance(lowering, Unsupported):
        message = f"`{lowering.word}` is not supported: {lowering.why}"
        context.compiler.report("kql-unsupported", message, node.region)
        return OPEN
    try:
        return lowering(context, rows, node)  # type: ignore[operator,no-any-return]  # the table pairs nodes and lowerings
    except Refusal as refusal:
        context.compiler.refuse(refusal, node.region)
        return OPEN


def _named(context: Context, node: syntax.Name) -> Relation:
    binding = context.scope.find(node.text)
    if isinstance(binding, TableBinding):
        return binding.relation
    if isinstance(binding, FunctionBinding):
        return _called(context, _call_of(node))
    table = context.compiler.table(node.text)
    table = table or _normalized(context, node.text)
    if table is not None:
        return context.compiler.read(table)
    if isinstance(binding, ScalarBinding):
        if isinstance(binding.value, Broken):
            return OPEN
        raise Refusal("kql-not-tabular", f"`{node.text}` is a value, and a table is expected here")
    known = [*context.scope.names(TableBinding), *context.compiler.table_names()]
    hint = did_you_mean(node.text, known) or f"--table {node.text}=FILE gives the rows of a table of your own"
    raise Refusal("kql-unknown-table", f"no table is called `{node.text}`", hint)


def _call_of(node: syntax.Name) -> syntax.Call:
    """A function's bare name: a call without arguments."""
    return syntax.Call(region=node.region, name=node.text, name_region=node.region, arguments=())


def _called(context: Context, node: syntax.Call) -> Relation:
    binding = context.scope.find(node.name)
    if isinstance(binding, FunctionBinding):
        result = invoke(context, node, binding)
        if isinstance(result, Relation):
            return result
        if isinstance(result, Broken):
            return OPEN
        raise Refusal("kql-not-tabular", f"`{node.name}` gives a value, and a table is expected here")
    if node.name == "materialize":
        if len(node.arguments) != 1 or isinstance(node.arguments[0], syntax.Named):
            raise Refusal("kql-argument-count", "`materialize` takes one table")
        rows = context.compiler.seal(context.rows(node.arguments[0]))
        if isinstance(rows.source, exp.Table):
            context.compiler.materialized.add(rows.source.name)
        return rows
    if node.name == "table" and node.arguments:
        name = context.over(None).lower(node.arguments[0])  # type: ignore[arg-type]  # refused by `lower` otherwise
        if isinstance(name, Broken):
            return OPEN
        if not isinstance(name.value, str):
            raise Refusal("kql-not-constant", "the name in `table(...)` must be a constant string")
        return _named(context, syntax.Name(region=node.region, text=name.value))
    if node.name == "AssignedIPAddresses":
        return assigned_addresses(context, node)
    if node.name in _WATCHLISTS:
        return _watchlist(context, node)
    if (table := _normalized(context, node.name)) is not None:
        return context.compiler.read(table)
    if node.name in {"external_table", "materialized_view"}:
        raise Refusal("kql-unsupported", f"`{node.name}` is not supported: such tables live in the service")
    if node.name in _PLACES:
        raise Refusal("kql-not-tabular", f"`{node.name}(...)` is a place, not a table", "name the table after it")
    known = [*context.scope.names(FunctionBinding), *_TABULAR_CALLS]
    message = f"no function that gives rows is called `{node.name}`"
    raise Refusal("kql-unknown-function", message, did_you_mean(node.name, known), node.name_region)


def _watchlist(context: Context, node: syntax.Call) -> Relation:
    """`_GetWatchlist("VIP")`: the rows of a list that the user gave."""
    tables = context.compiler.tables
    known = [name for name in tables if name.startswith("_GetWatchlist(")]
    if not node.arguments:
        raise Refusal("kql-argument-count", f"`{node.name}` takes the name of a watchlist")
    name = context.over(None).lower(node.arguments[0])  # type: ignore[arg-type]  # refused by `lower` otherwise
    if isinstance(name, Broken):
        return OPEN
    if not isinstance(name.value, str):
        raise Refusal("kql-not-constant", "the name of a watchlist must be a constant string")
    table = next((tables[one] for one in known if one.lower() == watchlist_table(name.value).lower()), None)
    if table is None:
        given = ", ".join(one.removeprefix("_GetWatchlist('").removesuffix("')") for one in known)
        hint = f"give its rows: --watchlist {name.value}=FILE.csv" + (f"; given are: {given}" if given else "")
        region = node.arguments[0].region
        raise Refusal("kql-unknown-table", f"no watchlist `{name.value}` is given", hint, region)
    return context.compiler.read(table)


def _normalized(context: Context, name: str) -> Table | None:
    """The table whose rows an ASIM parser gives; its parameters filter rows, of which there are none."""
    table = asim_table(name)
    return context.compiler.table(table) if table is not None else None


def _elsewhere(context: Context, node: syntax.Member | syntax.Index) -> Relation:
    """`database("d").T`: the table T here; there is one database."""
    if isinstance(node, syntax.Member) and _is_place(node.base):
        return _named(context, syntax.Name(region=node.region, text=node.name))
    raise Refusal("kql-not-tabular", "a table is expected here, not a part of a value")


def _is_place(node: syntax.Node) -> bool:
    if isinstance(node, syntax.Call):
        return node.name in _PLACES and (node.target is None or _is_place(node.target))
    return isinstance(node, syntax.Member) and _is_place(node.base)


# --- rows or a value? ------------------------------------------------------------------------------------------------


def is_tabular(context: Context, node: syntax.Node) -> bool:
    """Whether the node means rows at that place, and not a value."""
    match node:
        case syntax.Pipeline():
            return True
        case syntax.Parenthesized():
            return is_tabular(context, node.expression)
        case syntax.Name():
            if context.relation is not None and context.relation.find(node.text) is not None:
                return False
            binding = context.scope.find(node.text)
            if isinstance(binding, FunctionBinding):
                return _gives_rows(context, binding)
            if binding is not None:
                return isinstance(binding, TableBinding)
            return context.compiler.table(node.text) is not None or _normalized(context, node.text) is not None
        case syntax.Call():
            binding = context.scope.find(node.name)
            if isinstance(binding, FunctionBinding):
                return _gives_rows(context, binding)
            return node.name in _TABULAR_CALLS or asim_table(node.name) is not None
        case syntax.Member():
            return _is_place(node.base)
    return False


def _gives_rows(context: Context, binding: FunctionBinding) -> bool:
    """Whether the function's last expression means rows, as far as its parameters and lets tell."""
    scope = Scope(parent=binding.scope)
    place = context.within(scope)
    for parameter in binding.function.parameters:
        tabular = parameter.columns is not None
        scope.own[parameter.name.text] = TableBinding(OPEN) if tabular else ScalarBinding(BROKEN)
    for statement in binding.function.body:
        if isinstance(statement, syntax.Let):
            name, value = statement.name.text, statement.value
            if isinstance(value, syntax.Lambda):
                scope.own[name] = FunctionBinding(value, scope.so_far())
            else:
                tabular = is_tabular(place, value)
                scope.own[name] = TableBinding(OPEN) if tabular else ScalarBinding(BROKEN)
        elif isinstance(statement, syntax.ExpressionStatement):
            return is_tabular(place, statement.expression)
    return False
