"""A result is saved whole: what is read back is what was hunted."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from tiercel import saved
from tiercel.errors import InputError, Issue, Severity, Span
from tiercel.findings import as_json
from tiercel.hunt import Result, RuleFailure, hunt
from tiercel.simulate import simulate


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    simulate(folder, hosts=6, days=1, seed=3, attacks=("dcom",))
    found = hunt(folder)
    issue = Issue("kql-syntax", "a word too many", Span("mine.md", 3, 4, 2, "a line"), "drop it", Severity.WARNING)
    return replace(found, rules_failed=(RuleFailure("mine.md", None, (issue,)),), warnings=(*found.warnings, issue))


def test_what_is_read_back_is_what_was_hunted(result, tmp_path):
    (tmp_path / "case.json").write_text(saved.dump(result, tmp_path))
    read = saved.load(tmp_path / "case.json")
    assert (read.folder, read.is_whole) == (str(tmp_path), True)
    assert list(read.result.findings) == [replace(each, columns=as_json(each)["columns"]) for each in result.findings]
    assert len(read.result.findings) >= 1
    for field in fields(Result):
        if field.name == "by_rule":
            assert [each.id for each in read.result.by_rule] == [each.id for each in result.by_rule]
        elif field.name != "findings":
            assert getattr(read.result, field.name) == getattr(result, field.name), field.name


def test_findings_alone_are_read_with_the_shipped_rules(result, tmp_path):
    path = tmp_path / "found.jsonl"
    path.write_text("".join(json.dumps(as_json(each)) + "\n" for each in result.findings))
    read = saved.load(path)
    assert not read.is_whole
    assert [each.id for each in read.result.findings] == [each.id for each in result.findings]
    assert {run.rule.id for run in read.result.rules_run} == {rule for each in result.findings for rule in each.rules}


def test_whatever_a_text_holds_comes_back(result, tmp_path):
    hostile = "</script>\ud800\x00\u202e=1+1{{7*7}}\n" + "A" * 1_000_000
    changed = replace(result, findings=type(result.findings)([replace(result.findings[0], summary=hostile)]))
    path = tmp_path / "case.json"
    path.write_text(saved.dump(changed))
    assert path.read_text().isascii()
    assert saved.load(path).result.findings[0].summary == hostile


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("no json", ":1: not a line of JSON"),
        ('{"id": "1", "rule_id": "r"}\n', "`title` is missing"),
        ('{"kind": "tiercel result", "format": 99}', "its format is 99, known is 1"),
        ('{"kind": "tiercel result", "format": 1, "result": []}', "result: an object was expected, not list"),
        (
            '{"kind": "tiercel result", "format": 1, "result": {"findings": {}}}',
            "result.findings: a list was expected, not dict",
        ),
        ("[" * 100_000, ":1: not a line of JSON"),
    ],
)
def test_what_is_no_result_is_told_with_its_place(content, told, tmp_path):
    (tmp_path / "case.json").write_text(content)
    with pytest.raises(InputError, match=told.replace("(", r"\(")):
        saved.load(tmp_path / "case.json")


def test_time_in_a_result_keeps_its_zone(result, tmp_path):
    (tmp_path / "case.json").write_text(saved.dump(replace(result, now=datetime(2026, 3, 2, 1, 2, 3, 4, UTC))))
    read = saved.load(tmp_path / "case.json").result
    assert read.now == datetime(2026, 3, 2, 1, 2, 3, 4, UTC)
    assert read.report.newest.tzinfo is None
