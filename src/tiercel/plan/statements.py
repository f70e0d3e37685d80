"""A query's statements in order: what each `let` binds, and what the last expression means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.kql import syntax
from tiercel.plan.expressions.names import BROKEN
from tiercel.plan.functions.forms import as_type
from tiercel.plan.literals import constant
from tiercel.plan.scope import FunctionBinding, ScalarBinding, TableBinding
from tiercel.plan.values import Refusal
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.plan.context import Context
    from tiercel.plan.relation import Relation
    from tiercel.plan.values import Typed

__all__ = ["bind", "run", "sized"]


def run(context: Context, statements: Sequence[syntax.Statement]) -> Relation | Typed | None:
    """What the statements' last expression means, if there is one. Names are bound in the context's scope."""
    result: Relation | Typed | None = None
    for statement in statements:
        if isinstance(statement, syntax.Let):
            bind(context, statement)
        elif isinstance(statement, syntax.DeclareQueryParameters):
            _declare(context, statement)
        elif isinstance(statement, syntax.DeclarePattern):
            message = "`declare pattern` is not supported: write a function that `case()` decides in"
            context.compiler.report("kql-unsupported", message, statement.region)
        elif isinstance(statement, syntax.ExpressionStatement):
            if result is not None:
                message = "a query has one result, and there are two expressions"
                context.compiler.report("kql-several-results", message, statement.region, "bind the first with `let`")
            expression = statement.expression
            if context.is_rows(expression) or isinstance(expression, syntax.Pipeline):
                result = context.rows(expression)
            else:
                result = context.lower(expression)
    return result


def bind(context: Context, statement: syntax.Let) -> None:
    """Bind the name of a `let`. Rows get a common table expression of that name, so that they are computed once."""
    name, value = statement.name.text, statement.value
    if isinstance(value, syntax.Lambda):
        context.scope.own[name] = FunctionBinding(value, context.scope.so_far())
    elif context.is_rows(value):
        rows = context.rows(value)
        context.scope.own[name] = TableBinding(context.compiler.seal(rows, name))
    else:
        place = context.over(None)
        context.scope.own[name] = sized(place.lower(value))  # type: ignore[arg-type]  # a pipeline is rows


def sized(value: Typed) -> ScalarBinding:
    """The binding of a value, its size counted."""
    return ScalarBinding(value, 1 if value.is_constant else sum(1 for _ in value.sql.walk()))


def _declare(context: Context, statement: syntax.DeclareQueryParameters) -> None:
    """Bind the query's parameters to the values of the call, or to their defaults."""
    given = context.compiler.parameters
    for parameter in statement.parameters:
        name, kind = parameter.name.text, parameter.type or KustoType.STRING
        value: Typed = BROKEN
        try:
            if name in given:
                value = as_type(_given(given[name]), kind)
            elif parameter.default is not None:
                value = as_type(context.over(None).lower(parameter.default), kind)
            else:
                message = f"the query's parameter `{name}` has no value and no default"
                context.compiler.report("kql-parameter", message, parameter.region)
        except Refusal as refusal:
            context.compiler.refuse(refusal, parameter.region)
        context.scope.own[name] = ScalarBinding(value)


def _given(value: object) -> Typed:
    """A parameter's value as the caller gave it."""
    if isinstance(value, bool):
        return constant(value, KustoType.BOOL)
    if isinstance(value, int):
        return constant(value, KustoType.LONG)
    if isinstance(value, float):
        return constant(value, KustoType.REAL)
    return constant(str(value), KustoType.STRING)
