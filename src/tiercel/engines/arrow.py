"""The form of every result: Arrow, named and typed as the plan says."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from tiercel.engines.sound_json import sound_json
from tiercel.errors import EngineError
from tiercel.tables import KustoType
from tiercel.tables.arrow import ARROW_TYPES, moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.tables import Column

__all__ = ["result_table"]


def result_table(found: pa.Table, columns: Sequence[Column], query: str) -> pa.Table:
    """What an engine found, named and typed as the plan says; each field's metadata names its Kusto type.

    A decimal too wide for its 17 places, such as parse_version() gives, stands in a type of its own scale. Raises
    EngineError where a value does not fit its type.
    """
    try:
        arrays = [_as_type(found.column(at), one.type) for at, one in enumerate(columns)]
    except pa.ArrowInvalid as error:
        raise EngineError(f"a value does not fit its type: {error}", query=query) from error
    fields = [
        pa.field(one.name, array.type, metadata={"kusto": one.type.value})
        for one, array in zip(columns, arrays, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _as_type(array: pa.ChunkedArray, kind: KustoType) -> pa.ChunkedArray:
    if isinstance(array.type, pa.BaseExtensionType):
        array = pa.chunked_array([chunk.storage for chunk in array.chunks], type=array.type.storage_type)
    if kind is KustoType.DATETIME:
        array = _within_years(array)
    if array.type != ARROW_TYPES[kind] and not (kind is KustoType.DECIMAL and _is_too_wide(array)):
        array = array.cast(ARROW_TYPES[kind])
    return sound_json(array) if kind is KustoType.DYNAMIC else array


def _is_too_wide(array: pa.ChunkedArray) -> bool:
    """Whether a decimal among these has more digits before the point than the common type takes."""
    if not pa.types.is_decimal(array.type) or array.type.scale >= ARROW_TYPES[KustoType.DECIMAL].scale:
        return False
    try:
        array.cast(ARROW_TYPES[KustoType.DECIMAL])
    except pa.ArrowInvalid:
        return True
    return False


_YEARS: Final = (datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999))  # noqa: DTZ001  UTC without a zone, as in the tables
"""What Kusto's datetime can hold; DuckDB's goes beyond."""
_MICROSECONDS: Final = pa.timestamp("us")


def _within_years(array: pa.ChunkedArray) -> pa.ChunkedArray:
    """The instants, those that Kusto cannot hold as nulls."""
    if array.type == _MICROSECONDS and _is_within(array):
        return array
    import pyarrow.compute as pc  # noqa: PLC0415  it takes longer to load than most rules to run

    low, high = moments(_YEARS)
    inside = pc.and_(pc.greater_equal(array, low), pc.less_equal(array, high))
    return pc.if_else(inside, array, pa.scalar(None, array.type))


def _is_within(instants: pa.ChunkedArray) -> bool:
    """Whether no instant lies beyond what Kusto can hold. Read where it lies: `to_numpy` imports pandas first."""
    low, high = (np.datetime64(one, "us").view("i8") for one in _YEARS)
    for chunk in instants.chunks:
        valid, content = chunk.buffers()
        part = slice(chunk.offset, chunk.offset + len(chunk))
        numbers = np.frombuffer(content or b"", "i8")[part]
        if chunk.null_count and valid is not None:
            numbers = numbers[np.unpackbits(np.frombuffer(valid, "u1"), bitorder="little")[part].view(bool)]
        if len(numbers) and (numbers.min() < low or numbers.max() > high):
            return False
    return True
