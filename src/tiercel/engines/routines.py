"""Routines over columns of Arrow, for engines that call functions of ours with whole columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tiercel.plan.literals import EPOCH_TICKS, TICKS_PER_MICROSECOND
from tiercel.plan.routines.dynamic import read_json, write_json
from tiercel.tables import KustoType
from tiercel.tables.arrow import ARROW_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tiercel.plan.routines import Routine

__all__ = ["over_columns"]


def over_columns(routine: Routine) -> Callable[..., pa.Array]:
    """The routine over Arrow columns."""
    readers = [_READERS.get(kind, _as_it_is) for kind in routine.signature]
    write = _WRITERS.get(routine.returns)
    arrow_type = ARROW_TYPES[routine.returns]
    call = routine.call

    def run(*columns: Any) -> pa.Array:
        values = [read(column) for read, column in zip(readers, columns, strict=True)]
        results = [call(*row) for row in zip(*values, strict=True)]
        return pa.array([write(one) for one in results] if write else results, type=arrow_type)

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
