"""The pass for shared steps that only filter a stored table: the same rows, read anew where each reader wants less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.plan.conftest import Desk

from tiercel.kql import Source
from tiercel.plan import compile_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_LET = "let p = T | where Kind =~ 'Start' and ingestion_time() > ago(2h); "
_READERS = (
    "p | where Image =~ 'a' | join kind=inner (p | where Size > 1 | project D, Size) on D | project D, Image, Size1"
)

ANEW = [
    _LET + _READERS,
    _LET + "union (p | where Image == 'a'), (p | where Size > 1), (p | where Image startswith 'b') | sort by D, Size",
    "let p = T | where Kind != 'Stop' and Image !in ('c') and isnotnull(Size); " + _READERS,
]
ONCE = [
    "let p = materialize(T | where Kind =~ 'Start'); " + _READERS,  # the author says so
    "let p = T | where Kind has 'Start'; " + _READERS,  # it costs more than comparisons
    "let p = T | where Kind =~ 'Start' | summarize Size = max(Size) by D, Image; " + _READERS,
    "let p = T | where Kind =~ 'Start' | extend Image = toupper(Image); " + _READERS,
    _LET + "p | join kind=inner (p | where Size > 1) on D | project D, Image",  # one reads it whole
    _LET + "union " + ", ".join(f"(p | where Size == {size})" for size in range(5)) + " | sort by D, Size",
]


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    rows = [["d", "start", "a", 1], ["d", "Start", "b", 2], ["e", "Stop", "a", 3], ["e", "START", "a", None]]
    columns = [("D", "string"), ("Kind", "string"), ("Image", "string"), ("Size", "long")]
    desk.add("T", columns, rows, [desk.now.replace(tzinfo=None)] * 4)
    yield desk
    desk.connection.close()


def _rows(desk: Desk, query: str, **passes: tuple[()]) -> tuple[str, list[object]]:
    compiled = compile_text(Source(query), now=desk.now, tables=desk.tables, **passes)
    assert compiled.plan is not None, [str(issue) for issue in compiled.issues]
    rows = desk.engine.run(compiled.plan).to_pylist()
    return desk.engine.render(compiled.plan), sorted(map(repr, rows))


@pytest.mark.parametrize("query", ANEW)
def test_each_reader_reads_the_table(desk: Desk, query: str) -> None:
    sql, rows = _rows(desk, query)
    once, same = _rows(desk, query, passes=())
    assert "NOT MATERIALIZED" in sql
    assert "NOT MATERIALIZED" not in once
    assert rows
    assert rows == same


@pytest.mark.parametrize("query", ONCE)
def test_a_step_that_costs_or_is_read_whole_is_computed_once(desk: Desk, query: str) -> None:
    sql, rows = _rows(desk, query)
    assert "AS MATERIALIZED" in sql
    assert "NOT MATERIALIZED" not in sql
    assert rows == _rows(desk, query, passes=())[1]
