"""Arrow arrays from Python values without a detour: `pyarrow.array` imports pandas, where it is installed, first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["integers", "moments", "texts"]


def texts(values: Sequence[str]) -> pa.StringArray:
    """The texts, none of them null."""
    builder = pa.lib.StringBuilder()
    builder.append_values(values)
    return builder.finish()


def integers(values: Sequence[int], kind: pa.DataType) -> pa.Array:
    """The whole numbers as `int32` or `int64`. Raises OverflowError for one that does not fit."""
    numbers = np.array(values, dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])


def moments(values: Sequence[datetime]) -> pa.TimestampArray:
    """The instants (UTC without a zone) as `timestamp("us")`."""
    numbers = np.array(values, dtype="datetime64[us]")
    return pa.Array.from_buffers(pa.timestamp("us"), len(numbers), [None, pa.py_buffer(numbers.view("i8"))])
