"""Statements that run ahead give what they give when they are asked for, errors included."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import duckdb
import pytest

from tiercel import together
from tiercel.engines.duckdb import DuckDBEngine
from tiercel.engines.engine import Statement
from tiercel.errors import EngineError
from tiercel.evidence import compile_query
from tiercel.hunt import hunt
from tiercel.kql import Source
from tiercel.telemetry.storage import create_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 7, 14, 12)


@pytest.fixture
def engine() -> Iterator[DuckDBEngine]:
    with duckdb.connect() as connection:
        create_tables(connection)
        connection.execute(
            'INSERT INTO "DeviceProcessEvents" BY NAME'
            " SELECT 'p' || i AS FileName, i AS ProcessId, TIMESTAMP '2026-07-14 11:00:00' AS Timestamp"
            " FROM range(50) t(i)"
        )
        yield DuckDBEngine(connection)


def statement(engine: DuckDBEngine, text: str) -> Statement:
    return engine.prepare(compile_query(Source(text), NOW))


def test_what_ran_ahead_is_handed_over(engine: DuckDBEngine) -> None:
    texts = [
        f"DeviceProcessEvents | where ProcessId % 5 == {rest} and Timestamp > ago(2h) | sort by ProcessId asc"
        " | project FileName, ProcessId, At = now()"
        for rest in range(5)
    ]
    statements = [statement(engine, text) for text in texts]
    alone = [engine.execute(each, NOW) for each in statements]
    with engine.ahead(statements, NOW):
        engine._connection.execute('DELETE FROM "DeviceNetworkEvents"')  # the engine's own connection stays free
        assert [engine.execute(each, NOW) for each in statements] == alone
    assert [engine.execute(each, NOW) for each in statements] == alone
    assert all(each.num_rows == 10 for each in alone)


def test_it_runs_on_another_connection_with_the_same_settings(engine: DuckDBEngine) -> None:
    one = statement(engine, "print 1 / 0")
    settings = Statement("SELECT current_setting('TimeZone') AS x", statement(engine, "print x = 'a'").columns, ())
    with engine.ahead([one, settings], NOW):
        engine._connection.execute("SET TimeZone = 'Asia/Tokyo'")
        assert engine.execute(settings, NOW).to_pylist() == [{"x": "UTC"}]
        assert engine.execute(one, NOW).num_rows == 1


def test_an_error_is_told_where_the_rows_are_asked_for(engine: DuckDBEngine) -> None:
    good = statement(engine, "print 1")
    broken = Statement("SELECT error('out of luck')", good.columns, ())
    with engine.ahead([broken, good], NOW):
        with pytest.raises(EngineError, match="out of luck"):
            engine.execute(broken, NOW)
        assert engine.execute(good, NOW).num_rows == 1


def test_a_routine_runs_where_it_is_known(engine: DuckDBEngine) -> None:
    calling = statement(engine, "DeviceProcessEvents | take 1 | project parse_path(FolderPath)")
    assert "KUSTO_" in calling.sql
    with engine.ahead([calling], NOW):
        assert not engine._ahead
        assert engine.execute(calling, NOW).num_rows == 1


def test_rules_of_a_small_case_run_ahead_and_find_the_same(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = real_data / "otrf-scm-psexec-tcp-2020.zip"
    asked = []
    ahead = DuckDBEngine.ahead
    monkeypatch.setattr(DuckDBEngine, "ahead", lambda self, each, now: asked.append(each) or ahead(self, each, now))
    beside = hunt(capture)
    assert len(asked[0]) == len(beside.rules_run)
    monkeypatch.setattr(together, "_SMALL", 0)
    alone = hunt(capture)
    assert len(asked) == 1
    assert beside.findings
    assert list(beside.findings) == list(alone.findings)
    rows = [{each.rule.id: each.rows for each in result.rules_run} for result in (beside, alone)]
    assert rows[0] == rows[1]
