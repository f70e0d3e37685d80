"""Findings for people and for spreadsheets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from tiercel.cli.terminal import moment, plural, shown, wrapped
from tiercel.cli.written import csv_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    from tiercel.findings import Finding, Process, Step

__all__ = ["finding_csv", "show_findings"]

_STYLES: Final = {"critical": "bold red", "high": "bold red", "medium": "bold yellow"}
_INDENT: Final = " " * 3
_LONGEST: Final = 240
"""Of a text, so many characters are shown to people; JSON and CSV hold all of it."""

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


def show_findings(words: Console, findings: Iterable[Finding]) -> None:
    """Print each finding: what, where, who, and its steps with their raw events."""
    for number, finding in enumerate(findings, 1):
        words.print()
        head = Text(f"{number}. ", "bold")
        head.append(finding.severity, _STYLES.get(finding.severity, "bold"))
        head.append(f"  {shown(finding.title)}", "bold")
        words.print(head)
        words.print(wrapped(shown(finding.summary), _INDENT, _INDENT, words))
        names = (("from", _caller(finding)), ("account", finding.account), ("attack", " ".join(finding.techniques)),
                 ("seen", _certainty(finding)), ("recurs", _recurrence(finding)),
                 ("server", _process(finding.server)), ("child", _process(finding.child)))  # fmt: skip
        for name, text in names:
            if text:
                words.print(wrapped(_cut(text), f"{_INDENT}{name:<9}", _INDENT + " " * 9, words))
        rules = shown(", ".join(finding.rules or (finding.rule_id,)))
        words.print(wrapped(rules, f"{_INDENT}{'rules':<9}", _INDENT + " " * 9, words), style="dim")
        words.print(f"{_INDENT}{'id':<9}{finding.id}", style="dim")
        for step in finding.evidence:
            _show_step(words, step, finding)


def _caller(finding: Finding) -> str | None:
    if finding.peer_ip and finding.peer_name:
        return f"{finding.peer_ip} ({finding.peer_name})"
    return finding.peer_ip or finding.peer_name


def _certainty(finding: Finding) -> str:
    """How far the attack was seen to go, what ties it to the caller, and how sure that makes us."""
    tied = f"tied by {', '.join(finding.links)}" if finding.links else ""
    return "; ".join(part for part in (finding.strength, tied, f"confidence {finding.confidence}") if part)


def _recurrence(finding: Finding) -> str:
    """How often this caller had the same program started, and on how many devices."""
    found = finding.recurring
    if found is None:
        return ""
    span = f"{moment(found.first_time)} to {moment(found.last_time)}"
    return f"{found.image}, {plural(found.times, 'time')} on {plural(found.devices, 'device')}, {span}"


def _process(process: Process | None) -> str:
    if process is None:
        return ""
    name = process.name or "unknown"
    pid = f" ({process.pid})" if process.pid is not None else ""
    return f"{name}{pid}  {process.command_line or ''}".rstrip()


def _show_step(words: Console, step: Step, finding: Finding) -> None:
    elsewhere = f"on {step.device}: " if step.device and step.device != finding.device else ""
    first = f"{_INDENT}{moment(step.time)}  {shown(step.step)}  "
    rest = _INDENT + " " * 25
    words.print(wrapped(_cut(elsewhere + step.text), first, rest, words))
    words.print(rest + shown(step.source or "raw event not found"), style="dim")  # unfolded: it is to be copied


def _cut(text: str) -> str:
    """The text, safe to show; a long one cut, with how much is left out."""
    left_out = len(text) - _LONGEST
    if left_out <= 0:
        return shown(text)
    return f"{shown(text[:_LONGEST])}... ({left_out:,} more characters; all of it with --format jsonl)"
