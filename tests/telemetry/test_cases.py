"""Small inputs and the rows they must become: each file in cases/ is a test, named by what it shows."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def told(value: Any) -> Any:
    """A stored value as a case writes it."""
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value


def holds(row: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether the row has every wanted value; AdditionalFields are compared member by member, null meaning absent."""
    for column, value in wanted.items():
        if column == "AdditionalFields" and isinstance(value, dict):
            members = json.loads(row[column] or "{}")
            if any(members.get(name) != member for name, member in value.items()):
                return False
        elif told(row[column]) != value:
            return False
    return True


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_rows(path: Path, tmp_path: Path, imported: Any) -> None:
    case = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506  it builds text alone
    case = restore(case)
    for name, events in case["input"].items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = events if isinstance(events, str) else "".join(json.dumps(event) + "\n" for event in events)
        file.write_text(text, encoding="utf-8")
    options = {"channels": frozenset(case["channels"])} if "channels" in case else {}
    result = imported(tmp_path, **options)
    for table, rows in case["tables"].items():
        found = result.rows(f'SELECT * FROM "{table}" ORDER BY "Timestamp", "ReportId"')
        assert len(found) == len(rows), [trimmed(row) for row in found]
        for wanted in rows:
            nearest = max(found, key=lambda row: sum(holds(row, {name: wanted[name]}) for name in wanted))
            missed = [name for name in wanted if not holds(nearest, {name: wanted[name]})]
            assert [(name, wanted[name], told(nearest[name])) for name in missed] == []
    report = case.get("report", {})
    for name, value in report.get("duplicates", {}).items():
        assert result.report.duplicates.get(name) == value
    for name, value in report.get("orientation", {}).items():
        assert result.report.orientation.get(name) == value
    for name, value in report.get("skipped", {}).items():
        assert result.report.skipped.get(name) == value
    clocks = {(clock.device, clock.clock): clock.offset for clock in result.report.clocks}
    for clock in report.get("clocks", []):
        assert clocks[clock["device"], clock["clock"]] == pytest.approx(float(clock["offset"]), abs=0.01)
    if "names" in report:
        assert {name.device: list(name.written) for name in result.report.names} == report["names"]


def trimmed(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what is empty, for a readable failure."""
    return {name: told(value) for name, value in row.items() if value not in {None, ""}}


def restore(value: Any) -> Any:
    """What a case means: `=5` is the number, any other text is text as it stands, and `<<` is merged."""
    if isinstance(value, dict):
        merged = {**value.get("<<", {}), **{name: member for name, member in value.items() if name != "<<"}}
        return {name: restore(member) for name, member in merged.items()}
    if isinstance(value, list):
        return [restore(member) for member in value]
    if isinstance(value, str) and value.startswith("="):
        return json.loads(value[1:])
    return value
