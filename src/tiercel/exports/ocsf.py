"""OCSF: a finding as a Detection Finding (class 2004), version 1.5.0 of https://schema.ocsf.io."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from tiercel.exports.attack import names_of, rows_of_result
from tiercel.exports.moments import milliseconds, time_of
from tiercel.findings import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tiercel.findings import Finding, Step
    from tiercel.hunt import Result
    from tiercel.rules import AttackRow, Rule

__all__ = ["ocsf_events"]

_VERSION: Final = "1.5.0"
_SEVERITIES: Final = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_CONFIDENCES: Final = {"low": 1, "medium": 2, "high": 3}
_OTHER: Final = 99
_RULE: Final = 1
"""`analytic.type_id`: a rule."""
_NEW: Final = 1
_HOSTNAME, _IP_ADDRESS, _USER_NAME, _PROCESS_NAME = 1, 2, 4, 9
"""`observable.type_id`."""


def ocsf_events(result: Result) -> Iterator[dict[str, Any]]:
    """One Detection Finding for each finding, in the findings' order. What OCSF has no place for is in `unmapped`."""
    rules = {run.rule.id: run.rule for run in result.rules_run}
    attacks = rows_of_result(result)
    for finding in result.findings:
        yield _event(finding, result, rules, attacks)


def _event(
    finding: Finding, result: Result, rules: Mapping[str, Rule], attacks: Mapping[str, Sequence[AttackRow]]
) -> dict[str, Any]:
    rule = rules.get(finding.rule_id)
    event: dict[str, Any] = {
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "category_uid": 2,
        "category_name": "Findings",
        "activity_id": 1,
        "activity_name": "Create",
        "type_uid": 200401,
        "type_name": "Detection Finding: Create",
        "time": milliseconds(time_of(finding, result)),
        "severity_id": _SEVERITIES.get(finding.severity, _OTHER),
        "severity": finding.severity.capitalize(),
        "confidence_id": _CONFIDENCES.get(finding.confidence, _OTHER),
        "confidence": finding.confidence.capitalize(),
        "status_id": _NEW,
        "status": "New",
        "message": finding.summary,
        "count": finding.rows,
        "metadata": {
            "version": _VERSION,
            "uid": finding.id,
            "product": {"name": "Tiercel", "vendor_name": "Tiercel", "version": version("tiercel"), "lang": "en"},
        },
        "finding_info": _info(finding, rule, attacks),
        "evidences": [_evidence(step) for step in finding.evidence],
        "observables": _observables(finding),
        "resources": [{"type": "device", "name": finding.device, "uid": finding.device_id}] if finding.device else [],
        "unmapped": {
            name: value
            for name, value in as_json(finding).items()
            if name in {"family", "strength", "links", "attribution", "recurring"} and value
        },
    }
    for name, time in (("start_time", finding.first_time), ("end_time", finding.last_time)):
        if time:
            event[name] = milliseconds(time)
    if rule and rule.response:
        event["remediation"] = {"desc": rule.response}
    return event


def _info(finding: Finding, rule: Rule | None, attacks: Mapping[str, Sequence[AttackRow]]) -> dict[str, Any]:
    info: dict[str, Any] = {
        "uid": finding.id,
        "title": finding.title,
        "desc": finding.attribution.sentence if finding.attribution else finding.summary,
        "analytic": _analytic(finding.rule_id, rule.title if rule else finding.rule_id),
        "related_analytics": [_analytic(each, each) for each in finding.rules if each != finding.rule_id],
        "attacks": [attack for each in finding.techniques for attack in _attacks(each, attacks.get(each, ()))],
        "data_sources": list(dict.fromkeys(step.table for step in finding.evidence if step.table)),
        "types": [finding.family] if finding.family else [],
    }
    for name, time in (("first_seen_time", finding.first_time), ("last_seen_time", finding.last_time)):
        if time:
            info[name] = milliseconds(time)
    return info


def _analytic(uid: str, name: str) -> dict[str, Any]:
    return {"type_id": _RULE, "type": "Rule", "uid": uid, "name": name}


def _attacks(attack_id: str, rows: Sequence[AttackRow]) -> Iterator[dict[str, Any]]:
    """The technique under each tactic that the rules name; under none where they name none."""
    technique, _, subtechnique = attack_id.partition(".")
    name, below = names_of(attack_id, rows)
    for row in rows or (None,):
        attack: dict[str, Any] = {"technique": {"uid": technique, "name": name}}
        if subtechnique:
            attack["sub_technique"] = {"uid": attack_id, "name": below}
        if row:
            attack["tactic"] = {"uid": row.tactic.partition(" ")[0], "name": row.tactic_name}
        yield attack


def _evidence(step: Step) -> dict[str, Any]:
    evidence: dict[str, Any] = {
        "name": step.step,
        "data": {
            name: value
            for name, value in (
                ("time", milliseconds(step.time)),
                ("text", step.text),
                ("role", step.role),
                ("table", step.table),
                ("source", step.source),
            )
            if value
        },
    }
    if step.device:
        evidence["dst_endpoint"] = {"hostname": step.device}
    if step.process or step.process_id is not None:
        told = {"name": step.process, "pid": step.process_id, "cmd_line": step.command_line}
        evidence["process"] = {name: value for name, value in told.items() if value is not None}
    if step.peer:
        evidence["src_endpoint"] = {"ip": step.peer}
    if step.account:
        evidence["user"] = {"name": step.account}
    return evidence


def _observables(finding: Finding) -> list[dict[str, Any]]:
    """What an analyst searches for next, each value once, with where it stands in the event."""
    found = [
        ("resources[].name", _HOSTNAME, "Hostname", finding.device),
        ("evidences[].src_endpoint.ip", _IP_ADDRESS, "IP Address", finding.peer_ip),
        ("unmapped.attribution.caller.device", _HOSTNAME, "Hostname", _caller(finding)),
        ("evidences[].user.name", _USER_NAME, "User Name", finding.account),
        *(
            ("evidences[].process.name", _PROCESS_NAME, "Process Name", process.name)
            for process in (finding.server, finding.child)
            if process
        ),
    ]
    named = {(kind, value): (name, label) for name, kind, label, value in found if value}
    return [
        {"name": name, "type_id": kind, "type": label, "value": value} for (kind, value), (name, label) in named.items()
    ]


def _caller(finding: Finding) -> str | None:
    return (finding.attribution.caller.device if finding.attribution else None) or finding.peer_name
