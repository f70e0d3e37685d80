"""Findings for spreadsheets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tiercel.cli.written import csv_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tiercel.findings import Finding

__all__ = ["finding_csv"]

_CSV: Final = (
    "id", "rule_id", "title", "techniques", "tactics", "severity", "confidence", "summary", "device", "peer_ip",
    "peer_name", "account", "first_time", "last_time", "server_name", "server_pid", "server_command_line", "child_name",
    "child_pid", "child_command_line", "rows", "sources", "recurring_times", "recurring_devices",
)  # fmt: skip


def finding_csv(findings: Iterable[Finding]) -> Iterator[str]:
    """The findings as CSV, one a line."""
    return csv_text(_CSV, (_flat(finding) for finding in findings))


def _flat(finding: Finding) -> list[Any]:
    values: dict[str, Any] = {name: getattr(finding, name, None) for name in _CSV}
    values["techniques"] = " ".join(finding.techniques)
    values["tactics"] = ", ".join(finding.tactics)
    values["sources"] = " ".join(dict.fromkeys(step.source for step in finding.evidence if step.source))
    values["recurring_times"] = finding.recurring.times if finding.recurring else None
    values["recurring_devices"] = finding.recurring.devices if finding.recurring else None
    for role, process in (("server", finding.server), ("child", finding.child)):
        for part in ("name", "pid", "command_line"):
            values[f"{role}_{part}"] = getattr(process, part) if process else None
    return [values[name] for name in _CSV]
