"""One attack, one finding: what several rules, rows and events tell of the same caller, device and process is one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tiercel.findings.fingerprint import fingerprint
from tiercel.findings.shapes import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tiercel.findings.finding import Finding, Process, Step

__all__ = ["BURST", "MOST_STEPS", "confidence_of", "is_dedicated", "merge", "merge_groups", "merged", "same_attack"]

MOST_STEPS: Final = 50
"""A finding shows at most this many steps: the first ones, and the last."""

_SAME_START: Final = timedelta(seconds=2)
"""Two events of one process start may be this far apart: two channels, two clocks."""

BURST: Final = timedelta(minutes=10)
"""What one caller does to one device by one technique with no longer pause is one attack."""

_OPEN: Final = "session"
"""The family of a finding that names caller and process and leaves the technique open."""

_SHARED_SERVERS: Final = frozenset(
    {"services.exe", "svchost.exe", "wmiprvse.exe", "explorer.exe", "system", "lsass.exe"}
)
"""Servers that work for every caller: being served by the same one makes no two findings one."""

_FAMILIES: Final = (
    ("dcom", ("T1021.003",)),
    ("wmi", ("T1047",)),
    ("task", ("T1053.005",)),
    ("scm", ("T1569.002", "T1543.003", "T1021.002")),
)
_STRENGTHS: Final = ("access", "activation", "execution")
_LEVELS: Final = ("informational", "low", "medium", "high", "critical")
_BY_IDENTITY: Final = frozenset({"call", "session", "pipe", "rpc"})
"""Links that tie the caller by an identity, not by time alone."""

_PEER_WEIGHT: Final = {"session": 8, "pipe": 4, "rpc": 4, "call": 2, "epm": 1, "smb": 1}
"""How surely a link names the caller: the session by identity, the pipe by its own address, a connection by time."""


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with those of one attack made one, by time.

    Two findings tell of one attack when they name the same started process, the same server process that serves one
    caller only, or the same caller, device and technique with no pause of more than ten minutes.
    """
    return tuple(one for one, _ in merge_groups(findings))


def merge_groups(findings: Iterable[Finding]) -> tuple[tuple[Finding, tuple[Finding, ...]], ...]:
    """What `merge` gives, each with the findings that it was made of; the same whatever order they come in."""
    several = sorted(findings, key=_order)
    together = [tuple(several[index] for index in members) for members in same_attack(several)]
    return tuple(sorted(((merged(members), members) for members in together), key=lambda each: _order(each[0])))


def _order(finding: Finding) -> tuple[datetime, str, str]:
    return finding.first_time or datetime.max.replace(tzinfo=UTC), finding.rule_id, finding.id


def same_attack(findings: Sequence[Finding]) -> Iterable[list[int]]:
    """Which of the findings tell of one attack, as their numbers; each number once."""
    groups = _Groups(len(findings))
    _tie_by_process(findings, groups)
    _tie_by_caller(findings, groups)
    return groups.members()


def confidence_of(links: Iterable[str], otherwise: str) -> str:
    """How sure the links make us, each group of links being evidence of its own.

    >>> confidence_of(["session", "child"], "medium"), confidence_of(["call", "epm"], "medium")
    ('high', 'medium')
    """
    seen = set(links)
    if not seen:
        return otherwise
    kinds = [
        bool(seen & {"call", "epm"}),
        bool(seen & {"pipe", "rpc"}),
        "smb" in seen and "pipe" not in seen,
        "activation" in seen,
        "session" in seen,
        bool(seen & {"service", "task", "subscription", "registry"}),
        "child" in seen,
    ]
    if "session" in seen and sum(kinds) > 1:
        return "high"
    if sum(kinds) >= 3 or ({"call", "epm", "child"} <= seen):
        return "high"
    return "medium" if sum(kinds) == 2 or {"call", "epm"} <= seen else "low"


class _Groups:
    """Which findings belong together: a forest of disjoint sets."""

    def __init__(self, size: int) -> None:
        self._parents = list(range(size))

    def find(self, index: int) -> int:
        while self._parents[index] != index:
            self._parents[index] = self._parents[self._parents[index]]
            index = self._parents[index]
        return index

    def tie(self, one: int, other: int) -> None:
        self._parents[self.find(other)] = self.find(one)

    def members(self) -> Iterable[list[int]]:
        groups: dict[int, list[int]] = defaultdict(list)
        for index in range(len(self._parents)):
            groups[self.find(index)].append(index)
        return groups.values()


def _tie_by_process(findings: Sequence[Finding], groups: _Groups) -> None:
    processes: dict[tuple[str, int, str], list[tuple[datetime | None, int]]] = defaultdict(list)
    for index, finding in enumerate(findings):
        for process in (finding.child, finding.server if is_dedicated(finding.server) else None):
            if process is not None and process.pid is not None and _device(finding):
                key = (_device(finding), process.pid, (process.name or "").lower())
                processes[key].append((process.start, index))
    for named in processes.values():
        known = sorted((start, index) for start, index in named if start is not None)
        for (earlier, one), (later, other) in pairwise(known):
            if later - earlier <= _SAME_START:
                groups.tie(one, other)
        for start, index in named:
            if start is None and len(known) > 0:
                nearest = min(known, key=lambda each: _distance(findings[index], findings[each[1]]))
                if _distance(findings[index], findings[nearest[1]]) <= BURST:
                    groups.tie(nearest[1], index)


def _tie_by_caller(findings: Sequence[Finding], groups: _Groups) -> None:
    callers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, finding in enumerate(findings):
        if _family(finding) and finding.peer_ip and finding.first_time and finding.last_time:
            callers[_device(finding), finding.peer_ip].append(index)
    for members in callers.values():
        families: dict[str | None, list[int]] = defaultdict(list)
        for index in members:
            families[_family(findings[index])].append(index)
        # A process in the caller's session whose parent tells no technique belongs to the one that is near.
        open_ones = families.pop(_OPEN, [])
        for indices in families.values():
            _tie_bursts(findings, indices, groups)
        _tie_bursts(findings, open_ones, groups)
        told = [index for indices in families.values() for index in indices]
        for index in open_ones:
            near = min(told, key=lambda each: _distance(findings[index], findings[each]), default=None)
            if near is not None and _distance(findings[index], findings[near]) <= BURST:
                groups.tie(near, index)


def _tie_bursts(findings: Sequence[Finding], indices: Sequence[int], groups: _Groups) -> None:
    spans = sorted((first, last, index) for index in indices for first, last in [_span(findings[index])])
    for (_, until, one), (first, last, other) in pairwise(_running(spans)):
        if first - until <= BURST and last >= first:
            groups.tie(one, other)


def _running(spans: Iterable[tuple[datetime, datetime, int]]) -> Iterable[tuple[datetime, datetime, int]]:
    """The spans with the latest end so far in place of their own."""
    until: datetime | None = None
    for first, last, index in spans:
        until = last if until is None else max(until, last)
        yield first, until, index


def _span(finding: Finding) -> tuple[datetime, datetime]:
    ever = datetime.max.replace(tzinfo=UTC)
    return finding.first_time or ever, finding.last_time or ever


def merged(findings: Iterable[Finding]) -> Finding:
    """The one finding that findings of one attack make together."""
    members = sorted(findings, key=_order)
    best = max(members, key=_rank)
    if len(members) == 1:
        named = best.server or best.child
        identity = _identity(best, best.peer_ip, best.server, best.child) if named else best.id
        return replace(best, id=identity, confidence=confidence_of(best.links, best.confidence))
    peer, others, is_doubtful = _peer(members)
    agreeing = [each for each in members if each.peer_ip in (peer, None)] or list(members)
    best = max(agreeing, key=_rank)
    ordered = sorted(agreeing, key=_rank, reverse=True)
    links = tuple(dict.fromkeys(link for each in ordered for link in each.links))
    steps = _steps(agreeing)
    server = _fullest(each.server for each in ordered)
    child = _fullest(each.child for each in ordered)
    techniques = tuple(dict.fromkeys(each for finding in ordered for each in finding.techniques))
    strength = max((each.strength for each in agreeing if each.strength), key=_STRENGTHS.index, default=None)
    confidence = confidence_of(links, best.confidence)
    if is_doubtful and confidence == "high":
        confidence = "medium"
    note = f" Also near in time, not tied to the process: {', '.join(others)}." if others else ""
    return replace(
        best,
        id=_identity(best, peer, server, child),
        techniques=techniques,
        tactics=tuple(dict.fromkeys(each for finding in ordered for each in finding.tactics)),
        severity=max((each.severity for each in agreeing), key=_LEVELS.index),
        confidence=confidence,
        summary=best.summary + note,
        peer_ip=peer,
        peer_name=next((each.peer_name for each in ordered if each.peer_name), None),
        account=next((each.account for each in ordered if each.account), None),
        first_time=steps[0].time if steps else best.first_time,
        last_time=steps[-1].time if steps else best.last_time,
        server=server,
        child=child,
        evidence=tuple(steps if len(steps) <= MOST_STEPS else [*steps[: MOST_STEPS - 1], steps[-1]]),
        rows=sum(each.rows for each in members),
        strength=strength,
        links=links,
        rules=tuple(dict.fromkeys(rule for each in ordered for rule in each.rules)),
    )


def _rank(finding: Finding) -> tuple[int, int, int, int, int]:
    """What makes one finding speak for the others: how far it saw the attack go, how it is tied, what it shows."""
    strength = _STRENGTHS.index(finding.strength) if finding.strength in _STRENGTHS else -1
    named = 1 if finding.family not in (None, _OPEN) else 0
    identity = len(set(finding.links) & _BY_IDENTITY)
    return named, strength, identity, len(finding.links), len(finding.evidence)


def _peer(members: Sequence[Finding]) -> tuple[str | None, list[str], bool]:
    """The caller that the links name most surely, the other addresses, and whether one of them is named as surely.

    Of several named as surely the one that came last before the process is taken.
    """
    weights: dict[str, tuple[int, datetime]] = {}
    for each in members:
        if each.peer_ip:
            weight = max((_PEER_WEIGHT.get(link, 0) for link in each.links), default=0)
            told = weight, each.first_time or datetime.min.replace(tzinfo=UTC)
            weights[each.peer_ip] = max(weights.get(each.peer_ip, told), told)
    if not weights:
        return None, [], False
    peer = max(sorted(weights), key=lambda each: weights[each])
    others = sorted(set(weights) - {peer})
    return peer, others, any(weights[other][0] == weights[peer][0] for other in others)


def _steps(members: Sequence[Finding]) -> list[Step]:
    """Every step once, by time: the same raw event, or the same role at the same time, is one step."""
    seen: dict[tuple[str, ...], Step] = {}
    for each in members:
        for step in each.evidence:
            key = (step.table or "", step.source) if step.source else (step.role, iso(step.time), step.process or "")
            seen.setdefault(key, step)
    return sorted(seen.values(), key=lambda step: (step.time, step.step))


def _fullest(processes: Iterable[Process | None]) -> Process | None:
    """The first process, completed by what the others know of the same one."""
    first: Process | None = None
    for process in processes:
        if process is None:
            continue
        if first is None:
            first = process
        elif first.pid == process.pid:
            first = replace(
                first,
                name=first.name or process.name,
                command_line=first.command_line or process.command_line,
                start=first.start or process.start,
            )
    return first


def _identity(best: Finding, peer: str | None, server: Process | None, child: Process | None) -> str:
    parts: list[str | None] = [_family(best) or best.rule_id, _device(best), peer]
    for process in (server, child):
        parts += [
            process.name if process else None,
            None if process is None or process.pid is None else str(process.pid),
        ]
    started = child.start if child else server.start if server else None
    parts.append(iso(started) if started else None)
    return fingerprint(parts)


def _family(finding: Finding) -> str | None:
    if finding.family and finding.family != _OPEN:
        return finding.family
    return next((name for name, ids in _FAMILIES if set(ids) & set(finding.techniques)), finding.family)


def _device(finding: Finding) -> str:
    return finding.device_id or finding.device or ""


def is_dedicated(process: Process | None) -> bool:
    """Whether the process serves one caller only, so that being served by it makes two findings one."""
    return process is not None and (process.name or "").lower() not in _SHARED_SERVERS


def _distance(one: Finding, other: Finding) -> timedelta:
    if one.first_time is None or other.first_time is None:
        return timedelta.max
    return abs(one.first_time - other.first_time)
