"""The pass for records that groups carry: the same rows, and in a record only what somebody takes out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.plan.conftest import Desk

from tiercel.kql import Source
from tiercel.plan import PASSES, compile_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_EARLIEST = "T | summarize arg_min(Time, *) by D"

NARROWED = [
    (_EARLIEST + " | project D, A", 1),
    (_EARLIEST + " | where B > 1 | project D, C = strcat(A, '!')", 2),
    (_EARLIEST + " | summarize count() by A", 1),
    (_EARLIEST + " | summarize arg_max(Time, *) by A | project A, B", 4),
    (f"let e = {_EARLIEST}; e | join kind=inner (e | project D, B) on D | project D, A, B1", 2),
    ("T | summarize take_any(A, B, C), n = count() by D | project D, A, n", 1),
    ("T | summarize arg_min(Time, A, B), arg_max(Time, C, B) by D | project D, A, C", 2),
]
WHOLE = [
    _EARLIEST,
    _EARLIEST + " | distinct *",
    _EARLIEST + " | extend p = pack_all() | project p",
    _EARLIEST + " | union (T | project D, A) | project D, A",
]


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    rows = [
        ["d", "2026-01-01T00:00:02Z", "a", 1, "x"],
        ["d", "2026-01-01T00:00:01Z", "b", 2, "y"],
        ["e", None, "c", 3, "z"],
        ["f", "2026-01-01T00:00:05Z", "b", 4, ""],
    ]
    desk.add("T", [("D", "string"), ("Time", "datetime"), ("A", "string"), ("B", "long"), ("C", "string")], rows)
    yield desk
    desk.connection.close()


def _rows(desk: Desk, query: str, passes: tuple[object, ...]) -> tuple[str, list[object]]:
    compiled = compile_text(Source(query), now=desk.now, tables=desk.tables, passes=passes)
    assert compiled.plan is not None, [str(issue) for issue in compiled.issues]
    rows = desk.engine.run(compiled.plan).to_pylist()
    return desk.engine.render(compiled.plan), sorted(map(repr, rows))


def _members(sql: str) -> int:
    """How many members the records have, those of arg_min's row for null keys left out."""
    return sum(sql.count(f"'c{at}': ") for at in range(6)) // (2 if "ANY_VALUE(" in sql and "ARG_M" in sql else 1)


@pytest.mark.parametrize(("query", "members"), NARROWED)
def test_nobody_carries_what_nobody_wants(desk: Desk, query: str, members: int) -> None:
    sql, rows = _rows(desk, query, PASSES)
    wide, same = _rows(desk, query, ())
    assert rows
    assert rows == same
    assert _members(sql) == members < _members(wide)


@pytest.mark.parametrize("query", WHOLE)
def test_what_is_wanted_whole_stays_whole(desk: Desk, query: str) -> None:
    sql, rows = _rows(desk, query, PASSES)
    wide, same = _rows(desk, query, ())
    assert rows == same
    assert _members(sql) == _members(wide)
