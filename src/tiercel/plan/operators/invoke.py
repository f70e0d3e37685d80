"""`invoke`: rows piped into a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.plan.compiler import OPEN
from tiercel.plan.invocation import invoke
from tiercel.plan.operators.file_profile import file_profile
from tiercel.plan.operators.own_devices import device_from_ip, seen_by
from tiercel.plan.relation import Relation
from tiercel.plan.scope import FunctionBinding, did_you_mean
from tiercel.plan.values import Broken, Refusal

if TYPE_CHECKING:
    from tiercel.kql import syntax
    from tiercel.plan.context import Context

__all__ = ["ENRICHMENTS", "lower_invoke"]

ENRICHMENTS = {"FileProfile": file_profile, "DeviceFromIP": device_from_ip, "SeenBy": seen_by}
"""Defender's own functions that rows are piped into."""


def lower_invoke(context: Context, rows: Relation, node: syntax.Invoke) -> Relation:
    """What a function of the query gives, the rows before it being its first argument.

    Example: `let recent = (T:(Timestamp:datetime)) { T | where Timestamp > ago(1h) }; DeviceEvents | invoke recent()`.
    """
    call = node.call
    binding = context.scope.find(call.name)
    if not isinstance(binding, FunctionBinding):
        enrichment = ENRICHMENTS.get(call.name)
        if enrichment is not None:
            return enrichment(context, rows, call)
        hint = did_you_mean(call.name, [*context.scope.names(FunctionBinding), *ENRICHMENTS])
        hint = hint or f"write a function that a workspace holds into the query: `let {call.name} = (T:(*)) {{ ... }};`"
        raise Refusal("kql-unknown-function", f"no function is called `{call.name}`", hint, call.name_region)
    result = invoke(context, call, binding, piped=context.compiler.seal(rows))
    if isinstance(result, Relation):
        return result
    if isinstance(result, Broken):
        return OPEN
    raise Refusal("kql-not-tabular", f"`{call.name}` gives a value, and invoke needs rows")
