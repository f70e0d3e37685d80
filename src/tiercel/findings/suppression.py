"""What environment filters took, kept for review: findings beside those that are shown."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tiercel.findings.merge import merged, same_attack

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tiercel.findings.finding import Finding, Process

__all__ = ["FilterRun", "Sifted", "Suppressed", "sift"]


@dataclass(frozen=True, slots=True)
class FilterRun:
    """What became of a filter: the rows that it took, of which rules, and the findings kept for review.

    `state` is `applied`, `expired`, `failed`, or `idle` where none of its rules ran. `expires` is the last day that it
    holds, as the document writes it.
    """

    id: str
    reason: str
    owner: str
    expires: str
    state: str
    rules: tuple[str, ...] = ()
    rows: int = 0
    findings: int = 0


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that is not shown, and the id of the filter that took it, which may be one for every rule."""

    filter: str
    finding: Finding
    is_everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Sifted:
    """What is shown, each attack one finding; what each rule left of it; and what is kept for review. All by time."""

    shown: tuple[Finding, ...]
    by_rule: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]


def sift(left: Iterable[Finding], taken: Iterable[Suppressed]) -> Sifted:
    """The findings that rules left and those that filters took, made one an attack.

    An attack of which any rule's row was left is shown, by what was left. Only where a filter for every rule took it,
    what is left goes too if it tells of nothing else: the same caller or none, no process but one that the filter took,
    and no service, task or subscription of its own.
    """
    several = list(left)
    suppressed = list(taken)
    everything = [*several, *(each.finding for each in suppressed)]
    shown: list[Finding] = []
    by_rule: list[Finding] = []
    review: list[Suppressed] = []
    for members in same_attack(everything):
        here = [everything[index] for index in members if index < len(several)]
        gone = [suppressed[index - len(several)] for index in members if index >= len(several)]
        everywhere = [each for each in gone if each.is_everywhere]
        if here and everywhere and all(_adds_nothing(finding, everywhere) for finding in here):
            gone += [replace(everywhere[0], finding=finding) for finding in here]
        elif here:
            shown.append(merged(here))
            by_rule += here
        by_filter: dict[str, list[Suppressed]] = defaultdict(list)
        for each in gone:
            by_filter[each.filter].append(each)
        review += [replace(its[0], finding=merged(each.finding for each in its)) for its in by_filter.values()]
    return Sifted(
        tuple(sorted(shown, key=_order)),
        tuple(sorted(by_rule, key=_order)),
        tuple(sorted(review, key=lambda each: _order(each.finding))),
    )


def _order(finding: Finding) -> tuple[datetime, str, str]:
    return finding.first_time or datetime.max.replace(tzinfo=UTC), finding.rule_id, finding.id


_OF_ITS_OWN: Final = frozenset({"service", "task", "subscription", "registry"})
"""Links that show something done beside starting a process."""


def _adds_nothing(finding: Finding, taken: Sequence[Suppressed]) -> bool:
    """Whether a finding tells of nothing that those taken do not tell of."""
    callers = {each.finding.peer_ip for each in taken}
    if finding.peer_ip is not None and finding.peer_ip not in callers:
        return False
    if finding.child is not None:
        return any(_is_same(finding.child, each.finding.child) for each in taken)
    return finding.strength in (None, "access") and not set(finding.links) & _OF_ITS_OWN


def _is_same(one: Process, other: Process | None) -> bool:
    if other is None or one.pid is None or one.pid != other.pid:
        return False
    return (one.name or "").lower() == (other.name or "").lower()
