"""Queries with what they must give: every block of every file in cases/ is a test.

A block begins with `//// title`, holds a query, then `// =>` and a query that writes down the rows (in any order, or in
this order after `// => ordered`), or `// => code line:column ...` for the issues that must be found, all of them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plan.conftest import Desk

FOLDER = Path(__file__).with_name("cases")


def blocks() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("*.kql")):
        for block in re.split(r"^//// ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            title, body = block.split("\n", 1)
            query, mode, wanted = re.split(r"^// =>(.*)$", body, maxsplit=1, flags=re.MULTILINE)
            found.append(pytest.param(query, mode.strip(), wanted, id=f"{path.stem}: {title}"))
    return found


@pytest.mark.parametrize(("query", "mode", "wanted"), blocks())
def test_case(query: str, mode: str, wanted: str, desk: Desk, compare: Any) -> None:
    answer = desk.ask(query)
    if mode and mode != "ordered":
        found = " ".join(f"{issue.code} {issue.span.line}:{issue.span.column}" for issue in answer.issues if issue.span)
        assert found == mode, "\n".join(str(issue) for issue in answer.issues)
        return
    assert answer.columns, "\n".join(str(issue) for issue in answer.issues)
    expected = desk.ask(wanted)
    assert expected.columns, "\n".join(str(issue) for issue in expected.issues)
    assert answer.columns == expected.columns
    kinds = [kind for _, kind in expected.columns]
    same = compare(answer.rows, expected.rows, kinds, ordered=mode == "ordered", unordered_sets="make_set" in query)
    assert same, f"{answer.rows}\ninstead of\n{expected.rows}\n{answer.sql}"
