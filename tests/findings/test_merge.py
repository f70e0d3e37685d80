"""One attack, one finding: each file in merging/ holds findings and what must be left of them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from tiercel.findings import Finding, Process, Step, merge
from tiercel.findings.merge import MOST_STEPS, confidence_of

CASES = sorted((Path(__file__).parent / "merging").glob("*.json"))


def _time(text):
    return datetime.fromisoformat(text) if text else None


def _process(told):
    return (
        Process(told.get("name"), told.get("pid"), told.get("command_line"), _time(told.get("start"))) if told else None
    )


def _finding(number, told):
    time = _time(told["time"])
    steps = told.get("steps") or [{"step": "step", "time": told["time"], "source": f"file#{number}"}]
    return Finding(
        id=str(number),
        rule_id=told["rule"],
        title=told.get("title", told["rule"]),
        techniques=tuple(told.get("techniques", [])),
        tactics=(),
        severity=told.get("severity", "medium"),
        confidence="medium",
        summary="",
        device=told.get("device", "host"),
        device_id=told.get("device", "host"),
        peer_ip=told.get("peer"),
        peer_name=None,
        account=told.get("account"),
        first_time=time,
        last_time=time,
        server=_process(told.get("server")),
        child=_process(told.get("child")),
        evidence=tuple(
            Step(each["step"], _time(each["time"]), "", role=each.get("role", ""), table="T", source=each.get("source"))
            for each in steps
        ),
        family=told.get("family"),
        strength=told.get("strength"),
        links=tuple(told.get("links", [])),
        rules=(told["rule"],),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_what_is_left(case):
    told = json.loads(case.read_text())
    merged = merge(_finding(number, each) for number, each in enumerate(told["findings"]))
    assert len(merged) == len(told["expected"])
    for finding, expected in zip(merged, told["expected"], strict=True):
        for name, value in expected.items():
            found = getattr(finding, name)
            if isinstance(found, Process):
                found = found.name
            assert (list(found) if isinstance(found, tuple) else found) == value, name


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_order_of_rules_does_not_matter(case):
    findings = [_finding(number, each) for number, each in enumerate(json.loads(case.read_text())["findings"])]
    forward, backward = merge(findings), merge(reversed(findings))
    assert [(each.peer_ip, each.severity, each.confidence, each.strength) for each in forward] == [
        (each.peer_ip, each.severity, each.confidence, each.strength) for each in backward
    ]


def test_a_burst_keeps_its_last_step():
    told = [
        {"rule": "scm", "family": "scm", "peer": "10.0.0.1", "time": f"2026-01-01T00:{minute:02}:00+00:00"}
        for minute in range(60)
    ]
    (finding,) = merge(_finding(number, each) for number, each in enumerate(told))
    assert finding.rows == 60
    assert len(finding.evidence) == MOST_STEPS
    assert finding.evidence[-1].time == finding.last_time == _time("2026-01-01T00:59:00+00:00")


def test_no_links_leave_the_rule_s_own_confidence():
    assert confidence_of([], "low") == "low"
