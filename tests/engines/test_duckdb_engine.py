"""What the DuckDB engine hands back, and how it fails."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest

from tiercel.engines.duckdb import DuckDBEngine
from tiercel.errors import EngineError
from tiercel.kql import Source
from tiercel.plan import Plan, compile_text

if TYPE_CHECKING:
    from collections.abc import Iterator


def plan_of(text: str) -> Plan:
    compiled = compile_text(Source(text), now=datetime(2026, 7, 14, tzinfo=UTC))
    assert compiled.plan is not None, compiled.issues
    return compiled.plan


@pytest.fixture
def engine() -> Iterator[DuckDBEngine]:
    connection = duckdb.connect()
    yield DuckDBEngine(connection)
    connection.close()


def test_columns_have_arrow_s_types_and_say_kusto_s(engine: DuckDBEngine) -> None:
    found = engine.run(
        plan_of(
            "print b = true, i = int(1), l = 2, r = 0.5, c = decimal(1.5), s = 'x', "
            "t = datetime(2026-07-14 10:00:00.5), d = 90m, "
            "g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642), y = dynamic({'k': [1, null]})"
        )
    )
    assert found.schema.types == [
        pa.bool_(),
        pa.int32(),
        pa.int64(),
        pa.float64(),
        pa.decimal128(38, 17),
        pa.string(),
        pa.timestamp("us"),
        pa.int64(),
        pa.string(),
        pa.string(),
    ]
    kinds = [field.metadata[b"kusto"].decode() for field in found.schema]
    assert kinds == ["bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid", "dynamic"]
    row = found.to_pylist()[0]
    assert row["d"] == 54_000_000_000
    assert row["t"] == datetime(2026, 7, 14, 10, 0, 0, 500_000)
    assert row["y"] == '{"k":[1,null]}'


def test_a_decimal_too_wide_for_its_places_comes_back_whole(engine: DuckDBEngine) -> None:
    found = engine.run(plan_of("print v = parse_version('1.2.3'), w = decimal(1000000020000000300000000)"))
    assert [str(one) for one in found.to_pylist()[0].values()] == ["1000000020000000300000000"] * 2
    assert found.schema.field("v").metadata == {b"kusto": b"decimal"}


def test_no_rows_keep_their_types(engine: DuckDBEngine) -> None:
    found = engine.run(plan_of("datatable(s:string, d:dynamic, t:timespan) [] | extend u = strcat(s, 'x')"))
    assert found.num_rows == 0
    assert found.schema.types == [pa.string(), pa.string(), pa.int64(), pa.string()]


def test_names_that_differ_by_case_alone_come_back_as_written(engine: DuckDBEngine) -> None:
    found = engine.run(plan_of("print LogonId = 1, LogonID = 2, logonid = 3"))
    assert found.column_names == ["LogonId", "LogonID", "logonid"]
    assert [column[0].as_py() for column in found.columns] == [1, 2, 3]


def test_a_failure_names_the_query_and_holds_no_sql(engine: DuckDBEngine) -> None:
    plan = plan_of("DeviceEvents | count")
    with pytest.raises(EngineError) as caught:
        engine.run(plan, query="my rule")
    assert "my rule" in str(caught.value)
    assert "SELECT" not in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_table_that_is_not_there_is_an_engine_error(engine: DuckDBEngine) -> None:
    with pytest.raises(EngineError, match="DeviceEvents"):
        engine.run(plan_of("DeviceEvents | count"))


def test_hostile_names_and_texts_stay_names_and_texts(engine: DuckDBEngine) -> None:
    found = engine.run(plan_of("""print ['x"; DROP TABLE t; --'] = "'; DROP TABLE t; --", b = 'a\\'b"c\\\\d'"""))
    assert found.column_names[0] == 'x"; DROP TABLE t; --'
    assert found.to_pylist()[0]["b"] == "a'b\"c\\d"


def test_the_same_plan_gives_the_same_sql(engine: DuckDBEngine) -> None:
    plan = plan_of("range n from 1 to 3 step 1 | where n > 1 | summarize make_list(n)")
    assert engine.render(plan) == engine.render(plan)
    assert engine.run(plan).equals(engine.run(plan))


def test_a_plan_can_be_explained(engine: DuckDBEngine) -> None:
    assert engine.explain(plan_of("print 1"))
