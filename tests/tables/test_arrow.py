"""Arrays made directly are those that pyarrow makes."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

from tiercel.tables.arrow import array_of, integers

STRING, INT, LONG, TIME = pa.string(), pa.int32(), pa.int64(), pa.timestamp("us")
CASES = [
    ([], STRING),
    (["a", "", "\x00", "é\U0001f600"], STRING),
    (["a", None, ""], STRING),
    ([], LONG),
    ([0, -1, 2**63 - 1, -(2**63)], LONG),
    ([None, 1, None, 3, 4, 5, 6, 7, 8, None], LONG),
    ([None], INT),
    ([1, 2**31 - 1], INT),
    ([], TIME),
    ([datetime(2020, 9, 20, 16, 16, 56, 597001), datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)], TIME),
    ([None, datetime(1969, 12, 31)], TIME),
]


@pytest.mark.parametrize(("values", "kind"), CASES)
def test_an_array_is_pyarrow_s(values, kind) -> None:
    made = array_of(values, kind)
    made.validate(full=True)
    assert made.equals(pa.array(values, kind))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(OverflowError):
        integers([2**40], INT)
    with pytest.raises(OverflowError):
        integers([2**64], LONG)
