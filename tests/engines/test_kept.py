"""Statements that are kept from run to run are those that were compiled, and serve any clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb
import pytest

import tiercel.kept
from tiercel.engines import kept
from tiercel.engines.duckdb import DuckDBEngine
from tiercel.engines.kept import KeptStatements, default_folder
from tiercel.hunt import compile_query, compile_rule
from tiercel.kql import Source
from tiercel.rules import read_catalog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MONDAY = datetime(2026, 7, 13, 12, 0, 0, 250_000)
FRIDAY = datetime(2026, 7, 17, 1, 2, 3)

LASTING = [
    "print now()",
    "print now(-1h), ago(2d)",
    "let window = 2h; DeviceProcessEvents | where ingestion_time() > ago(window)",
    "let since = ago(7d); DeviceNetworkEvents | where Timestamp > since | count",
    "DeviceProcessEvents | where Timestamp between (ago(1d) .. now())",
    "print 'TIMESTAMP ''@now+0', \"TIMESTAMP '@now+0'\"",
]
BOUND = [
    "print startofday(now())",
    "print now() - 90s",
    "print now() + todouble('1.5') * 1h",
    "range at from ago(3h) to now() step 1h",
    "DeviceProcessEvents | make-series count() on Timestamp from ago(1d) to now() step 1h",
]


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with duckdb.connect() as connection:
        yield DuckDBEngine(connection)


def sql_at(engine: DuckDBEngine, text: str, now: datetime) -> str:
    return engine.render(compile_query(Source(text), now))


@pytest.mark.parametrize("rule", read_catalog().rules, ids=lambda rule: rule.id)
def test_a_shipped_rule_s_statement_serves_every_run(engine: DuckDBEngine, rule) -> None:
    plan = compile_rule(rule, MONDAY)
    assert plan.is_lasting
    assert engine.render(replace(plan, now=FRIDAY)) == engine.render(compile_rule(rule, FRIDAY))


@pytest.mark.parametrize("text", LASTING)
def test_a_kept_statement_at_another_time_is_the_one_compiled_then(engine: DuckDBEngine, text: str) -> None:
    plan = compile_query(Source(text), MONDAY)
    assert plan.is_lasting
    assert engine.render(replace(plan, now=FRIDAY)) == sql_at(engine, text, FRIDAY)


@pytest.mark.parametrize("text", BOUND)
def test_what_was_folded_from_the_clock_is_not_kept(engine: DuckDBEngine, text: str, tmp_path: Path) -> None:
    statement = engine.prepare(compile_query(Source(text), MONDAY))
    store = KeptStatements(tmp_path)
    store.keep("duckdb", "mine.md:1", text, statement)
    if sql_at(engine, text, MONDAY) == sql_at(engine, text, FRIDAY):
        pytest.fail("the text has no clock in it")
    if statement.is_lasting:
        shifted = engine.render(replace(compile_query(Source(text), MONDAY), now=FRIDAY))
        assert shifted == sql_at(engine, text, FRIDAY)
    else:
        assert store.find("duckdb", "mine.md:1", text) is None


def test_an_instant_beyond_the_calendar_is_its_edge(engine: DuckDBEngine) -> None:
    assert "TIMESTAMP '0001-01-01 00:00:00'" in sql_at(engine, "print ago(1000d)", datetime(2, 1, 1))


def statement_of(engine: DuckDBEngine, text: str):
    return engine.prepare(compile_query(Source(text), MONDAY))


def test_a_statement_comes_back_from_the_folder_as_it_was(engine: DuckDBEngine, tmp_path: Path) -> None:
    text = "DeviceProcessEvents | join kind=leftanti DeviceLogonEvents on DeviceId | where Timestamp > ago(1h)"
    statement = statement_of(engine, text)
    assert statement.subtracted == ("DeviceLogonEvents",)
    KeptStatements(tmp_path).keep("duckdb", "mine.md:1", text, statement)
    assert KeptStatements(tmp_path).find("duckdb", "mine.md:1", text) == statement
    assert KeptStatements(tmp_path).find("duckdb", "mine.md:2", text) is None
    assert KeptStatements(tmp_path).find("spark", "mine.md:1", text) is None
    assert KeptStatements(tmp_path).find("duckdb", "mine.md:1", text + " ") is None


def test_another_compiler_does_not_find_it(
    engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    KeptStatements(tmp_path).keep("duckdb", "mine.md:1", "print 1", statement_of(engine, "print 1"))
    monkeypatch.setattr(kept, "_compiler", lambda: "another")
    assert KeptStatements(tmp_path).find("duckdb", "mine.md:1", "print 1") is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"sql": 1}', b'{"sql": "", "columns": [{}]}', b"\xff"]
)
def test_a_broken_file_means_that_the_rule_is_compiled_again(
    engine: DuckDBEngine, tmp_path: Path, content: bytes
) -> None:
    KeptStatements(tmp_path).keep("duckdb", "mine.md:1", "print 1", statement_of(engine, "print 1"))
    for file in tmp_path.iterdir():
        file.write_bytes(content)
    assert KeptStatements(tmp_path).find("duckdb", "mine.md:1", "print 1") is None


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(engine: DuckDBEngine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = KeptStatements(tmp_path / "file" / "folder")
    statement = statement_of(engine, "print 1")
    store.keep("duckdb", "mine.md:1", "print 1", statement)
    assert store.find("duckdb", "mine.md:1", "print 1") is statement


def test_the_folder_stays_bounded(engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiercel.kept, "_MOST", 10)
    store, statement = KeptStatements(tmp_path), statement_of(engine, "print 1")
    for number in range(40):
        store.keep("duckdb", f"mine.md:{number}", "print 1", statement)
    assert len(list(tmp_path.iterdir())) <= 10


def test_where_statements_are_kept_can_be_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIERCEL_CACHE", str(tmp_path))
    assert default_folder() == tmp_path / "statements"
    monkeypatch.setenv("TIERCEL_CACHE", "")
    assert default_folder() is None
