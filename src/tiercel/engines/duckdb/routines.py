"""Routines as DuckDB's user functions, offered to a connection when a query needs them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from duckdb.func import ARROW, SPECIAL

from tiercel.plan.literals import EPOCH_TICKS, TICKS_PER_MICROSECOND
from tiercel.plan.routines import ROUTINES
from tiercel.plan.routines.dynamic import read_json, write_json
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import duckdb

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

_ARROW_TYPES: Final[dict[KustoType, pa.DataType]] = {
    KustoType.BOOL: pa.bool_(),
    KustoType.INT: pa.int32(),
    KustoType.LONG: pa.int64(),
    KustoType.REAL: pa.float64(),
    KustoType.STRING: pa.string(),
    KustoType.DATETIME: pa.timestamp("us"),
    KustoType.TIMESPAN: pa.int64(),
    KustoType.GUID: pa.string(),
    KustoType.DYNAMIC: pa.string(),
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
            _over_columns(routine),
            [_DUCKDB_TYPES[kind] for kind in routine.signature],
            _DUCKDB_TYPES[routine.returns],
            type=ARROW,
            null_handling=SPECIAL,
        )


def _over_columns(routine: Routine) -> Callable[..., pa.Array]:
    """The routine over Arrow columns."""
    readers = [_READERS.get(kind, _as_it_is) for kind in routine.signature]
    write = _WRITERS.get(routine.returns)
    arrow_type = _ARROW_TYPES[routine.returns]
    call = routine.call

    def run(*columns: Any) -> pa.Array:
        values = [read(column) for read, column in zip(readers, columns, strict=True)]
        results = [call(*row) for row in zip(*values, strict=True)]
        return pa.array([write(one) for one in results] if write else results, type=arrow_type)

    # DuckDB counts the parameters that the signature shows.
    names = [f"column_{at}" for at in range(len(readers))]
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # the documented place for one
    return run


def _as_it_is(column: Any) -> Iterable[object]:
    values: list[object] = column.to_pylist()
    return values


def _dynamics(column: Any) -> Iterable[object]:
    texts = column.to_pylist()
    value: object = None
    last: str | None = None
    for text in texts:
        if text != last:
            last, value = text, read_json(text)
        yield value


def _ticks(column: Any) -> Iterable[object]:
    for moment in column.cast(pa.timestamp("us")).cast(pa.int64()).to_pylist():
        yield None if moment is None else moment * TICKS_PER_MICROSECOND + EPOCH_TICKS


def _written_dynamic(value: object) -> str | None:
    return None if value is None else write_json(value)


def _written_text(value: object) -> object:
    return "" if value is None else value


def _written_ticks(value: Any) -> int | None:
    return None if value is None else (value - EPOCH_TICKS) // TICKS_PER_MICROSECOND


_READERS: Final[dict[KustoType, Callable[[Any], Iterable[object]]]] = {
    KustoType.DYNAMIC: _dynamics,
    KustoType.DATETIME: _ticks,
}
_WRITERS: Final[dict[KustoType, Callable[[Any], object]]] = {
    KustoType.DYNAMIC: _written_dynamic,
    KustoType.STRING: _written_text,
    KustoType.DATETIME: _written_ticks,
}
