"""What every aggregate gives: every line of cases/aggregates.txt is a test.

A line is a call, the names of the columns it makes, what it gives over the rows below, and what over no rows, with
` => ` between; several columns are written as `name, other` and their values with ` ; ` between.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tiercel.plan.functions import AGGREGATE_FAMILIES
from tiercel.plan.functions.registry import Unsupported

if TYPE_CHECKING:
    from functions.conftest import Bench

ROWS = """
let T = datatable(i:int, l:long, r:real, s:string, b:bool, d:datetime, t:timespan, j:dynamic, m:decimal)
[
    1,         1,          1.5,        "a", true,       datetime(2026-01-01), 1h,         dynamic({"k": 1}),         decimal(1.5),
    int(null), long(null), real(null), "b", false,      datetime(null),       time(null), dynamic([1, 2]),           decimal(null),
    3,         3,          4.0,        "a", bool(null), datetime(2026-01-03), 3h,         dynamic({"k": 2, "m": 3}), decimal(4),
    2,         3,          -1.0,       "",  true,       datetime(2026-01-02), 2h,         dynamic(null),             decimal(-1)
];
"""  # noqa: E501  a table is read by its columns
LINES = [
    line
    for line in (Path(__file__).with_name("cases") / "aggregates.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("//")
]


@pytest.mark.parametrize("line", LINES)
def test_values(line: str, bench: Bench, same: Any) -> None:
    call, names, over_rows, over_none = line.split(" => ")
    literals = over_rows.split(" ; "), over_none.split(" ; ")
    wanted = [bench.values(one) for one in literals]
    assert bench.names(f"{ROWS} T | summarize {call}") == names.split(", ")
    for rows, want in zip(("T", "T | where false"), wanted, strict=True):
        ((*got,),) = bench.run(f"{ROWS} {rows} | summarize {call}")
        kinds = [kind for kind, _ in got]
        assert kinds == [kind for kind, _ in want]
        assert same([value for _, value in got], [value for _, value in want]), f"{got} over {rows}"


def test_every_aggregate_has_cases() -> None:
    tested = {line.partition("(")[0] for line in LINES}
    built = {one.name for _, entries in AGGREGATE_FAMILIES for one in entries if not isinstance(one, Unsupported)}
    assert not built - tested, "aggregates without a case"
