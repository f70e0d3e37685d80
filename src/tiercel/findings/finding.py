"""What a finding is. Times are UTC; what nothing tells is None, never a guess."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tiercel.findings.attribution import Attribution
    from tiercel.findings.recurrence import Recurrence

__all__ = ["Finding", "Process", "Step"]


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the attack."""

    name: str | None = None
    pid: int | None = None
    command_line: str | None = None
    start: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the evidence: what happened when and where, and the raw event that says so.

    `role` is one of `tiercel.rules.rule.ROLES` or empty. `source` is `<file>[!<member>]#<record>`, None where the raw
    event was not found.
    """

    step: str
    time: datetime
    text: str
    role: str = ""
    device: str | None = None
    process: str | None = None
    process_id: int | None = None
    command_line: str | None = None
    peer: str | None = None
    account: str | None = None
    table: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Finding:
    """One attack, or what a rule takes for one.

    `id` is the same whenever the same rule finds the same thing again. `server` is the process that took the caller's
    request, `child` what it started. `rows` counts the result rows that told of it, `columns` is the first of them.

    `family` is the kind of movement (`dcom`, `scm`, `wmi`, `task`), `strength` how far it was seen to go (`access`,
    `activation`, `execution`), `links` what ties it to the caller (`epm`, `call`, `activation`, `session`, `pipe`,
    `smb`, `rpc`, `service`, `child`, ...), `rules` every rule that told of it. What a rule does not say stays empty.
    """

    id: str
    rule_id: str
    title: str
    techniques: tuple[str, ...]
    tactics: tuple[str, ...]
    severity: str
    confidence: str
    summary: str
    device: str | None
    device_id: str | None
    peer_ip: str | None
    peer_name: str | None
    account: str | None
    first_time: datetime | None
    last_time: datetime | None
    server: Process | None
    child: Process | None
    evidence: tuple[Step, ...]
    rows: int = 1
    family: str | None = None
    strength: str | None = None
    links: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    columns: Mapping[str, Any] = field(default_factory=dict)
    attribution: Attribution | None = None
    """Who called, by which logon, what followed; None where a hunt was told to leave it out."""
    recurring: Recurrence | None = None
    """That this caller has the same program started again and again; None where it does not."""
