"""Calls of the query's own functions: arguments bound to parameters, the body lowered in a scope of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.kql import syntax
from tiercel.plan.functions.forms import as_type
from tiercel.plan.scope import ScalarBinding, Scope, TableBinding, did_you_mean
from tiercel.plan.statements import run, sized
from tiercel.plan.values import Broken, Refusal

if TYPE_CHECKING:
    from tiercel.plan.context import Context
    from tiercel.plan.relation import Relation
    from tiercel.plan.scope import FunctionBinding
    from tiercel.plan.values import Typed

__all__ = ["invoke"]

_CALL_COST = 50
"""What a call counts for, whatever it gives: functions that call functions twice make their number double."""


def invoke(
    context: Context, call: syntax.Call, binding: FunctionBinding, piped: Relation | None = None
) -> Relation | Typed:
    """What the function gives for these arguments, the first of which are the rows `piped` into `| invoke f(...)`."""
    scope = Scope(parent=binding.scope)
    parameters = list(binding.function.parameters)
    if piped is not None:
        if not parameters or parameters[0].columns is None:
            raise Refusal(
                "kql-argument-type",
                f"the first parameter of `{call.name}` is no table, so rows cannot be piped into it",
            )
        scope.own[parameters.pop(0).name.text] = TableBinding(piped)
    _bind(context, call, parameters, scope)
    context.compiler.spend(_CALL_COST)
    result = run(context.within(scope), binding.function.body)
    if result is None:
        raise Refusal(
            "kql-no-result", f"the function `{call.name}` has no result", "its last statement is an expression"
        )
    return result


def _bind(context: Context, call: syntax.Call, parameters: list[syntax.Parameter], scope: Scope) -> None:
    names = [parameter.name.text for parameter in parameters]
    if len(call.arguments) > len(parameters):
        count = len(call.arguments)
        raise Refusal("kql-argument-count", f"`{call.name}` takes {len(parameters)} arguments, found {count}")
    given: dict[str, syntax.Argument] = {}
    for position, one in enumerate(call.arguments):
        name = one.names[0].text if isinstance(one, syntax.Named) else names[position]
        if name not in names:
            hint = did_you_mean(name, names)
            raise Refusal("kql-argument-name", f"`{call.name}` has no parameter `{name}`", hint, one.region)
        given[name] = one.expression if isinstance(one, syntax.Named) else one
    for parameter in parameters:
        name = parameter.name.text
        argument = given.get(name)
        if argument is not None:
            scope.own[name] = _bound(context, parameter, argument)
        elif parameter.default is not None:
            scope.own[name] = ScalarBinding(context.over(None).lower(parameter.default))
        else:
            raise Refusal("kql-argument-count", f"`{call.name}` needs a value for `{name}`")


def _bound(context: Context, parameter: syntax.Parameter, argument: syntax.Argument) -> ScalarBinding | TableBinding:
    if parameter.columns is not None:
        rows = context.rows(argument)
        _check_columns(parameter, rows, argument)
        return TableBinding(context.compiler.seal(rows, parameter.name.text))
    value = context.plain().lower(argument)  # type: ignore[arg-type]  # refused by `lower` otherwise
    if not isinstance(value, Broken) and parameter.type is not None and value.type is not parameter.type:
        value = as_type(value, parameter.type)
    return sized(value)


def _check_columns(parameter: syntax.Parameter, rows: Relation, argument: syntax.Argument) -> None:
    """A table given must have the columns that the parameter declares; more are let through, as in Kusto `(*)` does."""
    for column in parameter.columns or ():
        found = rows.find(column.name.text)
        if rows.is_open or found is not None:
            continue
        message = f"the table for `{parameter.name.text}` has no column `{column.name.text}`"
        raise Refusal("kql-argument-type", message, did_you_mean(column.name.text, rows.names), argument.region)
