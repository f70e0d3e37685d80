"""Each document in `cases/` is read as the JSON file beside it says."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.errors import Severity
from tiercel.rules import RuleQuery, read_rule, with_filters

CASES = Path(__file__).parent / "cases"


def as_json(value: object) -> object:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("path", sorted(CASES.glob("*.md")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    text = path.read_text(encoding="utf-8")
    reading = read_rule(text, f"some/{path.name}")
    issues = [
        {"code": issue.code, "line": issue.span.line, "hint": issue.hint, "severity": str(issue.severity)}
        for issue in reading.issues
        if issue.span is not None
    ]
    assert len(issues) == len(expected["issues"]), issues
    for found, wanted in zip(issues, expected["issues"], strict=True):
        assert {key: found[key] for key in wanted} == wanted
    if expected["rule"] is None:
        assert reading.rule is None
        return
    rule = reading.rule
    assert rule is not None
    assert {key: as_json(getattr(rule, key)) for key in expected["rule"]} == expected["rule"]
    assert {key: getattr(rule.query, key) for key in expected["query"]} == expected["query"]
    assert rule.query.text.split("\n")[0] == text.splitlines()[rule.query.first_line - 1]
    if "data_sources" in expected:
        assert [list(dataclasses.astuple(source)) for source in rule.data_sources] == expected["data_sources"]
    if "versions" in expected:
        assert [list(dataclasses.astuple(version)) for version in rule.versions] == expected["versions"]
    if "evidence" in expected:
        steps = [dataclasses.asdict(step) for step in rule.evidence]
        assert [
            {key: step[key] for key in wanted} for step, wanted in zip(steps, expected["evidence"], strict=True)
        ] == expected["evidence"]


def test_line_ends_of_windows_move_nothing() -> None:
    text = (CASES / "whole-document.md").read_text(encoding="utf-8")
    unix, windows = read_rule(text, "x.md").rule, read_rule(text.replace("\n", "\r\n"), "x.md").rule
    assert unix is not None
    assert unix == windows


def test_filters_stand_between_the_markers_and_move_no_line() -> None:
    query = RuleQuery(
        "T\n// Begin environment-specific filter.\n// End environment-specific filter.\n| take 1", 10, 1, 2
    )
    filtered = with_filters(query, ['| where a == "//"', "| where b"])
    assert filtered.text.split("\n") == [
        "T",
        "// Begin environment-specific filter.",
        '| where a == "//" | where b // End environment-specific filter.',
        "| take 1",
    ]


def test_a_query_without_markers_gets_its_filters_at_the_end() -> None:
    assert with_filters(RuleQuery("T", 1), ["| where a"]).text == "T\n| where a"
    assert with_filters(RuleQuery("T", 1), []).text == "T"


def test_a_filter_of_two_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="one line"):
        with_filters(RuleQuery("T", 1), ["| where a\n| where b"])


@given(st.text(alphabet="#*`|-~>[] \n\tDetecionEvdQury:\0\x1b", max_size=300))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    reading = read_rule("# T\n## Detection\n```\nprint 1\n```\n## Evidence\n" + text, "x.md")
    assert reading.rule is not None or any(issue.severity is Severity.ERROR for issue in reading.issues)
