"""Functions that look at other rows: prev, next, row_number, row_cumsum and their kin. They need rows in an order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.expressions.arithmetic import combine
from tiercel.plan.functions.forms import NUMBERS, as_type
from tiercel.plan.literals import cast, constant, null
from tiercel.plan.relation import Field, column
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiercel.kql import syntax
    from tiercel.plan.context import Context
    from tiercel.plan.relation import Relation

__all__ = ["WINDOWS", "changes", "over", "restarts", "sessions"]


def over(
    relation: Relation, function: exp.Expr, *, partition: tuple[exp.Expr, ...] = (), rows: bool = False
) -> exp.Window:
    """The function over the rows in their order; with `rows`, over those up to and including the row itself."""
    keys = [*(one.sql.copy() for one in relation.partition), *partition]
    spec = None
    if rows:
        spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
    order = exp.Order(expressions=[key.ordered() for key in relation.order]) if relation.order else None
    return exp.Window(this=function, partition_by=keys, order=order, spec=spec)


def _serialized(context: Context, node: syntax.Call) -> Relation:
    relation = context.relation
    if relation is None:
        raise Refusal("kql-misplaced", f"`{node.name}` needs rows")
    if not relation.is_serialized and not relation.is_open:
        hint = "put `sort by ...` or `serialize` before it"
        raise Refusal("kql-not-serialized", f"`{node.name}` needs rows in an order", hint)
    return relation


def _arguments(context: Context, node: syntax.Call, low: int, high: int) -> list[Typed] | None:
    if not low <= len(node.arguments) <= high:
        wanted = str(low) if low == high else f"{low} to {high}"
        raise Refusal("kql-argument-count", f"`{node.name}` takes {wanted} arguments, found {len(node.arguments)}")
    values = [context.plain().lower(one) for one in node.arguments]  # type: ignore[arg-type]  # refused by `lower` otherwise
    return None if any(isinstance(one, Broken) for one in values) else values


def _neighbour(context: Context, node: syntax.Call) -> Typed:
    """The value of the row `offset` rows before (`prev`) or after (`next`); the third argument where there is none."""
    relation = _serialized(context, node)
    arguments = _arguments(context, node, 1, 3)
    if arguments is None or relation.is_open:
        return Broken(exp.Null(), KustoType.DYNAMIC)
    value = arguments[0]
    offset = arguments[1].value if len(arguments) > 1 else 1
    if not isinstance(offset, int):
        raise Refusal("kql-not-constant", f"the offset of `{node.name}` must be a constant whole number")
    default = as_type(arguments[2], value.type) if len(arguments) > 2 else null(value.type)
    shift = exp.Lag if node.name == "prev" else exp.Lead
    if offset < 0:
        shift = exp.Lead if shift is exp.Lag else exp.Lag
    function = shift(this=value.sql, offset=exp.Literal.number(abs(offset)), default=default.sql)
    return Typed(over(relation, function), value.type)


def _constant(arguments: list[Typed], at: int, default: object) -> object:
    if len(arguments) <= at:
        return default
    if not arguments[at].is_constant:
        raise Refusal("kql-not-constant", "this argument must be constant")
    return arguments[at].value


def restart_name(node: syntax.Call) -> str:
    """The hidden column that counts the restarts of one call; `restarts` adds it before the call is lowered."""
    return f"$restart{node.region.start}"


def restarts(context: Context, relation: Relation, node: syntax.Call) -> Relation:
    """The rows with the count of the call's restarts as a hidden column, where it has a restart.

    A window cannot stand within a window: this one gets a scope of its own.
    """
    at = _RESTART_AT.get(node.name)
    if at is None or len(node.arguments) <= at or relation.is_open or not relation.is_serialized:
        return relation
    relation = context.compiler.seal(relation)
    flag = context.over(relation).lower(node.arguments[at])  # type: ignore[arg-type]  # refused by `lower` otherwise
    if isinstance(flag, Broken) or flag.value is False:
        return relation
    counted = exp.Case(ifs=[exp.If(this=flag.sql, true=exp.Literal.number(1))], default=exp.Literal.number(0))
    relation = _with_hidden(context, relation, Field(restart_name(node), KustoType.LONG, counted))
    flagged = relation.hidden[-1]
    total = over(relation, exp.Sum(this=flagged.sql.copy()), rows=True)
    kept = replace(relation, hidden=relation.hidden[:-1])
    return _with_hidden(context, kept, replace(flagged, sql=total))


def _with_hidden(context: Context, relation: Relation, *columns: Field) -> Relation:
    """The rows with more hidden columns, which are plain ones."""
    return context.compiler.seal(replace(relation, hidden=(*relation.hidden, *columns)))


def _partition(relation: Relation, node: syntax.Call) -> tuple[exp.Expr, ...]:
    found = relation.find(restart_name(node))
    return () if found is None else (found.sql.copy(),)


def _row_number(context: Context, node: syntax.Call) -> Typed:
    """1, 2, 3, ... in the rows' order, from another start if given; counted anew where the second argument is true."""
    relation = _serialized(context, node)
    arguments = _arguments(context, node, 0, 2)
    if arguments is None or relation.is_open:
        return Broken(exp.Null(), KustoType.DYNAMIC)
    start = _constant(arguments, 0, 1)
    partition = _partition(relation, node)
    number: exp.Expr = over(relation, exp.RowNumber(), partition=partition)
    if start != 1:
        number = exp.Add(this=number, expression=exp.convert(int(str(start)) - 1))
    return Typed(exp.Cast(this=number, to=exp.DataType.build("BIGINT")), KustoType.LONG)


def _row_cumsum(context: Context, node: syntax.Call) -> Typed:
    """The sum of the values up to the row, begun anew where the second argument is true."""
    relation = _serialized(context, node)
    arguments = _arguments(context, node, 1, 2)
    if arguments is None or relation.is_open:
        return Broken(exp.Null(), KustoType.DYNAMIC)
    value = arguments[0]
    if value.type not in NUMBERS and value.type is not KustoType.TIMESPAN:
        raise Refusal("kql-argument-type", f"`{node.name}` takes a number or a timespan, found a {value.type}")
    partition = _partition(relation, node)
    total = over(relation, exp.Sum(this=value.sql), partition=partition, rows=True)
    kind = KustoType.LONG if value.type is KustoType.INT else value.type
    zero = constant(0, kind).sql if kind is not KustoType.DECIMAL else exp.Literal.number(0)
    return Typed(cast(exp.Coalesce(this=total, expressions=[zero]), kind), kind)


def _row_rank(context: Context, node: syntax.Call) -> Typed:
    """The rank of the row's value among its neighbours in order: dense counts the changes of value, min leaves gaps."""
    relation = _serialized(context, node)
    arguments = _arguments(context, node, 1, 2)
    if arguments is None or relation.is_open:
        return Broken(exp.Null(), KustoType.DYNAMIC)
    found = relation.find(rank_name(node))
    change = found.sql.copy() if found is not None else exp.Literal.number(1)
    partition = _partition(relation, node)
    if node.name == "row_rank_dense":
        rank: exp.Expr = over(relation, exp.Sum(this=change), partition=partition, rows=True)
    else:
        number = found.sql.copy() if found is not None else exp.Literal.number(1)
        rank = over(relation, exp.Max(this=number), partition=partition, rows=True)
    return Typed(cast(rank, KustoType.LONG), KustoType.LONG)


def rank_name(node: syntax.Call) -> str:
    """The hidden column that marks where the value of one rank call changes."""
    return f"$rank{node.region.start}"


def changes(context: Context, relation: Relation, node: syntax.Call) -> Relation:
    """The rows with a hidden column that tells where the value ranked changes, where the call is a rank.

    1 where it does and else 0 for the dense rank; the row's number where it does and else null for the other.
    """
    if node.name not in {"row_rank_dense", "row_rank_min"} or relation.is_open or not relation.is_serialized:
        return relation
    relation = context.compiler.seal(relation)
    value = context.over(relation).lower(node.arguments[0]) if node.arguments else None  # type: ignore[arg-type]  # as above
    if value is None or isinstance(value, Broken):
        return relation
    relation = _with_hidden(context, relation, Field(rank_name(node), value.type, value.sql))
    ranked = relation.hidden[-1].sql
    partition = _partition(relation, node)
    before = over(relation, exp.Lag(this=ranked.copy()), partition=partition)
    first = exp.EQ(this=over(relation, exp.RowNumber(), partition=partition), expression=exp.Literal.number(1))
    changed = exp.Or(this=first, expression=exp.NullSafeNEQ(this=ranked.copy(), expression=before))
    if node.name == "row_rank_dense":
        mark: exp.Expr = exp.Case(ifs=[exp.If(this=changed, true=exp.Literal.number(1))], default=exp.Literal.number(0))
    else:
        mark = exp.Case(ifs=[exp.If(this=changed, true=over(relation, exp.RowNumber(), partition=partition))])
    kept = replace(relation, hidden=relation.hidden[:-1])
    return _with_hidden(context, kept, Field(rank_name(node), KustoType.LONG, mark))


_SESSION: Final = "row_window_session"
_SESSION_TYPES: Final = (KustoType.DATETIME, KustoType.TIMESPAN, KustoType.TIMESPAN, KustoType.BOOL)


def session_name(node: syntax.Call) -> str:
    """The hidden column that holds what one call gives; `sessions` adds it before the call is lowered."""
    return f"$session{node.region.start}"


def _row_window_session(context: Context, node: syntax.Call) -> Typed:
    """The moment at which the row's session began: a new one where it, or the gap before the row, would last too long.

    The last argument begins one where it is true. The distances must be constant.
    """
    relation = _serialized(context, node)
    arguments = _arguments(context, node, 3, 4)
    if arguments is None or relation.is_open:
        return Broken(exp.Null(), KustoType.DATETIME)
    for at, one in enumerate(arguments):
        kind = _SESSION_TYPES[at]
        if one.type is not kind:
            raise Refusal("kql-argument-type", f"argument {at + 1} of `{_SESSION}` is a {kind}, found a {one.type}")
    _constant(arguments, 1, None)
    _constant(arguments, 2, None)
    found = relation.find(session_name(node))
    if found is None:
        raise Refusal("kql-misplaced", f"`{_SESSION}` cannot stand here", "give it a name first: `extend x = ...`")
    return found.typed()


def sessions(context: Context, relation: Relation, node: syntax.Call) -> Relation:
    """The rows with the begin of their session as a hidden column, where the call asks for sessions.

    A row begins a stretch where the one before it lies too far back or is null, or at a restart: a window finds those.
    A stretch longer than a session may be is cut, and each cut depends on the one before: a recursive common table
    expression goes from cut to cut, in all stretches at once.
    """
    lacking = context.compiler.lacks.refusal(_SESSION, _SESSION)
    if node.name != _SESSION or lacking or relation.is_open or not relation.is_serialized:
        return relation  # what an engine lacks is refused where the call is lowered
    relation = context.compiler.seal(relation)
    lowered = [context.over(relation).lower(one) for one in node.arguments[:3]]  # type: ignore[arg-type]  # as above
    if tuple(one.type for one in lowered) != _SESSION_TYPES[:3] or any(isinstance(one, Broken) for one in lowered):
        return relation  # refused where the call is lowered
    moment, longest, widest = lowered
    whole = (*(one.sql.copy() for one in relation.partition), *(key.ordered() for key in relation.order))
    number = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=list(whole)) if whole else None)
    kept = len(relation.hidden)
    relation = _with_hidden(
        context,
        relation,
        Field("$moment", KustoType.DATETIME, moment.sql),
        Field("$until", KustoType.DATETIME, combine("+", moment, longest).sql.copy()),
        Field("$row", KustoType.LONG, number),
    )
    at, row = (relation.hidden[-3].sql, relation.hidden[-1].sql)
    keys = [*(one.sql.copy() for one in relation.partition), *_partition(relation, node)]
    order = exp.Order(expressions=[exp.Ordered(this=row.copy())])
    before = exp.Window(this=exp.Lag(this=at.copy()), partition_by=keys, order=order)
    goes_on = exp.LT(this=at.copy(), expression=combine("+", Typed(before, KustoType.DATETIME), widest).sql)
    begins = exp.Case(ifs=[exp.If(this=goes_on, true=exp.Null())], default=row.copy())
    relation = _with_hidden(context, relation, Field("$begins", KustoType.LONG, begins))
    stretch = _so_far(exp.Max(this=relation.hidden[-1].sql.copy()), relation.hidden[-2].sql)
    relation = _with_hidden(context, relation, Field("$stretch", KustoType.LONG, stretch))
    relation = _joined(relation, _cuts(context, relation))
    row, place = (relation.hidden[-3].sql, relation.hidden[-1].sql)
    began = exp.IgnoreNulls(this=exp.LastValue(this=column("moment", "c")))
    session = Field(session_name(node), KustoType.DATETIME, _so_far(began, row, place))
    return _with_hidden(context, replace(relation, hidden=relation.hidden[:kept]), session)


def _so_far(function: exp.Expr, row: exp.Expr, *partition: exp.Expr) -> exp.Window:
    """The function over the rows up to and including the row itself, which their number tells."""
    spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
    order = exp.Order(expressions=[exp.Ordered(this=row.copy())])
    return exp.Window(this=function, partition_by=[one.copy() for one in partition], order=order, spec=spec)


def _cuts(context: Context, relation: Relation) -> str:
    """The name of the recursive expression with the first row of each session: `stretch`, `row`, `moment`, `until`."""
    name = context.compiler.fresh("sessions")
    moment, until, row, _, stretch = (one.sql.name for one in relation.hidden[-5:])
    first = exp.Select(
        expressions=[
            exp.alias_(column(one), title, quoted=True)
            for one, title in ((stretch, "stretch"), (row, "row"), (moment, "moment"), (until, "until"))
        ]
    )
    first.set("from_", exp.From(this=_source(relation, "r")))
    first = first.where(exp.EQ(this=column(row), expression=column(stretch)))
    following = exp.Select(
        expressions=[
            column("stretch", "c"),
            exp.Min(this=column(row, "r")),
            exp.ArgMin(this=column(moment, "r"), expression=column(row, "r")),
            exp.ArgMin(this=column(until, "r"), expression=column(row, "r")),
        ]
    )
    following.set("from_", exp.From(this=_table(name, "c")))
    on = exp.and_(
        exp.EQ(this=column(stretch, "r"), expression=column("stretch", "c")),
        exp.GT(this=column(row, "r"), expression=column("row", "c")),
        exp.GTE(this=column(moment, "r"), expression=column("until", "c")),
    )
    following.set("joins", [exp.Join(this=_source(relation, "r"), kind="INNER", on=on)])
    following.set("group", exp.Group(expressions=[column("stretch", "c")]))
    context.compiler.ctes[name] = exp.Union(this=first, expression=following, distinct=False)
    context.compiler.recursive.add(name)
    return name


def _joined(relation: Relation, cuts: str) -> Relation:
    """The rows beside the first row of a session, `c`, where they are one."""

    def qualified(one: Field) -> Field:
        return replace(one, sql=column(one.sql.name, "r"))

    on = exp.EQ(this=column("row", "c"), expression=column(relation.hidden[-3].sql.name, "r"))
    return replace(
        relation,
        source=_source(relation, "r"),
        joins=(exp.Join(this=_table(cuts, "c"), side="LEFT", on=on),),
        fields=tuple(qualified(one) for one in relation.fields),
        hidden=tuple(qualified(one) for one in relation.hidden),
        partition=tuple(qualified(one) for one in relation.partition),
        order=tuple(replace(key, field=qualified(key.field)) for key in relation.order),
    )


def _table(name: str, alias: str) -> exp.Table:
    table = exp.Table(this=exp.Identifier(this=name, quoted=True))
    table.set("alias", exp.TableAlias(this=exp.Identifier(this=alias, quoted=True)))
    return table


def _source(relation: Relation, alias: str) -> exp.Expr:
    """The source of sealed rows, by another name."""
    source = relation.source.copy() if relation.source is not None else exp.Table(this=exp.to_identifier(alias))
    source.set("alias", exp.TableAlias(this=exp.Identifier(this=alias, quoted=True)))
    return source


_RESTART_AT: Final = {"row_number": 1, "row_cumsum": 1, "row_rank_dense": 1, "row_rank_min": 1, _SESSION: 3}

WINDOWS: Final[dict[str, Callable[[Context, syntax.Call], Typed]]] = {
    "prev": _neighbour,
    "next": _neighbour,
    "row_number": _row_number,
    "row_cumsum": _row_cumsum,
    "row_rank_dense": _row_rank,
    "row_rank_min": _row_rank,
    _SESSION: _row_window_session,
}
