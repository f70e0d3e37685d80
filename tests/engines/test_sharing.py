"""One pass over a large table for several statements: the same rows, few of them read, nothing left behind."""

from __future__ import annotations

import importlib
import os
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from tests.conftest import ROOT

from tiercel.engines.duckdb import DuckDBEngine, Spill, sharing
from tiercel.hunt import hunt
from tiercel.kql import Source
from tiercel.plan import compile_text
from tiercel.plan.reads import reads
from tiercel.rules import read_catalog
from tiercel.simulate import simulate
from tiercel.tables import TABLES

_NOW = datetime(2026, 1, 1)
_HUNT = importlib.import_module("tiercel.hunt")
"""The module: the package has a function of that name."""

READS = {
    "DeviceNetworkEvents | where LocalPort == 135 | project RemoteIP": [("LocalPort RemoteIP", 1)],
    "DeviceNetworkEvents | where LocalPort == 135 or RemoteIP == '' | count": [("LocalPort RemoteIP", 1)],
    "DeviceNetworkEvents | where LocalPort == 135 | where RemotePort > 1 | project RemoteIP": [
        ("LocalPort RemoteIP RemotePort", 2)
    ],
    "let a = DeviceNetworkEvents | where LocalPort == 135; a | project RemoteIP": [("LocalPort RemoteIP", 1)],
    "let a = materialize(DeviceNetworkEvents | where LocalPort == 135);"
    "union (a | project X = RemoteIP), (a | project X = LocalIP)": [("LocalIP LocalPort RemoteIP", 1)],
    "DeviceNetworkEvents | project RemoteIP": [("RemoteIP", 0)],
    "DeviceNetworkEvents | where RemoteIP in ((DeviceNetworkEvents | where LocalPort == 1 | project LocalIP))"
    "| project DeviceId": [("DeviceId LocalIP RemoteIP", 0), ("LocalIP LocalPort", 1)],
    "DeviceNetworkEvents | where LocalPort == 1 | summarize N = count() by RemoteIP | where N > 2 | project RemoteIP": [
        ("LocalPort RemoteIP", 1)
    ],
}


@pytest.mark.parametrize("query", READS)
def test_what_a_plan_reads(query):
    plan = compile_text(Source(query), now=_NOW, tables=TABLES).plan
    assert plan is not None
    found = reads(plan.tree, TABLES)
    assert sorted((" ".join(sorted(one.columns)), len(one.conditions)) for one in found) == READS[query]


def _statements(engine, queries):
    plans = [compile_text(Source(query), now=_NOW, tables=TABLES).plan for query in queries]
    assert all(plans)
    return [engine.prepare(plan) for plan in plans]


@pytest.fixture
def engine(tmp_path):
    spill = Spill.begin(tmp_path)
    with spill.connect(None) as connection:
        from tiercel.telemetry.storage import create_tables, insertion  # noqa: PLC0415  the tables as they are stored

        create_tables(connection)
        values = {"LocalPort": "i % 100", "RemoteIP": "'10.0.0.' || i % 7", "DeviceId": "'d' || i % 3"}
        source = "FROM (SELECT i::INT AS i FROM range(10000) numbers(i))"
        connection.execute(insertion(TABLES["DeviceNetworkEvents"], values, source))
        yield DuckDBEngine(connection)
    spill.end()


FEW = (
    "DeviceNetworkEvents | where LocalPort < 30 and RemoteIP endswith '4' | count",
    "DeviceNetworkEvents | where LocalPort < 30 | where DeviceId == 'd1' | count",
    "DeviceNetworkEvents | where LocalPort < 30 | summarize count() by DeviceId | sort by DeviceId asc",
    "DeviceNetworkEvents | where LocalPort < 30 and RemoteIP == '10.0.0.1' | summarize max(LocalPort)",
)


def test_shared_statements_see_the_same_rows(engine, tmp_path):
    statements = _statements(engine, FEW)
    alone = [engine.execute(one, _NOW) for one in statements]
    with engine.shared(statements, _NOW, ["DeviceNetworkEvents", "DeviceProcessEvents"]):
        files = list(tmp_path.rglob("DeviceNetworkEvents.parquet"))
        assert len(files) == 1
        held = duckdb.sql(f"SELECT count(*) FROM '{files[0]}'").fetchall()[0][0]
        assert held == 3_000
        together = [engine.execute(one, _NOW) for one in statements]
        # What was not told of before, and whoever looks for a finding's events, reads the table itself.
        (every,) = _statements(engine, ["DeviceNetworkEvents | count"])
        assert engine.execute(every, _NOW).to_pylist() == [{"Count": 10_000}]
    assert together == alone
    assert list(tmp_path.rglob("*.parquet")) == []
    assert [engine.execute(one, _NOW) for one in statements] == alone


@pytest.mark.parametrize(
    "others",
    [
        (),
        FEW[1:-1],
        (*FEW[1:-1], "DeviceNetworkEvents | where LocalPort < 30"),
        (*FEW[1:-1], "DeviceNetworkEvents | where RemotePort >= 0 | count"),
        (*FEW[1:-1], "DeviceNetworkEvents | summarize count() by DeviceId"),
    ],
    ids=["one reader", "too few readers", "one reads all columns", "nothing in common", "no condition"],
)
def test_what_is_not_worth_it_is_not_written(engine, tmp_path, others):
    statements = _statements(engine, [FEW[0], *others])
    with engine.shared(statements, _NOW, ["DeviceNetworkEvents"]):
        assert list(tmp_path.rglob("*.parquet")) == []
        assert engine.execute(statements[0], _NOW).to_pylist() == [
            {"Count": sum(number % 100 < 30 and number % 7 == 4 for number in range(10_000))}
        ]


def test_a_hunt_finds_the_same_with_shared_tables(tmp_path, monkeypatch):
    simulate(tmp_path / "day", hosts=14, days=1, seed=7, attacks=["dcom", "scm", "wmi"])
    alone = hunt(tmp_path / "day", attribution=False)
    told = []
    monkeypatch.setattr(_HUNT, "_LARGE", 1)
    together = hunt(tmp_path / "day", attribution=False, progress=told.append)
    assert any(isinstance(news, _HUNT.Sharing) for news in told)
    assert together.rules_failed == ()
    assert len(alone.findings) > 0
    assert list(together.findings) == list(alone.findings)
    assert [(run.rule.id, run.rows) for run in together.rules_run] == [
        (run.rule.id, run.rows) for run in alone.rules_run
    ]
    assert len(together.rules_run) == len(read_catalog().rules)


def test_the_source_s_rule_finds_the_same(tmp_path, monkeypatch):
    seeds = (ROOT / (os.environ.get("TIERCEL_REAL_DATA") or "../shared/telemetry")).resolve().parent / "seeds"
    found = sorted(Path(seeds).glob("0xFF-0083*.md"))
    if not found:
        pytest.skip("the source's documents are not beside the captures")
    simulate(tmp_path / "day", hosts=8, days=1, seed=3, attacks=["scm"])
    rules = [*found, *(rule for rule in read_catalog().rules if rule.id.startswith("scm"))]
    alone = hunt(tmp_path / "day", rules, attribution=False)
    monkeypatch.setattr(_HUNT, "_LARGE", 1)
    monkeypatch.setattr(sharing, "FEWEST", 2)
    monkeypatch.setattr(sharing, "MOST_COLUMNS", 99)
    together = hunt(tmp_path / "day", rules, attribution=False)
    assert together.rules_failed == ()
    assert [(run.rule.id, run.rows) for run in together.rules_run] == [
        (run.rule.id, run.rows) for run in alone.rules_run
    ]
