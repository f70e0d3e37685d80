"""Remote execution that repeats: the same caller has the same program started on many devices, or time and again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tiercel.findings.finding import Finding

__all__ = ["MANY_DEVICES", "MANY_HOURS", "Recurrence", "with_recurrence"]

MANY_DEVICES: Final = 5
"""On so many devices a caller's program is called recurring."""

MANY_HOURS: Final = 5
"""In so many different hours on the clock a caller's program is called recurring, be it on one device."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How often one caller had one program started, and on how many devices.

    Software deployment and monitoring do that, and so does a movement that spreads.

    `image` is the program's file name. `times` counts the findings, the one that carries this among them.
    """

    caller: str
    image: str
    devices: int
    times: int
    first_time: datetime
    last_time: datetime


def with_recurrence(findings: Sequence[Finding], beside: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """The findings in their order, each remote execution that recurs marked so.

    Nothing else of them changes but the sentence, which says it. `beside` are findings that count as well, such as
    those that filters took.
    """
    alike: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in (*findings, *beside):
        if key := _key(finding):
            alike[key].append(finding)
    recurring = {key: _recurrence(*key, its) for key, its in alike.items()}
    return tuple(
        replace(finding, recurring=found, summary=f"{finding.summary}. {_sentence(found)}") if found else finding
        for finding in findings
        for found in [recurring.get(_key(finding) or ("", ""))]
    )


def _key(finding: Finding) -> tuple[str, str] | None:
    """Caller and program of a finding that saw a process start; None for any other."""
    name = finding.child.name if finding.child else None
    if not name or not finding.peer_ip or finding.first_time is None or finding.strength not in (None, "execution"):
        return None
    return finding.peer_ip, name.lower()


def _recurrence(caller: str, image: str, findings: Sequence[Finding]) -> Recurrence | None:
    times = sorted(each.first_time for each in findings if each.first_time)
    devices = {(each.device_id or each.device or "").lower() for each in findings}
    hours = {time.replace(minute=0, second=0, microsecond=0) for time in times}
    if len(devices) < MANY_DEVICES and len(hours) < MANY_HOURS:
        return None
    return Recurrence(caller, image, len(devices), len(findings), times[0], times[-1])


def _sentence(found: Recurrence) -> str:
    where = "on this device" if found.devices == 1 else f"on {found.devices:,} devices"
    return (
        f"Recurring: {found.caller} had {found.image} started {found.times:,} times {where}, as deployment and "
        "monitoring do, and as a movement that spreads does"
    )
