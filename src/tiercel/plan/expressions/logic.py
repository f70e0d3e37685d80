"""`and`, `or`, comparisons and `between`, with Kusto's rules for null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.kql.literals import read_datetime
from tiercel.plan.expressions.arithmetic import combine
from tiercel.plan.expressions.operands import NUMBERS, bare
from tiercel.plan.functions.forms import as_type
from tiercel.plan.literals import constant
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from tiercel.kql import syntax
    from tiercel.plan.context import Context

__all__ = ["between", "compare", "connect", "equal", "truth"]

_ORDERINGS: Final = {"<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}


def truth(context: Context, node: syntax.Expression) -> Typed:
    """The node as a bool; a dynamic is converted, anything else refused."""
    value = context.lower(node)
    if isinstance(value, Broken) or value.type is KustoType.BOOL:
        return value
    if value.type is KustoType.DYNAMIC or value.type in NUMBERS:
        return as_type(value, KustoType.BOOL)
    message = f"expected a bool here, found a {value.type}"
    raise Refusal("kql-type", message, region=node.region)


def connect(context: Context, node: syntax.Binary) -> Typed:
    """`and`, `or`: three-valued, as SQL's."""
    left, right = truth(context, node.left), truth(context, node.right)
    if isinstance(left, Broken):
        return left
    if isinstance(right, Broken):
        return right
    connector = exp.And if node.operator == "and" else exp.Or
    return Typed(connector(this=_side(left.sql, connector), expression=_side(right.sql, connector)), KustoType.BOOL)


def _side(sql: exp.Expr, connector: type[exp.Connector]) -> exp.Expr:
    return exp.Paren(this=sql) if isinstance(sql, exp.Connector) and not isinstance(sql, connector) else sql


def compare(context: Context, operator: str, left: Typed, right: Typed) -> Typed:
    """`== != < <= > >=` of two values.

    `==` with one null is false and `!=` true; with two nulls either is null; an ordering with a null is null (Microsoft
    Learn, "Null values").
    """
    left, right = _comparable(operator, left, right)
    if operator in _ORDERINGS:
        return Typed(_ORDERINGS[operator](this=bare(left), expression=bare(right)), KustoType.BOOL)
    return equal(left, right, negated=operator == "!=", positive=context.positive)


def equal(left: Typed, right: Typed, *, negated: bool, positive: bool) -> Typed:
    """`==` or `!=` of two values of comparable types."""
    nullable = [side for side in (left, right) if not _never_null(side)]
    plain = exp.NEQ if negated else exp.EQ
    if not nullable:
        return Typed(plain(this=bare(left), expression=bare(right)), KustoType.BOOL)
    if negated:
        sql: exp.Expr = exp.NullSafeNEQ(this=bare(left), expression=bare(right))
    else:
        sql = exp.EQ(this=bare(left), expression=bare(right))
        if not positive:
            sql = exp.Coalesce(this=sql, expressions=[exp.Boolean(this=False)])
    if len(nullable) == 2 and not positive:
        both = exp.And(this=_is_null(left), expression=_is_null(right))
        sql = exp.Case(ifs=[exp.If(this=exp.Not(this=exp.Paren(this=both)), true=sql)])
    return Typed(sql, KustoType.BOOL)


def _is_null(value: Typed) -> exp.Expr:
    return exp.Is(this=bare(value).copy(), expression=exp.Null())


def _never_null(value: Typed) -> bool:
    return value.type is KustoType.STRING or (value.is_constant and value.value is not None)


def _comparable(operator: str, left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Both sides as one type, or a refusal."""
    if left.type is right.type and left.type is not KustoType.DYNAMIC:
        return left, right
    if left.type in NUMBERS and right.type in NUMBERS:
        return left, right
    for one, other in ((left, right), (right, left)):
        if one.type is KustoType.DYNAMIC and other.type is not KustoType.DYNAMIC:
            converted = as_type(one, other.type)
            return (converted, other) if one is left else (other, converted)
    pair = {left.type, right.type}
    if pair == {KustoType.DYNAMIC} and (left.is_constant or right.is_constant or operator in {"==", "!="}):
        return as_type(left, KustoType.STRING), as_type(right, KustoType.STRING)
    if pair == {KustoType.GUID, KustoType.STRING}:
        return tuple(as_type(s, KustoType.GUID) if s.type is KustoType.STRING else s for s in (left, right))  # type: ignore[return-value]  # two in, two out
    if KustoType.BOOL in pair and pair & NUMBERS:
        return tuple(as_type(s, KustoType.LONG) if s.type is KustoType.BOOL else s for s in (left, right))  # type: ignore[return-value]  # two in, two out
    if operator in {"==", "!="} and KustoType.STRING in pair:
        return _as_written(left, right)
    target = next((t for t in (left.type, right.type) if t is not KustoType.STRING), KustoType.STRING)
    hint = f"convert the string first: `to{target}(...)`" if KustoType.STRING in pair else ""
    written = right.value if right.type is KustoType.STRING else left.value
    if target is KustoType.DATETIME and isinstance(written, str) and read_datetime(written) is not None:
        hint = f"write `datetime({written})`"
    raise Refusal("kql-type", f"`{operator}` cannot compare a {left.type} with a {right.type}", hint)


def _as_written(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """A string and another value, one of them converted: `ResultType == 0`, `EventID == "4624"`.

    Kusto's parser takes these and no page says what they mean. A number is compared by how it is written, any other
    value by what the string says.
    """
    other = right.type if left.type is KustoType.STRING else left.type
    target = KustoType.STRING if other in NUMBERS else other
    return as_type(left, target), as_type(right, target)


def between(context: Context, node: syntax.Between) -> Typed:
    """`between (low .. high)`, both ends included; a timespan after a datetime is the width (Microsoft Learn)."""
    place = context.plain()
    operand, low, high = place.lower(node.operand), place.lower(node.low), place.lower(node.high)
    for one in (operand, low, high):
        if isinstance(one, Broken):
            return one
    if low.type is KustoType.DATETIME and high.type is KustoType.TIMESPAN:
        high = combine("+", low.with_sql(low.sql.copy()), high)
    operand, low = _comparable("between", operand, low)
    operand, high = _comparable("between", operand, high)
    sql: exp.Expr = exp.Between(this=bare(operand), low=bare(low), high=bare(high))
    if node.negated:
        sql = exp.Not(this=exp.Paren(this=sql))
    if all(one.is_constant for one in (operand, low, high)) and None in (operand.value, low.value, high.value):
        return constant(None, KustoType.BOOL)
    return Typed(sql, KustoType.BOOL)
