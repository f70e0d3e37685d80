"""`scan`: sequences of rows, found row by row with a state for each step.

A recursive common table expression goes from row to row. Its state holds for each step whether a sequence has come
that far, the sequence's number, and of the rows that matched the columns that conditions and assignments name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.plan.compiler import OPEN
from tiercel.plan.expressions.logic import truth
from tiercel.plan.functions.forms import as_type
from tiercel.plan.literals import cast, constant, null
from tiercel.plan.operators.columns import field_of
from tiercel.plan.relation import Field, OrderKey, Relation, column
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiercel.plan.context import Context

__all__ = ["scan"]

_ROW, _PART, _COUNT = "$row", "$part", "$count"


@dataclass(frozen=True, slots=True)
class _Scan:
    """What the parts of one scan share."""

    context: Context
    rows: Relation
    steps: tuple[syntax.ScanStep, ...]
    declared: dict[str, Typed]
    kept: dict[int, tuple[str, ...]]

    def kind(self, name: str) -> KustoType:
        """The type of a column, of the rows or declared."""
        found = self.rows.find(name)
        return self.declared[name].type if name in self.declared or found is None else found.type

    def empty(self, name: str) -> exp.Expr:
        """What a column is where no row has matched: its default if it is declared."""
        value = self.declared.get(name) or null(self.kind(name))
        return cast(value.sql.copy(), value.type)


def scan(context: Context, rows: Relation, node: syntax.Scan) -> Relation:
    """The rows that match steps of a sequence, each with the columns that its step assigns.

    A row matches a step if its condition holds with the state of the step before (the sequence goes on) or of the step
    itself; the first step begins a sequence. Steps are tried from the last to the first. `with_match_id=` numbers the
    sequences, `output=none` keeps a step's rows out of the result.

    Example: `sort by Timestamp asc | scan with_match_id=m with (step a: Port == 135; step b: Port > 49151;)`.
    Where we differ: `output=last` and optional steps are refused.
    """
    if rows.is_open:
        return OPEN
    if not rows.is_serialized:
        raise Refusal(
            "kql-not-serialized", "`scan` needs rows in an order", "put `sort by ...` or `serialize` before it"
        )
    for step in node.steps:
        if step.output == "last" or step.optional:
            raise Refusal("kql-unsupported", "`output=last` and optional steps are not supported", region=step.region)
    rows = context.compiler.seal(rows)
    one = _Scan(context, rows, node.steps, _declared(context, node), _columns_kept(node.steps))
    _check(one)
    numbered = _numbered(context, rows)
    states = _states(one, numbered)
    return _matches(one, node, numbered, states) if states else OPEN


def _declared(context: Context, node: syntax.Scan) -> dict[str, Typed]:
    declared: dict[str, Typed] = {}
    for one in node.declarations:
        kind = one.type or KustoType.STRING
        value = null(kind)
        if one.default is not None:
            given = context.over(None).lower(one.default)
            value = value if isinstance(given, Broken) else as_type(given, kind)
        declared[one.name.text] = value
    return declared


def _columns_kept(steps: tuple[syntax.ScanStep, ...]) -> dict[int, tuple[str, ...]]:
    """The columns of each step's row that any condition or assignment names."""
    places = {step.name.text: at for at, step in enumerate(steps)}
    found: dict[int, dict[str, None]] = {at: {} for at in range(len(steps))}
    for member in _members((step.condition, step.assignments) for step in steps):
        if isinstance(member.base, syntax.Name) and member.base.text in places:
            found[places[member.base.text]][member.name] = None
    return {at: tuple(names) for at, names in found.items()}


def _members(nodes: object) -> Iterable[syntax.Member]:
    if isinstance(nodes, syntax.Member):
        yield nodes
    if isinstance(nodes, syntax.Node):
        for name in nodes.__dataclass_fields__:
            if "region" not in name:
                yield from _members(getattr(nodes, name))
    elif not isinstance(nodes, str | dict) and hasattr(nodes, "__iter__"):
        for one in nodes:
            yield from _members(one)


def _check(one: _Scan) -> None:
    for at, names in one.kept.items():
        for name in names:
            if one.rows.find(name) is None and name not in one.declared:
                step = one.steps[at].name
                message = f"the rows of step `{step.text}` have no column `{name}`"
                raise Refusal("kql-unknown-column", message, region=step.region)


def _numbered(context: Context, rows: Relation) -> Relation:
    """The rows with their number within their partition, and the partition's own."""
    order = exp.Order(expressions=[key.ordered() for key in rows.order]) if rows.order else None
    keys = [one.sql.copy() for one in rows.partition]
    number = exp.Window(this=exp.RowNumber(), partition_by=keys, order=order)
    part: exp.Expr = exp.Literal.number(0)
    if keys:
        by_key = exp.Order(expressions=[exp.Ordered(this=key.copy(), desc=False, nulls_first=True) for key in keys])
        part = exp.Window(this=exp.DenseRank(), order=by_key)
    extra = (
        Field(_ROW, KustoType.LONG, cast(number, KustoType.LONG)),
        Field(_PART, KustoType.LONG, cast(part, KustoType.LONG)),
    )
    return context.compiler.seal(replace(rows, hidden=(*rows.hidden, *extra)))


# --- the state -------------------------------------------------------------------------------------------------------


def _held(step: int, of: int, name: str) -> str:
    """The state's column that holds, for a sequence come as far as `step`, a column of the row that matched `of`."""
    return f"{step}/{of}/{name}"


def _substituted(node: object, steps: dict[str, int]) -> object:
    """The expression with `step.column` as the name of a column of the state."""
    if isinstance(node, syntax.Member) and isinstance(node.base, syntax.Name) and node.base.text in steps:
        return syntax.Name(region=node.region, text=f"{steps[node.base.text]}/{node.name}")
    if isinstance(node, syntax.Node):
        changed: dict[str, Any] = {
            name: _substituted(getattr(node, name), steps)
            for name in node.__dataclass_fields__
            if "region" not in name and isinstance(getattr(node, name), syntax.Node | tuple)
        }
        return replace(node, **changed) if changed else node
    if isinstance(node, tuple) and not hasattr(node, "_fields"):
        return tuple(_substituted(one, steps) for one in node)
    return node


def _place(one: _Scan, state: int | None, cleared: exp.Expr | None = None) -> Context:
    """Where a condition or assignment is lowered: the row, and the state of a sequence come as far as `state`."""
    fields = [replace(f, sql=column(f.sql.name)) for f in one.rows.fields]
    fields += [Field(name, value.type, value.sql) for name, value in one.declared.items()]
    hidden: list[Field] = []
    for of, names in one.kept.items():
        for name in names:
            sql = one.empty(name)
            if state is not None and of <= state:
                held = column(_held(state, of, name))
                sql = held if cleared is None else _choice([(cleared, sql)], held)
            hidden.append(Field(f"{of}/{name}", one.kind(name), sql))
    return one.context.over(Relation(source=None, fields=tuple(fields), hidden=tuple(hidden), is_serialized=False))


def _choice(branches: list[tuple[exp.Expr, exp.Expr]], default: exp.Expr) -> exp.Expr:
    ifs = [exp.If(this=condition.copy(), true=value) for condition, value in branches]
    return exp.Case(ifs=ifs, default=default)


def _condition(one: _Scan, step: int, place: Context) -> exp.Expr | None:
    steps = {step.name.text: at for at, step in enumerate(one.steps)}
    value = truth(place, _substituted(one.steps[step].condition, steps))  # type: ignore[arg-type]  # an expression stays one
    if isinstance(value, Broken):
        return None
    return exp.Coalesce(this=value.sql, expressions=[exp.Boolean(this=False)])


def _assigned(one: _Scan, step: int, place: Context) -> dict[str, exp.Expr]:
    """The declared columns of a row that matched the step: what it assigns, else their defaults."""
    steps = {step.name.text: at for at, step in enumerate(one.steps)}
    values = {name: one.empty(name) for name in one.declared}
    for item in one.steps[step].assignments:
        name = item.names[0].text
        if name not in one.declared:
            raise Refusal(
                "kql-unknown-column", f"`{name}` is not declared", "declare it: `scan declare (...)`", item.region
            )
        value = place.lower(_substituted(item.expression, steps))  # type: ignore[arg-type]  # an expression stays one
        if not isinstance(value, Broken):
            kind = one.declared[name].type
            values[name] = cast(as_type(value, kind).sql, kind)
    return values


def _promoted(step: int) -> exp.Column:
    return column(f"{step}!")


def _matched(step: int) -> exp.Column:
    return column(f"{step}=")


def _active(step: int) -> exp.Column:
    return column(f"{step}?")


def _number_of(step: int) -> exp.Column:
    return column(f"{step}#")


def _out(step: int, name: str) -> exp.Column:
    return column(f"{step}>{name}")


def _false() -> exp.Expr:
    return exp.Boolean(this=False)


def _states(one: _Scan, numbered: Relation) -> str:
    """The recursive expression's name: a row of state for each row; empty where a condition is wrong."""
    compiler = one.context.compiler
    last = len(one.steps) - 1
    seen = exp.Select(expressions=[exp.Star(), *_first_checks(one)])
    if any(isinstance(item, exp.Null) for item in seen.expressions):
        return ""
    second = _second_checks(one)
    if second is None:
        return ""
    name = compiler.fresh("scan")
    row = exp.Select(
        expressions=[column(f.sql.name, "r") for f in numbered.fields]
        + [column(_ROW, "r"), column(_PART, "r")]
        + [column(each, "s") for each in _state_columns(one)]
    )
    row.set("from_", exp.From(this=_table(name, "s")))
    source = numbered.source.copy() if numbered.source is not None else exp.Table(this=exp.to_identifier("r"))
    source.set("alias", exp.TableAlias(this=exp.Identifier(this="r", quoted=True)))
    following = exp.Add(this=column(_ROW, "s"), expression=exp.Literal.number(1))
    on = exp.And(
        this=exp.EQ(this=column(_PART, "r"), expression=column(_PART, "s")),
        expression=exp.EQ(this=column(_ROW, "r"), expression=following),
    )
    row.set("joins", [exp.Join(this=source, kind="INNER", on=on)])
    seen.set("from_", exp.From(this=_sub(row, "row")))
    matched = exp.Select(expressions=[exp.Star(), *second])
    matched.set("from_", exp.From(this=_sub(seen, "seen")))
    step = exp.Select(expressions=[column(_PART), column(_ROW), *_new_state(one, last)])
    step.set("from_", exp.From(this=_sub(matched, "matched")))
    begin = exp.Select(expressions=_first_state(one))
    begin.set("from_", exp.From(this=numbered.source.copy() if numbered.source is not None else None))
    begin.set("distinct", exp.Distinct())
    compiler.ctes[name] = exp.Union(this=begin, expression=step, distinct=False)
    compiler.recursive.add(name)
    return name


def _table(name: str, alias: str) -> exp.Table:
    table = exp.Table(this=exp.Identifier(this=name, quoted=True))
    table.set("alias", exp.TableAlias(this=exp.Identifier(this=alias, quoted=True)))
    return table


def _sub(select: exp.Select, alias: str) -> exp.Subquery:
    return exp.Subquery(this=select, alias=exp.TableAlias(this=exp.Identifier(this=alias, quoted=True)))


def _as(sql: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=sql, alias=exp.Identifier(this=name, quoted=True))


def _state_columns(one: _Scan) -> list[str]:
    """The columns of the state that the next row's checks read."""
    names = [_COUNT]
    for step in range(len(one.steps)):
        names += [_active(step).name, _number_of(step).name]
        names += [_held(step, of, name) for of in range(step + 1) for name in one.kept[of]]
    return names


def _first_state(one: _Scan) -> list[exp.Expr]:
    """The state before the first row of each partition: nothing has matched."""
    items: list[exp.Expr] = [column(_PART), _as(constant(0, KustoType.LONG).sql, _ROW)]
    items.append(_as(constant(-1, KustoType.LONG).sql, _COUNT))
    for step in range(len(one.steps)):
        items.append(_as(_false(), _active(step).name))
        items.append(_as(null(KustoType.LONG).sql, _number_of(step).name))
        items += [_as(one.empty(name), _held(step, of, name)) for of in range(step + 1) for name in one.kept[of]]
        items.append(_as(_false(), _matched(step).name))
        items += [_as(one.empty(name), _out(step, name).name) for name in one.declared]
    return items


def _first_checks(one: _Scan) -> list[exp.Expr]:
    """Whether the row takes a sequence from each step to the next; a wrong condition gives a bare NULL."""
    checks: list[exp.Expr] = [_as(_false(), _promoted(0).name), _as(_false(), _promoted(len(one.steps)).name)]
    for step in range(1, len(one.steps)):
        condition = _condition(one, step, _place(one, step - 1))
        if condition is None:
            return [exp.Null()]
        checks.append(_as(exp.And(this=_active(step - 1), expression=condition), _promoted(step).name))
    return checks


def _second_checks(one: _Scan) -> list[exp.Expr] | None:
    """Whether the row matches each step again, or begins a sequence; None where a condition is wrong."""
    checks: list[exp.Expr] = []
    for step in range(len(one.steps)):
        gone = _promoted(step + 1)
        condition = _condition(one, step, _place(one, step, gone))
        if condition is None:
            return None
        there: exp.Expr = exp.Boolean(this=True)
        if step:
            there = exp.And(this=_active(step), expression=exp.Not(this=gone.copy()))
        free = exp.And(this=exp.Not(this=_promoted(step)), expression=exp.Paren(this=there))
        checks.append(_as(exp.And(this=free, expression=condition), _matched(step).name))
    return checks


def _new_state(one: _Scan, last: int) -> list[exp.Expr]:
    """The state after the row."""
    begun = _choice([(_begins(), exp.Literal.number(1))], exp.Literal.number(0))
    items: list[exp.Expr] = [_as(exp.Add(this=column(_COUNT), expression=begun), _COUNT)]
    for step in range(last + 1):
        taken, gone, again = _promoted(step), _promoted(step + 1), _matched(step)
        first, second = (
            _assigned(one, step, _place(one, step - 1 if step else None)),
            _assigned(one, step, _place(one, step, gone)),
        )
        stays = exp.And(this=_active(step), expression=exp.Not(this=gone.copy()))
        on = exp.Or(this=exp.Or(this=taken.copy(), expression=again.copy()), expression=exp.Paren(this=stays))
        items.append(_as(on, _active(step).name))
        items.append(_as(_new_number(step, taken, gone, again), _number_of(step).name))
        for of in range(step + 1):
            for name in one.kept[of]:
                now = column(_held(step, of, name))
                branches: list[tuple[exp.Expr, exp.Expr]] = []
                if of < step:
                    branches = [(taken, column(_held(step - 1, of, name))), (gone, one.empty(name))]
                else:
                    branches = [
                        (taken, _of_row(one, first, name)),
                        (again, _of_row(one, second, name)),
                        (gone, one.empty(name)),
                    ]
                items.append(_as(cast(_choice(branches, now), one.kind(name)), _held(step, of, name)))
        items.append(_as(exp.Or(this=taken.copy(), expression=again.copy()), _matched(step).name))
        for name in one.declared:
            chosen = _choice([(taken, first[name].copy()), (again, second[name].copy())], one.empty(name))
            items.append(_as(cast(chosen, one.kind(name)), _out(step, name).name))
    return items


def _begins() -> exp.Expr:
    """Whether the row begins a sequence: it matches the first step, at which no sequence stood.

    Microsoft Learn's example of sessions numbers them so, though the text has a new number for each such match.
    """
    stood = exp.And(this=_active(0), expression=exp.Not(this=_promoted(1)))
    return exp.And(this=_matched(0), expression=exp.Not(this=exp.Paren(this=stood)))


def _new_number(step: int, taken: exp.Expr, gone: exp.Expr, again: exp.Expr) -> exp.Expr:
    nothing = null(KustoType.LONG).sql
    if step == 0:
        following = exp.Add(this=column(_COUNT), expression=exp.Literal.number(1))
        return _choice([(_begins(), following), (again, _number_of(0)), (gone, nothing)], _number_of(0))
    return _choice([(taken, _number_of(step - 1)), (gone, nothing)], _number_of(step))


def _of_row(one: _Scan, assigned: dict[str, exp.Expr], name: str) -> exp.Expr:
    if name in assigned:
        return assigned[name].copy()
    found = one.rows.find(name)
    return column(found.sql.name if found is not None else name)


# --- the result ------------------------------------------------------------------------------------------------------


def _matches(one: _Scan, node: syntax.Scan, numbered: Relation, states: str) -> Relation:
    """A row for each match of a row with a step, but for steps with `output=none`."""
    stack: exp.Query | None = None
    names: list[str] = []
    shape = OPEN
    for step in reversed(range(len(one.steps))):
        if one.steps[step].output == "none":
            continue
        source = numbered.source.copy() if numbered.source is not None else None
        if source is not None:
            source.set("alias", exp.TableAlias(this=exp.Identifier(this="r", quoted=True)))
        on = exp.And(
            this=exp.EQ(this=column(_PART, "r"), expression=column(_PART, "s")),
            expression=exp.EQ(this=column(_ROW, "r"), expression=column(_ROW, "s")),
        )
        declared = set(one.declared)
        fields = [replace(f, sql=column(f.sql.name, "r")) for f in numbered.fields if f.name not in declared]
        for name, value in one.declared.items():
            fields.append(Field(name, value.type, column(_out(step, name).name, "s")))
        if node.match_id is not None:
            fields.append(Field(node.match_id.text, KustoType.LONG, column(_number_of(step).name, "s")))
        place = Field("$step", KustoType.LONG, constant(-step, KustoType.LONG).sql)
        row = Field(_ROW, KustoType.LONG, column(_ROW, "r"))
        part = Field(_PART, KustoType.LONG, column(_PART, "r"))
        shape = Relation(
            source=source,
            joins=(exp.Join(this=_table(states, "s"), kind="INNER", on=on),),
            fields=tuple(fields),
            where=(column(_matched(step).name, "s"),),
            partition=tuple(replace(f, sql=column(f.sql.name, "r")) for f in numbered.partition),
            order=tuple(OrderKey(f, descending=False, nulls_first=False) for f in (part, row, place)),
            is_serialized=True,
        )
        select, names = shape.select()
        stack = select if stack is None else exp.Union(this=stack, expression=select, distinct=False)
    if stack is None:
        empty = [field_of(f.name, null(f.type)) for f in numbered.fields]
        return Relation(source=None, fields=tuple(empty), where=(_false(),))
    return one.context.compiler.add(stack, names, shape)
