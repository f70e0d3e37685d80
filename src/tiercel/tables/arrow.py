"""Kusto's types in Arrow, and arrays of Python values.

The arrays are made without a detour: `pyarrow.array` imports pandas, where it is installed, first.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from tiercel.tables.schema import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ARROW_TYPES", "array_of", "integers", "moments", "repeated", "texts"]

ARROW_TYPES: Final[dict[KustoType, pa.DataType]] = {
    KustoType.BOOL: pa.bool_(),
    KustoType.INT: pa.int32(),
    KustoType.LONG: pa.int64(),
    KustoType.REAL: pa.float64(),
    KustoType.DECIMAL: pa.decimal128(38, 17),
    KustoType.STRING: pa.string(),
    KustoType.DATETIME: pa.timestamp("us"),
    KustoType.TIMESPAN: pa.int64(),
    KustoType.GUID: pa.string(),
    KustoType.DYNAMIC: pa.string(),
}
"""Arrow's type for each Kusto type: datetime is UTC without a zone, timespan ticks of 100 ns, dynamic JSON text."""

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  UTC without a zone, as in the tables


def array_of(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """The values as `string`, `int32`, `int64` or `timestamp("us")`, None as null."""
    if pa.types.is_string(kind):
        return texts(values)
    return moments(values) if pa.types.is_timestamp(kind) else integers(values, kind)


def texts(values: Sequence[str | None]) -> pa.StringArray:
    """The texts, None as null."""
    builder = pa.lib.StringBuilder()
    builder.append_values(values)
    return builder.finish()


def integers(values: Sequence[int | None], kind: pa.DataType) -> pa.Array:
    """The whole numbers as `int32` or `int64`, None as null. Raises OverflowError for one that does not fit."""
    if isinstance(values, range):
        numbers = np.arange(values.start, values.stop, values.step, dtype=kind.to_pandas_dtype())
        return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])
    numbers = np.array([0 if each is None else each for each in values], dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(numbers), [_present(values), pa.py_buffer(numbers)])


def repeated(value: int, count: int, kind: pa.DataType) -> pa.Array:
    """One whole number as `int32` or `int64`, so many times."""
    numbers = np.full(count, value, dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(numbers)])


def moments(values: Sequence[datetime | None]) -> pa.TimestampArray:
    """The instants (UTC without a zone) as `timestamp("us")`, None as null."""
    numbers = np.array([_EPOCH if each is None else each for each in values], dtype="datetime64[us]")
    buffers = [_present(values), pa.py_buffer(numbers.view("i8"))]
    return pa.Array.from_buffers(pa.timestamp("us"), len(numbers), buffers)


def _present(values: Sequence[object]) -> pa.Buffer | None:
    """Arrow's bits for which values are there; None where all are."""
    if None not in values:
        return None
    return pa.py_buffer(np.packbits([each is not None for each in values], bitorder="little"))
