"""Routines as DuckDB's user functions, offered to a connection when a query needs them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Final

from duckdb.func import ARROW, SPECIAL

from tiercel.engines.routines import over_columns
from tiercel.plan.routines import ROUTINES
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb
    import pyarrow as pa

    from tiercel.plan.routines import Routine

__all__ = ["RoutineFunctions"]

_DUCKDB_TYPES: Final[dict[KustoType, str]] = {
    KustoType.BOOL: "BOOLEAN",
    KustoType.INT: "INTEGER",
    KustoType.LONG: "BIGINT",
    KustoType.REAL: "DOUBLE",
    KustoType.STRING: "VARCHAR",
    KustoType.DATETIME: "TIMESTAMP",
    KustoType.TIMESPAN: "BIGINT",
    KustoType.GUID: "VARCHAR",
    KustoType.DYNAMIC: "VARCHAR",
}


class RoutineFunctions:
    """The routines that a connection knows: `offer` adds those that a query calls.

    Whoever owns the connection closes it before the interpreter ends: user functions outlive an open one.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._known: set[str] = set()

    def offer(self, names: frozenset[str]) -> None:
        """Makes the routines of these names known to the connection."""
        for name in names - self._known:
            routine = ROUTINES.get(name)
            if routine is not None:
                self._create(routine)
                self._known.add(name)

    def _create(self, routine: Routine) -> None:
        self._connection.create_function(
            f"KUSTO_{routine.name.upper()}",
            _with_signature(routine),
            [_DUCKDB_TYPES[kind] for kind in routine.signature],
            _DUCKDB_TYPES[routine.returns],
            type=ARROW,
            null_handling=SPECIAL,
        )


def _with_signature(routine: Routine) -> Callable[..., pa.Array]:
    """The routine over Arrow columns, with a signature: DuckDB counts the parameters that it shows."""
    run = over_columns(routine)
    names = [f"column_{at}" for at in range(len(routine.signature))]
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # the documented place for one
    return run
