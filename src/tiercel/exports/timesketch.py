"""Timesketch: every step of every finding as an event of a timeline, in the JSON lines that its importer takes.

`message`, `datetime` and `timestamp_desc` are the fields that Timesketch asks for
(https://timesketch.org/guides/user/import-from-json-csv/); the others can be searched there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tiercel.findings import iso

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tiercel.findings import Finding
    from tiercel.hunt import Result

__all__ = ["timesketch_events"]


def timesketch_events(result: Result) -> Iterator[dict[str, Any]]:
    """Events by finding, in time order within each: evidence, the caller's own record of it, what followed."""
    for finding in result.findings:
        yield from sorted(_events(finding), key=lambda event: event["datetime"])


def _events(finding: Finding) -> Iterator[dict[str, Any]]:
    for step in finding.evidence:
        told = {
            "computer_name": step.device or finding.device,
            "process_name": step.process,
            "pid": step.process_id,
            "command_line": step.command_line,
            "source_ip": step.peer,
            "username": step.account,
            "table": step.table,
            "raw_event": step.source,
        }
        yield _event(finding, step.time, step.text, step.step, told)
    if finding.attribution is None:
        return
    for mirror in finding.attribution.mirrors:
        told = {
            "computer_name": mirror.device,
            "process_name": mirror.process.name,
            "pid": mirror.process.pid,
            "command_line": mirror.process.command_line,
            "username": mirror.account,
            "table": mirror.table,
            "raw_event": mirror.source,
        }
        yield _event(finding, mirror.time, mirror.text, "as the caller recorded it", told)
    for event in finding.attribution.followed:
        told = {
            "computer_name": finding.device,
            "process_name": event.process.name if event.process else None,
            "pid": event.process.pid if event.process else None,
            "command_line": event.process.command_line if event.process else None,
            "username": event.account,
            "table": event.table,
            "raw_event": event.source,
        }
        yield _event(finding, event.time, event.text, f"what followed: {event.kind}", told)


def _event(finding: Finding, time: datetime, text: str, step: str, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "message": f"{finding.title}: {text}",
        "datetime": iso(time).replace("Z", "+00:00"),
        "timestamp_desc": f"Tiercel, {step}",
        "tag": [finding.severity, *finding.techniques],
        "finding_id": finding.id,
        "rule_id": finding.rule_id,
        **{name: value for name, value in told.items() if value is not None},
    }
