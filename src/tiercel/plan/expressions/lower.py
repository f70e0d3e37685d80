"""The way from any expression of the syntax tree to a `Typed`."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.plan.expressions import logic
from tiercel.plan.expressions.arithmetic import combine, negate
from tiercel.plan.expressions.calls import lower_call
from tiercel.plan.expressions.membership import member
from tiercel.plan.expressions.names import BROKEN, lower_index, lower_literal, lower_member, lower_name
from tiercel.plan.expressions.operands import wrapped
from tiercel.plan.expressions.strings import STRING_OPERATORS, matches
from tiercel.plan.functions.forms import as_type
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiercel.plan.context import Context

__all__ = ["lower"]

_ARITHMETIC: Final = frozenset("+-*/%")
_SEARCHABLE: Final = frozenset({KustoType.STRING, KustoType.DYNAMIC, KustoType.GUID})


def lower(context: Context, node: syntax.Expression) -> Typed:
    """The node's meaning at that place. What is wrong is reported here, once, and `Broken` comes back."""
    lowering = _LOWERINGS.get(type(node), _no_value)
    try:
        return lowering(context, node)
    except Refusal as refusal:
        context.compiler.refuse(refusal, _faulty(node, refusal))
        return BROKEN


def _no_value(_context: Context, _node: syntax.Node) -> Typed:
    raise Refusal("kql-not-scalar", "a value is expected here")


def _binary(context: Context, node: syntax.Binary) -> Typed:
    operator = node.operator
    if operator in {"and", "or"}:
        return logic.connect(context, node)
    if isinstance(node.left, syntax.Star):
        return _over_columns(context, node)
    place = context.plain()
    left, right = place.lower(node.left), place.lower(node.right)
    if isinstance(left, Broken) or isinstance(right, Broken):
        return BROKEN
    return _operation(context, operator, left, right)


def _operation(context: Context, operator: str, left: Typed, right: Typed) -> Typed:
    if operator in _ARITHMETIC:
        return combine(operator, left, right)
    if operator in STRING_OPERATORS or operator == ":":
        return matches(operator, left, right)
    return logic.compare(context, operator, left, right)


def _over_columns(context: Context, node: syntax.Binary) -> Typed:
    """`* has "x"`: whether any column matches; with a negated operator, whether none does not."""
    right = context.plain().lower(node.right)
    if isinstance(right, Broken) or context.relation is None or context.relation.is_open:
        return BROKEN
    fitting = [
        one.typed()
        for one in context.relation.fields
        if one.type is right.type or one.type in _SEARCHABLE or _may_hold(one.type, node.operator, right)
    ]
    texts = [
        one if one.type in _SEARCHABLE or one.type is right.type else as_type(one, KustoType.STRING) for one in fitting
    ]
    tests = [_operation(context, node.operator, one, right.with_sql(right.sql.copy())).sql for one in texts]
    return Typed(_any(tests), KustoType.BOOL)


def _faulty(node: syntax.Expression, refusal: Refusal) -> syntax.Region:
    """The part of the node that is refused: of a pattern or a unit that cannot be read the text itself."""
    if refusal.code in {"kql-regex", "kql-argument-value"}:
        operands = node.arguments if isinstance(node, syntax.Call) else (getattr(node, "right", node),)
        texts = [one for one in operands if isinstance(one, syntax.Literal) and isinstance(one.value, str)]
        if len(texts) == 1:
            return texts[0].region
    return node.region


_CHARACTERS: Final = {
    KustoType.INT: frozenset("-0123456789"),
    KustoType.LONG: frozenset("-0123456789"),
    KustoType.BOOL: frozenset("truefalse"),
    KustoType.DATETIME: frozenset("-:.tz0123456789"),
    KustoType.TIMESPAN: frozenset("-:.0123456789"),
}
"""The characters that the text of such a value can hold, in lower case."""


def _may_hold(kind: KustoType, operator: str, needle: Typed) -> bool:
    """Whether the text of such a column could match at all: a word is not looked for among numbers."""
    if operator not in STRING_OPERATORS:
        return False
    characters = _CHARACTERS.get(kind)
    if operator.startswith("!") or operator == "matches regex" or characters is None:
        return True
    return not isinstance(needle.value, str) or set(needle.value.lower()) <= characters


def _any(tests: list[exp.Expr]) -> exp.Expr:
    if not tests:
        return exp.Boolean(this=False)
    return reduce(lambda left, right: exp.Or(this=left, expression=right), map(wrapped, tests))


def _unary(context: Context, node: syntax.Unary) -> Typed:
    value = context.plain().lower(node.operand)
    if isinstance(value, Broken) or node.operator == "+":
        return value
    return negate(value if value.type is not KustoType.DYNAMIC else as_type(value, KustoType.REAL))


def _in(context: Context, node: syntax.In) -> Typed:
    if isinstance(node.operand, syntax.Star):
        if context.relation is None or context.relation.is_open:
            return BROKEN
        operands = [one.typed() for one in context.relation.fields if one.type in _SEARCHABLE]
        return Typed(_any([member(context, node, one).sql for one in operands]), KustoType.BOOL)
    return member(context, node, context.plain().lower(node.operand))


def _between(context: Context, node: syntax.Between) -> Typed:
    return logic.between(context, node)


def _parenthesized(context: Context, node: syntax.Parenthesized) -> Typed:
    inner = node.expression
    if isinstance(inner, syntax.Pipeline):
        raise Refusal(
            "kql-not-scalar", "a value is expected here, not a table", "`toscalar(...)` gives one value of a table"
        )
    value = context.lower(inner)
    return value if isinstance(value, Broken) else value.with_sql(wrapped(value.sql))


def _to_typed(context: Context, node: syntax.ToTyped) -> Typed:
    value = context.plain().lower(node.expression)
    return value if isinstance(value, Broken) else as_type(value, node.type)


_LOWERINGS: Final[dict[type, Callable[[Context, Any], Typed]]] = {
    syntax.Literal: lower_literal,
    syntax.Name: lower_name,
    syntax.Member: lower_member,
    syntax.Index: lower_index,
    syntax.Call: lower_call,
    syntax.Unary: _unary,
    syntax.Binary: _binary,
    syntax.Between: _between,
    syntax.In: _in,
    syntax.Parenthesized: _parenthesized,
    syntax.ToTyped: _to_typed,
}
