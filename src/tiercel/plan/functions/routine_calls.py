"""Lowerings of the functions that are routines: arguments converted, constants computed at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.functions.forms import all_constant, as_type, dynamic_of
from tiercel.plan.functions.registry import Environment, Function, Naming, Results, no_name
from tiercel.plan.literals import cast, constant
from tiercel.plan.nodes.json import JsonArray
from tiercel.plan.nodes.routine import RoutineCall
from tiercel.plan.routines import ROUTINES
from tiercel.plan.routines.dynamic import read_json, write_json
from tiercel.plan.values import Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.plan.functions.registry import Lowering
    from tiercel.plan.routines import Routine

__all__ = ["call_routine", "lowering_of", "routine_function"]

_FOLDED_SIZE: Final = 100_000
"""Characters: a constant result larger than this is left to the engine, which need not read it as a literal."""


def call_routine(name: str, arguments: Sequence[Typed]) -> Typed:
    """The routine applied to the arguments, those not given being null."""
    routine = ROUTINES[name]
    fixed = len(routine.parameters)
    given = [as_type(one, kind) for one, kind in zip(arguments, routine.parameters, strict=False)]
    missing = [Typed(cast(exp.Null(), kind), kind, None) for kind in routine.parameters[len(given) :]]
    rest = [dynamic_of(one) for one in arguments[fixed:]]
    if all_constant([*given, *rest]):
        values = [one.value for one in (*given, *missing)]
        folded = _fold(routine, values, [one.value for one in rest])
        if folded is not None:
            return folded
    sqls = [one.sql for one in (*given, *missing)]
    if routine.rest:
        sqls.append(JsonArray(expressions=[one.sql for one in rest]))
    return Typed(RoutineCall(this=exp.to_identifier(name), expressions=sqls), routine.returns)


def _fold(routine: Routine, values: list[object], rest: list[object]) -> Typed | None:
    result = routine.call(*values, rest) if routine.rest else routine.call(*values)
    if result is None and routine.returns is KustoType.STRING:
        result = ""
    if routine.returns is KustoType.DYNAMIC:
        result = read_json(write_json(result))
    folded = constant(result, routine.returns)
    size = len(folded.sql.this.name) if routine.returns is KustoType.DYNAMIC and folded.sql.this is not None else 0
    return folded if size <= _FOLDED_SIZE else None


def lowering_of(routine: str) -> Lowering:
    """The lowering that calls the routine; its documentation is the routine's."""

    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        return call_routine(routine, arguments)

    lower.__doc__ = ROUTINES[routine].call.__doc__
    return lower


def routine_function(
    name: str,
    minimum: int,
    maximum: int | None,
    *,
    routine: str = "",
    differs: str = "",
    naming: Naming = no_name,
    results: Results | None = None,
) -> Function:
    """The entry of a function that is a routine (of the same name, if no other is given)."""
    return Function(name, lowering_of(routine or name), minimum, maximum, differs, naming, results)
