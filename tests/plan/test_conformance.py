"""The queries of Kusto's documentation against the rows that the Kusto emulator returned for them.

What is known to differ stands in conformance_gaps.txt, `id reason` a line. The list is strict both ways.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel.errors import TiercelError

if TYPE_CHECKING:
    import pytest

    from plan.conftest import Desk

GAPS_FILE = Path(__file__).with_name("conformance_gaps.txt")
CASES_FILE = "kusto_emulator_cases.json"

KUSTO_TYPES = {
    "Int64": "long",
    "Int32": "int",
    "SByte": "bool",
    "String": "string",
    "DateTime": "datetime",
    "Double": "real",
    "Object": "dynamic",
    "TimeSpan": "timespan",
    "Guid": "guid",
    "SqlDecimal": "decimal",
}

RECORDED_AT = {
    "datetime-utc-to-local-function-00": "2026-08-02T23:56:37.622710+00:00",
    "range-operator-00": "2026-08-02T23:56:47.017692+00:00",
}
RECORDED = "2026-08-02T23:56:30+00:00"
"""What `now()` was when the answers were recorded, as their own rows show it; elsewhere only the hour shows."""

ORDERING = re.compile(r"\s*(sort|order)\s+by\b|\s*top\s+\d", re.IGNORECASE)


@cache
def gaps() -> dict[str, str]:
    lines = GAPS_FILE.read_text(encoding="utf-8").splitlines() if GAPS_FILE.exists() else []
    pairs = (line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    return dict(pairs)


def difference(case: dict[str, Any], desk: Desk, compare: Any) -> str:
    """What is wrong with our answer to the case, in a few words; nothing where it is right."""
    expected = case["expected"]
    desk.now = datetime.fromisoformat(RECORDED_AT.get(case["id"], RECORDED))
    try:
        answer = desk.ask(case["kql"])
    except TiercelError as error:
        return f"fails: {str(error).splitlines()[0][:200]}"
    if not answer.columns:
        return f"refused: {answer.issues[0].message[:200] if answer.issues else 'no columns'}"
    names = [name for name, _ in answer.columns]
    if names != expected["columns"]:
        return f"columns {names} instead of {expected['columns']}"
    kinds = [kind for _, kind in answer.columns]
    wanted_kinds = [KUSTO_TYPES[kind] for kind in expected["column_types"]]
    if kinds != wanted_kinds:
        return f"types {kinds} instead of {wanted_kinds}"
    last = case["kql"].rsplit("|", 1)[-1]
    ordered = bool(ORDERING.match(last))
    unordered_sets = "make_set" in case["kql"] or "set_" in case["kql"]
    if not compare(answer.rows, expected["rows"], kinds, ordered=ordered, unordered_sets=unordered_sets):
        return f"rows {str(answer.rows)[:300]} instead of {str(expected['rows'])[:300]}"
    return ""


def test_conformance(conformance: Path, desk: Desk, compare: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Every case passes, or stands among the gaps and does not pass."""
    cases = json.loads((conformance / CASES_FILE).read_text(encoding="utf-8"))["cases"]
    known, wrong, passed = gaps(), [], 0
    for case in cases:
        found = difference(case, desk, compare)
        passed += not found
        if found and case["id"] not in known:
            wrong.append(f"{case['id']}: {found}")
        if not found and case["id"] in known:
            wrong.append(f"{case['id']}: passes now, take it out of {GAPS_FILE.name}")
    wrong += [f"{name}: no such case" for name in known if name not in {case["id"] for case in cases}]
    with capsys.disabled():
        sys.stdout.write(f"\nconformance: {passed} of {len(cases)} cases give what Kusto gives\n")
    assert not wrong, "\n".join(wrong)
