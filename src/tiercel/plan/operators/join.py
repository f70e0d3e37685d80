"""`join` and `lookup`: rows of two tables side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.plan.compiler import OPEN
from tiercel.plan.expressions.names import in_other_case
from tiercel.plan.expressions.operands import NUMBERS
from tiercel.plan.relation import Field, Relation, column
from tiercel.plan.scope import did_you_mean
from tiercel.plan.values import Refusal
from tiercel.tables import SOURCE, KustoType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiercel.plan.context import Context

__all__ = ["join"]

_KINDS: Final = {
    "innerunique": "innerunique",
    "inner": "inner",
    "leftouter": "leftouter",
    "rightouter": "rightouter",
    "fullouter": "fullouter",
    "leftsemi": "leftsemi",
    "rightsemi": "rightsemi",
    "leftanti": "leftanti",
    "anti": "leftanti",
    "leftantisemi": "leftanti",
    "rightanti": "rightanti",
    "rightantisemi": "rightanti",
}
_SIDES: Final = {"leftouter": "LEFT", "rightouter": "RIGHT", "fullouter": "FULL"}
_ONE_SIDED: Final = {"leftsemi": "SEMI", "rightsemi": "SEMI", "leftanti": "ANTI", "rightanti": "ANTI"}


@dataclass(frozen=True, slots=True)
class _Key:
    left: Field
    right: Field


def join(context: Context, rows: Relation, node: syntax.Join) -> Relation:
    """The rows of the left and the right table whose keys are equal.

    `kind`: innerunique (what Kusto takes where none is written: the left rows reduced to one a key), inner, leftouter,
    rightouter, fullouter, leftsemi, rightsemi, leftanti, rightanti. A right column whose name the left has gets a
    number (`DeviceId1`). Hints change nothing. `lookup` is a leftouter join without the right keys.

    Example: `join kind=inner (DeviceProcessEvents) on DeviceId, $left.ProcessId == $right.InitiatingProcessId`.

    Of the left rows of one key innerunique keeps the first in the rows' order, or in that of the records they were
    read from, or else in the order of all columns; Kusto keeps any.
    """
    right = context.rows(node.right)
    kind = _kind(context, node)
    if rows.is_open or right.is_open:
        _check_known(context, rows, right, node)
        return OPEN
    if rows.partition or right.partition:
        raise Refusal("kql-unsupported", "a join within mv-apply or partition is not supported")
    left, right = context.compiler.seal(rows), context.compiler.seal(right)
    keys = [key for condition in node.on for key in _keys(context, left, right, condition)]
    if not keys:
        return OPEN if node.on else _refuse_no_keys()
    if kind == "innerunique":
        # Rows without a partner are left out anyway: dropped first, they need not be put in order.
        left = context.compiler.seal(_one_sided(left, right, keys, "leftsemi"))
        left = _one_a_key(context, left, [_same(left, key.left) for key in keys])
        keys = [replace(key, left=_same(left, key.left)) for key in keys]
        kind = "inner"
    if kind in _ONE_SIDED:
        return _one_sided(left, right, keys, kind)
    return _side_by_side(left, right, keys, kind, drop_keys=node.is_lookup)


def _refuse_no_keys() -> Relation:
    raise Refusal("kql-argument-count", "a join needs its keys: `on DeviceId`")


def _kind(context: Context, node: syntax.Join) -> str:
    if node.kind is None:
        return "leftouter" if node.is_lookup else "innerunique"
    kind = _KINDS.get(node.kind.lower())
    if kind is None:
        hint = did_you_mean(node.kind, _KINDS) or "write inner, leftouter, rightouter, fullouter, leftanti or leftsemi"
        begin = context.compiler.source.text.find(node.kind, node.region.start)
        region = syntax.Region(begin, begin + len(node.kind)) if begin >= 0 else node.region
        raise Refusal("kql-argument-type", f"there is no join of kind `{node.kind}`", hint, region)
    if node.is_lookup and kind not in {"leftouter", "inner"}:
        raise Refusal("kql-argument-type", f"a lookup is of kind leftouter or inner, not {node.kind}")
    return kind


def _check_known(context: Context, left: Relation, right: Relation, node: syntax.Join) -> None:
    """The keys of the side that is known are checked, though the other is not."""
    for condition in node.on:
        _keys(context, left, right, condition)


# --- keys ------------------------------------------------------------------------------------------------------------


def _keys(context: Context, left: Relation, right: Relation, node: syntax.Expression) -> list[_Key]:
    """The pairs of columns that one condition equates; a wrong one is reported and left out."""
    try:
        return _read_keys(context, left, right, node)
    except Refusal as refusal:
        context.compiler.refuse(refusal, node.region)
        return []


def _read_keys(context: Context, left: Relation, right: Relation, node: syntax.Expression) -> list[_Key]:
    match node:
        case syntax.Parenthesized():
            return _keys(context, left, right, node.expression)  # type: ignore[arg-type]  # a pipeline is refused below
        case syntax.Binary(operator="and"):
            return _keys(context, left, right, node.left) + _keys(context, left, right, node.right)
        case syntax.Name():
            return _pair(context, left, right, (node, node.text), (node, node.text))
        case syntax.Binary(operator="=="):
            first, second = _side(node.left), _side(node.right)
            if {first[0], second[0]} != {"$left", "$right"}:
                names = [one.text for one in (node.left, node.right) if isinstance(one, syntax.Name)]
                hint = f"write `on {names[0]}`" if len(names) == 2 and names[0] == names[1] else ""
                hint = hint or (f"write `$left.{names[0]} == $right.{names[1]}`" if len(names) == 2 else "")
                raise Refusal("kql-join-condition", "a condition compares `$left.x` with `$right.y`", hint)
            (_, mine), (_, theirs) = (first, second) if first[0] == "$left" else (second, first)
            here, there = (node.left, node.right) if first[0] == "$left" else (node.right, node.left)
            return _pair(context, left, right, (here, mine), (there, theirs))
    hint = "put other conditions behind the join: `| where ...`"
    raise Refusal("kql-join-condition", "a join's condition is a column's name or `$left.x == $right.y`", hint)


def _side(node: syntax.Expression) -> tuple[str, str]:
    if isinstance(node, syntax.Parenthesized) and not isinstance(node.expression, syntax.Pipeline):
        return _side(node.expression)
    if isinstance(node, syntax.Member) and isinstance(node.base, syntax.Name):
        return node.base.text, node.name
    return "", ""


def _pair(
    context: Context, left: Relation, right: Relation, here: tuple[syntax.Node, str], there: tuple[syntax.Node, str]
) -> list[_Key]:
    (left_node, left_name), (right_node, right_name) = here, there
    mine = _key(context, left, left_name, left_node, "left")
    theirs = _key(context, right, right_name, right_node, "right")
    if mine is None or theirs is None or mine.broken or theirs.broken:
        return []
    if mine.type is not theirs.type and not (mine.type in NUMBERS and theirs.type in NUMBERS):
        message = f"the key `{left_name}` is a {mine.type} on the left, `{right_name}` a {theirs.type} on the right"
        raise Refusal("kql-type", message, region=left_node.region)
    if mine.type is KustoType.DYNAMIC:
        raise Refusal("kql-type", "a dynamic value is no key of a join", "convert it first: `tostring(...)`")
    return [_Key(mine, theirs)]


def _key(context: Context, rows: Relation, name: str, node: syntax.Node, side: str) -> Field | None:
    found = rows.find(name) or in_other_case(context, rows, name, node.region)
    if found is None and not rows.is_open:
        hint = did_you_mean(name, rows.names)
        message = f"no column of the {side} side is called `{name}`"
        raise Refusal("kql-unknown-column", message, hint, node.region)
    return found


# --- rows ------------------------------------------------------------------------------------------------------------


def _one_a_key(context: Context, rows: Relation, keys: list[Field]) -> Relation:
    """The first row of each key: in the rows' order, in that of the stored records, or in the order of all columns."""
    record = next((one for one in rows.hidden if one.name == SOURCE.name), None)
    if rows.order:
        order = [key.ordered() for key in rows.order]
    elif record is not None:
        order = [exp.Ordered(this=record.sql.copy(), desc=False, nulls_first=True)]
    else:
        names = {key.name for key in keys}
        rest = [one for one in rows.fields if one.name not in names]
        order = [exp.Ordered(this=one.sql.copy(), desc=False, nulls_first=True) for one in rest]
    number = exp.Window(
        this=exp.RowNumber(),
        partition_by=[key.sql.copy() for key in keys],
        order=exp.Order(expressions=order) if order else None,
    )
    ranked = context.compiler.seal(replace(rows, hidden=(Field("$rank", KustoType.LONG, number),), order=()))
    first = exp.EQ(this=ranked.hidden[-1].sql.copy(), expression=exp.Literal.number(1))
    return context.compiler.seal(replace(ranked, hidden=(), where=(first,)))


def _same(rows: Relation, one: Field) -> Field:
    return next(other for other in rows.fields if other.name == one.name)


def _aliased(rows: Relation, alias: str) -> exp.Expr:
    source = rows.source.copy() if rows.source is not None else exp.Table(this=exp.Identifier(this="none", quoted=True))
    source.set("alias", exp.TableAlias(this=exp.Identifier(this=alias, quoted=True)))
    return source


def _of(one: Field, alias: str) -> exp.Column:
    return column(one.sql.name, alias)


def _condition(keys: Iterable[_Key]) -> exp.Expr:
    condition: exp.Expr | None = None
    for key in keys:
        equal = exp.EQ(this=_of(key.left, "l"), expression=_of(key.right, "r"))
        condition = equal if condition is None else exp.And(this=condition, expression=equal)
    return condition if condition is not None else exp.Boolean(this=True)


def _one_sided(left: Relation, right: Relation, keys: list[_Key], kind: str) -> Relation:
    """The rows of one side that have, or lack, a partner on the other."""
    if kind.startswith("right"):
        left, right = right, left
        keys = [_Key(key.right, key.left) for key in keys]
    joined = exp.Join(this=_aliased(right, "r"), side="LEFT", kind=_ONE_SIDED[kind], on=_condition(keys))
    return replace(
        left,
        source=_aliased(left, "l"),
        joins=(joined,),
        fields=tuple(replace(one, sql=_of(one, "l")) for one in left.fields),
        hidden=tuple(replace(one, sql=_of(one, "l")) for one in left.hidden),
        order=tuple(replace(key, field=replace(key.field, sql=_of(key.field, "l"))) for key in left.order),
    )


def _side_by_side(left: Relation, right: Relation, keys: list[_Key], kind: str, *, drop_keys: bool) -> Relation:
    side = _SIDES.get(kind)
    joined = exp.Join(this=_aliased(right, "r"), side=side, kind=None if side else "INNER", on=_condition(keys))
    dropped = {key.right.name for key in keys} if drop_keys else set()
    fields = [replace(one, sql=_value(one, "l", missing=kind in {"rightouter", "fullouter"})) for one in left.fields]
    taken = {*left.names, *right.names}
    for one in right.fields:
        if one.name in dropped:
            continue
        name = one.name
        if name in left.names:
            name = _numbered(name, taken)
            taken.add(name)
        fields.append(replace(one, name=name, sql=_value(one, "r", missing=kind in {"leftouter", "fullouter"})))
    return Relation(source=_aliased(left, "l"), joins=(joined,), fields=tuple(fields))


def _numbered(name: str, taken: set[str]) -> str:
    count = 1
    while f"{name}{count}" in taken:
        count += 1
    return f"{name}{count}"


def _value(one: Field, alias: str, *, missing: bool) -> exp.Expr:
    """The column of that side; where the side may have no row, its strings are empty, not null."""
    sql: exp.Expr = _of(one, alias)
    if missing and one.type is KustoType.STRING:
        sql = exp.Coalesce(this=sql, expressions=[exp.Literal.string("")])
    return sql
