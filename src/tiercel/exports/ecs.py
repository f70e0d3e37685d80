"""ECS: a finding as an alert of the Elastic Common Schema, version 8.17 (https://www.elastic.co/docs/reference/ecs)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final

from tiercel.exports.attack import names_of, rows_of_result
from tiercel.exports.moments import time_of
from tiercel.findings import as_json, iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tiercel.findings import Finding, Process
    from tiercel.hunt import Result
    from tiercel.rules import AttackRow, Rule

__all__ = ["ecs_documents"]

_VERSION: Final = "8.17.0"
_SEVERITIES: Final = {"informational": 1, "low": 21, "medium": 47, "high": 73, "critical": 99}
"""`event.severity` as Elastic's own detection rules score them (risk scores 21, 47, 73, 99)."""


def ecs_documents(result: Result) -> Iterator[dict[str, Any]]:
    """One alert for each finding, in the findings' order; the whole finding stands under `tiercel`."""
    rules = {run.rule.id: run.rule for run in result.rules_run}
    attacks = rows_of_result(result)
    for finding in result.findings:
        yield _document(finding, result, rules.get(finding.rule_id), attacks)


def _document(
    finding: Finding, result: Result, rule: Rule | None, attacks: Mapping[str, Sequence[AttackRow]]
) -> dict[str, Any]:
    event: dict[str, Any] = {
        "kind": "alert",
        "category": ["intrusion_detection"],
        "type": ["info"],
        "module": "tiercel",
        "dataset": "tiercel.findings",
        "provider": "Tiercel",
        "id": finding.id,
        "severity": _SEVERITIES.get(finding.severity, 0),
        "reason": finding.summary,
    }
    if finding.first_time:
        event["start"] = iso(finding.first_time)
    if finding.last_time:
        event["end"] = iso(finding.last_time)
    document: dict[str, Any] = {
        "@timestamp": iso(time_of(finding, result)),
        "ecs": {"version": _VERSION},
        "message": finding.attribution.sentence if finding.attribution else finding.summary,
        "tags": [each for each in (finding.family, finding.strength, *finding.links) if each],
        "event": event,
        "rule": _without_nulls(
            {"id": finding.rule_id, "name": finding.title, "ruleset": "tiercel", **_described(rule)}
        ),
        "threat": _threat(finding.techniques, attacks),
        "labels": {"severity": finding.severity, "confidence": finding.confidence},
        "related": _related(finding),
        "tiercel": as_json(finding),
    }
    if finding.device or finding.device_id:
        document["host"] = _without_nulls({"name": finding.device, "id": finding.device_id, "os": {"type": "windows"}})
    if source := _source(finding):
        document["source"] = source
    if finding.account:
        document["user"] = _user(finding.account)
    started, by = (finding.child, finding.server) if finding.child else (finding.server, None)
    if started:
        document["process"] = {**_process(started), **({"parent": _process(by)} if by else {})}
    return document


def _described(rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {}
    reference = next((each for each in rule.references if each.startswith("http")), None)
    return _without_nulls({"description": rule.description or None, "reference": reference})


def _threat(techniques: Iterable[str], attacks: Mapping[str, Sequence[AttackRow]]) -> dict[str, Any]:
    """The techniques as parallel lists of ids and names, as ECS has them."""
    tactics = {row.tactic.partition(" ")[0]: row.tactic_name for each in techniques for row in attacks.get(each, ())}
    parents: dict[str, str] = {}
    below: dict[str, str] = {}
    for each in techniques:
        technique, _, subtechnique = each.partition(".")
        name, own = names_of(each, attacks.get(each, ()))
        parents.setdefault(technique, name)
        if subtechnique:
            below[each] = own
    threat: dict[str, Any] = {"framework": "MITRE ATT&CK"}
    if tactics:
        threat["tactic"] = {"id": list(tactics), "name": list(tactics.values())}
    threat["technique"] = {"id": list(parents), "name": list(parents.values())}
    if below:
        threat["technique"]["subtechnique"] = {"id": list(below), "name": list(below.values())}
    return threat


def _source(finding: Finding) -> dict[str, Any]:
    """The caller. ECS' `ip` fields take addresses alone: what is none stands in `address`."""
    named = finding.attribution.caller.device if finding.attribution else None
    source: dict[str, Any] = {"domain": named or finding.peer_name, "address": finding.peer_ip}
    if finding.peer_ip and _is_address(finding.peer_ip):
        source["ip"] = finding.peer_ip
    return _without_nulls(source)


def _user(account: str) -> dict[str, str]:
    domain, separator, name = account.rpartition("\\")
    return {"name": name, "domain": domain} if separator else {"name": account}


def _process(process: Process) -> dict[str, Any]:
    return _without_nulls(
        {
            "name": process.name,
            "pid": process.pid,
            "command_line": process.command_line,
            "start": iso(process.start) if process.start else None,
        }
    )


def _related(finding: Finding) -> dict[str, list[str]]:
    """What else to search for: hosts, addresses and accounts, each once."""
    caller = finding.attribution.caller if finding.attribution else None
    accounts = [finding.account, caller.account if caller else None]
    found = {
        "hosts": [finding.device, caller.device if caller else finding.peer_name],
        "ip": [finding.peer_ip if finding.peer_ip and _is_address(finding.peer_ip) else None],
        "user": [_user(each)["name"] if each else None for each in accounts],
    }
    return {name: list(dict.fromkeys(each for each in values if each)) for name, values in found.items() if any(values)}


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
