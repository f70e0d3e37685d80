"""The pass for joins near in time: same rows with and without it, and a bucket in the key where one is possible."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiercel.engines.duckdb import DuckDBEngine
from tiercel.kql.source import Source
from tiercel.plan import PASSES, compile_text
from tiercel.tables import Column, KustoType, Table

_LEFT = Table("L", (Column("D", KustoType.STRING), Column("T1", KustoType.DATETIME), Column("A", KustoType.LONG)))
_RIGHT = Table("R", (Column("D", KustoType.STRING), Column("T2", KustoType.DATETIME), Column("B", KustoType.LONG)))
_TABLES = {"L": _LEFT, "R": _RIGHT}
_NOW = datetime(2026, 1, 1)

BUCKETED = [
    "L | join kind=inner R on D | where datetime_diff('second', T2, T1) between (0 .. 10)",
    "L | join kind=inner R on D | where datetime_diff('Second', T1, T2) between (-10 .. 0)",
    "L | join kind=inner R on D | where datetime_diff('minute', T2, T1) == 0",
    "L | join kind=inner R on D | where datetime_diff('millisecond', T2, T1) between (-1500 .. 1500)",
    "L | join kind=inner R on D | where datetime_diff('second', T2, T1) >= 0 and datetime_diff('second', T2, T1) < 3",
    "L | join kind=inner R on D | where T2 - T1 between (0s .. 10s)",
    "L | join kind=inner R on D | where T1 - T2 between (-10s .. 2s)",
    "L | join kind=inner R on D | where T2 between (T1 .. 10s)",
    "L | join kind=inner R on D | where T2 between ((T1 - 1s) .. (T1 + 10s))",
    "L | join kind=inner R on D | where abs(datetime_diff('second', T2, T1)) <= 5",
    "L | join kind=inner R on D | where T2 > T1 and T2 < T1 + 10s",
    "L | join kind=inner R on D | where T1 + 1s <= T2 and T1 + 5s >= T2",
    "L | join kind=inner R on D | where T2 - T1 > 0s | where T2 - T1 <= 1ms",
    "L | join kind=inner R on D | extend gap = T2 - T1 | where A != B | where gap between (-3s .. 3s)",
    "L | join kind=inner (R | project-rename Other=T2) on D | project D, T1, Late=Other + 5s | where Late - T1 between (0s .. 5s)",  # noqa: E501  one query
    "L | join kind=leftouter R on D | where T2 - T1 between (0s .. 10s)",
    "L | join R on D | where T2 - T1 between (0s .. 10s)",
    "L | join kind=inner R on D, $left.A == $right.B | where T2 - T1 between (0s .. 10s)",
    "L | join kind=inner R on D | where T2 - T1 between (0s .. 10s) | summarize count(), min(T2) by D",
    "let pairs = L | join kind=inner R on D | extend gap = T2 - T1; pairs | where gap between (0s .. 4s) | count",
    "L | join kind=inner R on D | where T2 between (T1 .. (T1 + 2m)) | join kind=inner (R | project D, T3 = T2, C = B) on D | where T3 between (T2 .. (T2 + 2m)) | project D, T1, T2, T3, A, B, C",  # noqa: E501  one query
]
AS_WRITTEN = [
    "L | join kind=inner R on D | where datetime_diff('month', T2, T1) == 0",
    "L | join kind=inner R on D | where T2 > T1",
    "L | join kind=inner R on D | where A - B between (0 .. 10)",
    "L | join kind=inner R on D | where T2 - T1 between (0s .. 10s) or A == B",
    "L | join kind=leftouter R on D | where isnull(T2) or T2 - T1 between (0s .. 10s)",
    "L | join kind=inner R on D | take 5 | where T2 - T1 between (0s .. 10s)",
    "L | join kind=inner R on D | summarize T2 = max(T2) by D, T1 | where T2 - T1 between (0s .. 10s)",
    "let pairs = L | join kind=inner R on D; union (pairs | where T2 - T1 between (0s .. 4s)), (pairs | where A == B)",
]


def _plan(query, passes):
    compiled = compile_text(Source(query), now=_NOW, tables=_TABLES, passes=passes)
    assert compiled.plan is not None, [str(issue) for issue in compiled.issues]
    return compiled.plan


@pytest.mark.parametrize("query", BUCKETED)
def test_a_bucket_joins_the_key(query):
    tree = DuckDBEngine(duckdb.connect()).render(_plan(query, PASSES))
    assert "$bucket" in tree


@pytest.mark.parametrize("query", AS_WRITTEN)
def test_what_is_not_provably_near_stays_as_written(query):
    engine = DuckDBEngine(duckdb.connect())
    assert engine.render(_plan(query, PASSES)) == engine.render(_plan(query, ()))


_EDGES = st.sampled_from(
    [0, 1, 999_999, 1_000_000, 1_000_001, 9_999_999, 10_000_000, 10_999_999, 11_000_000, 59_999_999]
)
_STARTS = st.sampled_from(
    [datetime(1969, 12, 31, 23, 59, 50), datetime(1970, 1, 1), datetime(2026, 1, 1), datetime(1, 1, 1)]
)
_INSTANTS = st.one_of(
    st.none(),
    st.builds(
        lambda start, offset: start + timedelta(microseconds=offset), _STARTS, _EDGES | st.integers(0, 30_000_000)
    ),
)
_ROWS = st.lists(st.tuples(st.sampled_from(["", "a", "b"]), _INSTANTS, st.integers(0, 3)), max_size=12)


def _table(table, rows):
    types = [pa.string(), pa.timestamp("us"), pa.int64()]
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    names = [column.name for column in table.columns]
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, types, strict=True)], names=names)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(query=st.sampled_from([*BUCKETED, *AS_WRITTEN]), left=_ROWS, right=_ROWS)
def test_same_rows_with_and_without(query, left, right):
    if "take" in query:
        return  # any five rows are right
    connection = duckdb.connect()
    connection.register("left_rows", _table(_LEFT, left))
    connection.register("right_rows", _table(_RIGHT, right))
    connection.execute('CREATE TABLE "L" AS FROM left_rows')
    connection.execute('CREATE TABLE "R" AS FROM right_rows')
    engine = DuckDBEngine(connection)
    found = [sorted(map(repr, engine.run(_plan(query, passes)).to_pylist())) for passes in (PASSES, ())]
    assert found[0] == found[1]
