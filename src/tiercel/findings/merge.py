"""One attack, one finding: what several rules, rows and events tell of the same caller, device and process is one."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tiercel.findings.fingerprint import fingerprint
from tiercel.findings.shapes import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tiercel.findings.finding import Finding, Process, Step

__all__ = ["MOST_STEPS", "confidence_of", "merge"]

MOST_STEPS: Final = 50
"""A finding shows at most this many steps: the first ones, and the last."""

_SAME_START: Final = timedelta(seconds=2)
"""Two events of one process start may be this far apart: two channels, two clocks."""

_BURST: Final = timedelta(minutes=10)
"""What one caller does to one device by one technique with no longer pause is one attack."""

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
    several = tuple(findings)
    groups = _Groups(len(several))
    _tie_by_process(several, groups)
    _tie_by_caller(several, groups)
    merged = [_merged([several[index] for index in members]) for members in groups.members()]
    last = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(merged, key=lambda each: (each.first_time or last, each.id)))


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
        bool(seen & {"service", "task", "subscription"}),
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
        for process in (finding.child, finding.server if _is_dedicated(finding.server) else None):
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
                if _distance(findings[index], findings[nearest[1]]) <= _BURST:
                    groups.tie(nearest[1], index)


def _tie_by_caller(findings: Sequence[Finding], groups: _Groups) -> None:
    callers: dict[tuple[str, str, str], list[tuple[datetime, datetime, int]]] = defaultdict(list)
    for index, finding in enumerate(findings):
        family = _family(finding)
        if family and finding.peer_ip and finding.first_time and finding.last_time:
            key = (_device(finding), finding.peer_ip, family)
            callers[key].append((finding.first_time, finding.last_time, index))
    for spans in callers.values():
        spans.sort()
        _, until, head = spans[0]
        for first, last, index in spans[1:]:
            if first - until <= _BURST:
                groups.tie(head, index)
            else:
                head = index
            until = max(until, last)


def _merged(members: Sequence[Finding]) -> Finding:
    best = max(members, key=_rank)
    if len(members) == 1:
        return replace(best, confidence=confidence_of(best.links, best.confidence))
    peer, others = _peer(members)
    agreeing = [each for each in members if each.peer_ip in (peer, None)] or list(members)
    best = max(agreeing, key=_rank)
    ordered = sorted(agreeing, key=_rank, reverse=True)
    links = tuple(dict.fromkeys(link for each in ordered for link in each.links))
    steps = _steps(agreeing)
    server = _fullest(each.server for each in ordered)
    child = _fullest(each.child for each in ordered)
    techniques = tuple(dict.fromkeys(each for finding in ordered for each in finding.techniques))
    strength = max((each.strength for each in agreeing if each.strength), key=_STRENGTHS.index, default=None)
    note = f" Also near in time, not tied to the process: {', '.join(others)}." if others else ""
    return replace(
        best,
        id=_identity(best, peer, server, child),
        techniques=techniques,
        tactics=tuple(dict.fromkeys(each for finding in ordered for each in finding.tactics)),
        severity=max((each.severity for each in agreeing), key=_LEVELS.index),
        confidence=confidence_of(links, best.confidence),
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
    named = 1 if finding.family not in (None, "session") else 0
    identity = len(set(finding.links) & _BY_IDENTITY)
    return named, strength, identity, len(finding.links), len(finding.evidence)


def _peer(members: Sequence[Finding]) -> tuple[str | None, list[str]]:
    """The caller that the links name most surely, and the other addresses."""
    weights: Counter[str] = Counter()
    for each in members:
        if each.peer_ip:
            weight = max((_PEER_WEIGHT.get(link, 0) for link in each.links), default=0)
            weights[each.peer_ip] = max(weights[each.peer_ip], weight)
    if not weights:
        return None, []
    peer = max(sorted(weights), key=lambda each: weights[each])
    return peer, sorted(set(weights) - {peer})


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
    if finding.family and finding.family != "session":
        return finding.family
    return next((name for name, ids in _FAMILIES if set(ids) & set(finding.techniques)), finding.family)


def _device(finding: Finding) -> str:
    return finding.device_id or finding.device or ""


def _is_dedicated(process: Process | None) -> bool:
    return process is not None and (process.name or "").lower() not in _SHARED_SERVERS


def _distance(one: Finding, other: Finding) -> timedelta:
    if one.first_time is None or other.first_time is None:
        return timedelta.max
    return abs(one.first_time - other.first_time)
