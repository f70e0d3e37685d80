"""What an alert is, what people may say of it, and what recording findings did. Times are UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.findings import Finding

__all__ = ["LEVELS", "Alert", "Change", "Recorded", "State", "Verdict", "Wanted"]

LEVELS: Final = ("informational", "low", "medium", "high", "critical")
"""Severities, the least first."""


class State(StrEnum):
    """Where the work on an alert stands."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    MERGED = "merged"
    """Later evidence showed it to be part of another alert, which goes on in its place."""
    WITHDRAWN = "withdrawn"
    """A fuller look at the telemetry no longer finds it. An alert that a person has closed stays closed."""


class Verdict(StrEnum):
    """What a closed alert turned out to be, in Defender's words."""

    TRUE_POSITIVE = "true-positive"
    FALSE_POSITIVE = "false-positive"
    BENIGN = "benign"
    """What the rule says did happen, and it was wanted: an administrator's tool."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A stored finding with a state.

    `id` is the store's own number, which never changes. `fingerprint` is the finding's id as the evidence stands now.
    `seen` counts the runs that found it, `seen_closed` those since it was closed.
    """

    id: int
    fingerprint: str
    state: State
    verdict: Verdict | None
    raised_at: datetime
    updated_at: datetime
    seen_at: datetime
    seen: int
    seen_closed: int
    closed_at: datetime | None
    merged_into: int | None
    finding: Finding


@dataclass(frozen=True, slots=True)
class Change:
    """One line of an alert's history: who did what when.

    `action` is one of `raised`, `updated`, `state`, `comment`, `reopened`, `merged`, `withdrawn`. `who` is a
    person's name, or `tiercel` for what the program did by itself.
    """

    alert_id: int
    at: datetime
    who: str
    action: str
    before: str | None
    after: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording a run's findings did. Each alert is in one of the first three, reopened ones in `updated` too.

    `is_repeat` says that the run had been recorded before, so that nothing was done.
    """

    new: tuple[Alert, ...] = ()
    updated: tuple[Alert, ...] = ()
    """Known, and now with more evidence than before."""
    seen: tuple[Alert, ...] = ()
    """Known, and seen again as it was."""
    reopened: tuple[Alert, ...] = ()
    merged: tuple[Alert, ...] = ()
    """Alerts that turned out to be part of another one."""
    withdrawn: tuple[Alert, ...] = ()
    """Alerts that a fuller look no longer finds."""
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts are asked for. What is not given does not narrow; merged and withdrawn ones come only by name."""

    states: tuple[State, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    least_severity: str | None = None
    device: str | None = None
    """A device's id, its name, or its name without the domain."""
    rule: str | None = None
    since: datetime | None = None
    """Alerts whose evidence ends at this time or later."""
    until: datetime | None = None
    """Alerts whose evidence begins before this time."""
    raised_since: datetime | None = None
    limit: int | None = None
    ids: tuple[int, ...] = field(default=())
