"""Sources that need no stored table: datatable, print, range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.plan.expressions.arithmetic import combine
from tiercel.plan.expressions.operands import NUMBERS
from tiercel.plan.functions.forms import as_type
from tiercel.plan.literals import cast, constant, null
from tiercel.plan.naming import expression_name, free_name
from tiercel.plan.operators.columns import field_of, several_of
from tiercel.plan.relation import Field, OrderKey, Relation, column, unique_names
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.plan.context import Context

__all__ = ["datatable", "print_row", "range_of", "values_table"]

_POSITION = "$position"


def datatable(context: Context, _rows: Relation, node: syntax.Datatable) -> Relation:
    """A table written in the query, in the order written.

    Example: `datatable(Name:string, Port:int) ["rpc", 135, "smb", 445]`.
    """
    columns = [(one.name.text, one.type) for one in node.columns]
    if not columns:
        raise Refusal("kql-argument-count", "a datatable has at least one column")
    if len(node.values) % len(columns):
        message = f"{len(node.values)} values do not fill rows of {len(columns)} columns"
        raise Refusal("kql-argument-count", message)
    place = context.over(None)
    kinds = [kind for _, kind in columns]
    cells = [_cell(place, one, kinds[at % len(kinds)]) for at, one in enumerate(node.values)]
    rows = [cells[at : at + len(columns)] for at in range(0, len(cells), len(columns))]
    return values_table(context, columns, rows)


def _cell(context: Context, node: syntax.Expression, kind: KustoType) -> exp.Expr:
    """One value. Its column is cast as a whole, so a literal stands as it is: thousands of casts take seconds."""
    if isinstance(node, syntax.Literal) and node.type is kind:
        return _plain(node.value, kind)
    value = context.lower(node)
    if isinstance(value, Broken):
        return exp.Null()
    try:
        value = as_type(value, kind)
    except Refusal as refusal:
        context.compiler.refuse(refusal, node.region)
        return exp.Null()
    return _plain(value.value, kind) if value.is_constant else value.sql


def _plain(value: object, kind: KustoType) -> exp.Expr:
    if value is None:
        return exp.Null()
    if kind in {KustoType.INT, KustoType.LONG, KustoType.TIMESPAN}:
        return exp.Literal.number(str(value))
    sql = constant(value, kind).sql
    if isinstance(sql, exp.Cast):
        # A number as text keeps every digit until it is cast.
        inner = sql.this
        return exp.Literal.string(str(value)) if kind in {KustoType.REAL, KustoType.DECIMAL} else inner
    return sql


def values_table(
    context: Context, columns: Sequence[tuple[str, KustoType]], rows: Sequence[Sequence[exp.Expr]]
) -> Relation:
    """A table of these rows, in their order; each column is cast to its type."""
    names = list(unique_names([*(name for name, _ in columns), _POSITION]))
    if rows:
        tuples = [exp.Tuple(expressions=[*row, exp.Literal.number(at)]) for at, row in enumerate(rows)]
        alias = exp.TableAlias(
            this=exp.Identifier(this="listed", quoted=True),
            columns=[exp.Identifier(this=name, quoted=True) for name in names],
        )
        source: exp.Expr | None = exp.Values(expressions=tuples, alias=alias)
        fields = [Field(name, kind, _of_kind(kind, sql)) for (name, kind), sql in zip(columns, names, strict=False)]
        position = Field(_POSITION, KustoType.LONG, column(names[-1]))
        where: tuple[exp.Expr, ...] = ()
    else:
        source, where = None, (exp.Boolean(this=False),)
        fields = [field_of(name, null(kind)) for name, kind in columns]
        position = Field(_POSITION, KustoType.LONG, exp.Literal.number(0))
    order = (OrderKey(position, descending=False, nulls_first=False),)
    rows_of = Relation(source=source, fields=tuple(fields), where=where, order=order)
    select, given = rows_of.select()
    return context.compiler.add(select, given, rows_of, "listed")


def _of_kind(kind: KustoType, name: str) -> exp.Expr:
    if kind in {KustoType.STRING, KustoType.GUID, KustoType.BOOL}:
        return column(name) if kind is KustoType.STRING else cast(column(name), kind)
    return cast(column(name), kind)


def print_row(context: Context, _rows: Relation, node: syntax.Print) -> Relation:
    """One row of the values given; unnamed ones are called `print_0`, `print_1`, ...

    Example: `print Day = startofday(now())`.
    """
    place = context.over(None)
    fields: list[Field] = []
    for at, item in enumerate(node.columns):
        made = {one.name for one in fields}
        several = several_of(place, item)
        if several:
            fields += [field_of(free_name(name, made), value) for name, value in several]
            continue
        if isinstance(item, syntax.Named):
            if isinstance(item.expression, syntax.Pipeline):
                raise Refusal("kql-not-scalar", "a value is expected here, not a table", region=item.region)
            value = place.lower(item.expression)
            if len(item.names) == 1:
                fields.append(field_of(item.names[0].text, value))
                continue
            raise Refusal("kql-unsupported", "several names for one value in print", region=item.region)
        name = expression_name(item) if isinstance(item, syntax.Call) and item.name == "column_ifexists" else ""
        fields.append(field_of(free_name(name or f"print_{at}", made), place.lower(item)))
    return Relation(source=None, fields=tuple(fields))


def range_of(context: Context, _rows: Relation, node: syntax.Range) -> Relation:
    """One column of values from `low` to `high`, `step` apart, both ends included.

    Example: `range Hour from ago(1d) to now() step 1h`.
    """
    place = context.over(None)
    low, high, step = (place.lower(one) for one in (node.low, node.high, node.step))
    if any(isinstance(one, Broken) for one in (low, high, step)):
        return Relation(source=None, fields=(Field(node.name.text, KustoType.LONG, exp.Null(), broken=True),))
    kind = low.type
    if kind in NUMBERS:
        kind = KustoType.REAL if KustoType.REAL in (low.type, high.type, step.type) else KustoType.LONG
        low, high, step = (as_type(one, kind) for one in (low, high, step))
    elif kind is KustoType.TIMESPAN or kind is KustoType.DATETIME:
        pass
    else:
        raise Refusal("kql-type", f"`range` runs over numbers, datetimes and timespans, not over a {kind}")
    steps = as_type(_floor(combine("/", _difference(high, low), step)), KustoType.LONG)
    series = exp.GenerateSeries(start=constant(0, KustoType.LONG).sql, end=steps.sql)
    alias = exp.TableAlias(
        this=exp.Identifier(this="counted", quoted=True), columns=[exp.Identifier(this="n", quoted=True)]
    )
    counter = Typed(column("n"), KustoType.LONG)
    value = combine("+", _copy(low), combine("*", _copy(step), counter))
    rows = Relation(
        source=exp.Unnest(expressions=[series], alias=alias),
        fields=(Field(node.name.text, kind, cast(value.sql, kind)),),
        order=(OrderKey(Field(_POSITION, KustoType.LONG, column("n")), descending=False, nulls_first=False),),
        is_serialized=True,
    )
    return context.compiler.seal(rows)


def _copy(value: Typed) -> Typed:
    return value.with_sql(value.sql.copy())


def _difference(high: Typed, low: Typed) -> Typed:
    return combine("-", _copy(high), _copy(low))


def _floor(value: Typed) -> Typed:
    if value.type is KustoType.REAL and not value.is_constant:
        return Typed(exp.Floor(this=value.sql), KustoType.REAL)
    return value
