"""DuckDB's SQL for calls of routines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.plan.nodes import routine as nodes
from tiercel.plan.routines import ROUTINES
from tiercel.plan.values import SQL_TYPES
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_routine_call(generator: Generator, node: nodes.RoutineCall) -> str:
    """A call of the user function of that name; it takes and gives JSON as text."""
    routine = ROUTINES[node.routine_name]
    given = [generator.sql(one) for one in node.expressions]
    arguments = [
        f"CAST({sql} AS TEXT)" if kind is KustoType.DYNAMIC else sql
        for sql, kind in zip(given, routine.signature, strict=True)
    ]
    call = f"KUSTO_{routine.name.upper()}({', '.join(arguments)})"
    if routine.returns is KustoType.DYNAMIC:
        return f"CAST({call} AS {SQL_TYPES[KustoType.DYNAMIC]})"
    return call


RENDERED: Final[dict[type, Rendering]] = {nodes.RoutineCall: render_routine_call}
