"""Paths from findings: the target of one is the source of the next, in time.

A hop has one predecessor at most, the one that it is tied to best: its process descends from what that hop started, or
the same account goes on, or it only goes on from the host that was reached. So paths are trees and can hold no ring,
however often a host is reached; and two attackers who cross on one host stay apart where process or account tells them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tiercel.findings.fingerprint import fingerprint
from tiercel.findings.path import Hop, MovementPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tiercel.findings.finding import Finding

__all__ = ["trace"]

_ONE_VISIT: Final = timedelta(hours=1)
"""What one caller does to one target by one account with no longer pause is one hop."""

_SKEW: Final = timedelta(seconds=5)
"""How far the clocks of two hosts may stand apart in the order of two hops."""

_REACH: Final = {"process": timedelta(days=3650), "account": timedelta(days=7), "host": timedelta(days=1)}
"""What ties two hops, best first, and for how long."""

_LEVELS: Final = ("informational", "low", "medium", "high", "critical")
_TREE_ROLES: Final = ("server", "child", "descendant")
_SHARED: Final = frozenset({"services.exe", "svchost.exe", "wmiprvse.exe", "explorer.exe", "system", "lsass.exe"})
"""Processes that work for everybody: to come from one of them ties a hop to nobody."""

_Running = tuple[int, str]
"""A process as two findings name the same one: its id and its name."""


@dataclass(slots=True, eq=False)
class _Leg:
    """A hop in the making. `begins` is when the caller acted by its own device's clock, where that device told it."""

    source: str
    target: str
    label: str | None
    name: str
    begins: datetime
    first: datetime
    last: datetime
    account: str | None
    findings: list[Finding]
    accounts: set[str] = field(default_factory=set)
    started: dict[_Running, datetime | None] = field(default_factory=dict)
    lineage: dict[_Running, datetime | None] = field(default_factory=dict)
    session: int | None = None
    calling_session: int | None = None
    after: _Leg | None = None
    tied_by: str = ""

    @property
    def root(self) -> _Leg:
        """The first hop of its chain."""
        leg = self
        while leg.after is not None:
            leg = leg.after
        return leg


def trace(findings: Iterable[Finding]) -> tuple[MovementPath, ...]:
    """The paths that the findings form, longest first; those that name no target or time are in none."""
    placed = [finding for finding in findings if finding.device and finding.first_time]
    names = _Names(placed)
    legs = _visits(sorted((_leg(each, names) for each in placed), key=lambda leg: (leg.first, leg.findings[0].id)))
    reached: dict[str, list[_Leg]] = defaultdict(list)
    for leg in legs:
        reached[leg.target].append(leg)
    for leg in legs:
        _follow(leg, reached[leg.source])
    paths = [_path(members) for members in _entries(legs)]
    return tuple(sorted(paths, key=lambda path: (-path.depth, -len(path.hops), path.first_time, path.id)))


class _Names:
    """Which device a name or an address stands for, as far as the findings tell."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        by_name: dict[str, set[str]] = defaultdict(set)
        self._by_address: dict[str, str] = {}
        for finding in findings:
            by_name[_short(finding.device)].add(_id(finding.device_id, finding.device))
            caller = finding.attribution.caller if finding.attribution else None
            if caller is not None and caller.device and caller.known_by in {"mirror", "address"}:
                by_name[_short(caller.device)].add(_id(caller.device_id, caller.device))
                if caller.ip:
                    self._by_address[caller.ip] = _id(caller.device_id, caller.device)
        self._by_name = {name: next(iter(ids)) for name, ids in by_name.items() if len(ids) == 1}

    def device(self, device_id: str | None, name: str | None, address: str | None) -> str:
        """A key that is the same for the same device, however it is named."""
        if device_id:
            return _id(device_id, name)
        if address and address in self._by_address:
            return self._by_address[address]
        if name:
            return self._by_name.get(_short(name), _id(None, name))
        return f"address {address or 'unknown'}"


def _id(device_id: str | None, name: str | None) -> str:
    return f"id {device_id}" if device_id else f"name {_short(name)}"


def _short(name: str | None) -> str:
    return (name or "").partition(".")[0].lower()


def _leg(finding: Finding, names: _Names) -> _Leg:
    """One finding as a hop of its own."""
    told = finding.attribution
    caller = told.caller if told else None
    first, last = finding.first_time, finding.last_time
    if first is None:
        raise ValueError("a finding without a time is no hop")
    logon = told.logon if told else None
    account = (logon.account if logon else None) or finding.account
    seen = caller is not None and caller.known_by in {"mirror", "address"}  # not only what the caller calls itself
    source = names.device(
        caller.device_id if caller else None,
        (caller.device if caller else None) or finding.peer_name,
        None if seen else finding.peer_ip,
    )
    leg = _Leg(
        source=source,
        target=names.device(finding.device_id, finding.device, None),
        label=(caller.device if caller else None) or finding.peer_name or finding.peer_ip,
        name=finding.device or "",
        begins=caller.time if caller and caller.time and caller.process_known_by == "connection" else first,
        first=first,
        last=max(last or first, first),
        account=account,
        findings=[finding],
        session=logon.logon_id if logon and logon.tied_by != "time" else None,
        calling_session=caller.logon_id if caller else None,
    )
    leg.accounts |= {each for each in (_account(account), _account(caller.account if caller else None)) if each}
    if told is not None:
        leg.started = {
            (each.pid, (each.name or "").lower()): each.start
            for each in told.tree
            if each.role in _TREE_ROLES and each.pid is not None and (each.name or "").lower() not in _SHARED
        } | {
            (each.process.pid, (each.process.name or "").lower()): each.process.start
            for each in told.followed
            if each.process and each.process.pid is not None
        }
        leg.lineage = {
            (each.pid, (each.name or "").lower()): each.start for each in told.caller_tree if each.pid is not None
        }
        if caller is not None and caller.process is not None and caller.process.pid is not None:
            leg.lineage[caller.process.pid, (caller.process.name or "").lower()] = caller.process.start
    return leg


def _account(account: str | None) -> str | None:
    r"""The account as two logs name the same one: `corp.example.com\Eve` and `CORP\eve`."""
    if not account:
        return None
    domain, _, name = account.rpartition("\\")
    return f"{domain.partition('.')[0]}\\{name}".lower()


def _visits(legs: Sequence[_Leg]) -> list[_Leg]:
    """The legs, in time, those of one visit made one."""
    latest: dict[tuple[str, str, str | None], _Leg] = {}
    visits = []
    for leg in legs:
        key = leg.source, leg.target, _account(leg.account)
        known = latest.get(key)
        if known is not None and leg.first - known.last <= _ONE_VISIT:
            known.last = max(known.last, leg.last)
            known.begins = min(known.begins, leg.begins)
            known.findings += leg.findings
            known.accounts |= leg.accounts
            known.started |= leg.started
            known.lineage |= leg.lineage
        else:
            latest[key] = leg
            visits.append(leg)
    return visits


def _follow(leg: _Leg, reaching: Sequence[_Leg]) -> None:
    """Give the leg its predecessor: the best tied of those that reached its source before, the latest of these."""
    ties = list(_REACH)
    best: tuple[int, datetime] | None = None
    for each in reaching:
        if each is leg or each.first > leg.begins + _SKEW or each.root is leg:
            continue
        tie = _tie(each, leg)
        if leg.begins - each.last > _REACH[tie]:
            continue
        rank = -ties.index(tie), each.first
        if best is None or rank > best:
            best, leg.after, leg.tied_by = rank, each, tie


def _tie(earlier: _Leg, later: _Leg) -> str:
    if earlier.session is not None and earlier.session == later.calling_session:
        return "process"
    for process, start in later.lineage.items():
        if process in earlier.started:
            begun = earlier.started[process]
            if start is None or begun is None or abs(start - begun) <= timedelta(seconds=2):
                return "process"
    return "account" if earlier.accounts & later.accounts else "host"


def _entries(legs: Sequence[_Leg]) -> Iterator[list[_Leg]]:
    """The legs by path: chains with their branches; entries from one source by one account within a day are one."""
    trees: dict[int, list[_Leg]] = defaultdict(list)
    roots: dict[tuple[str, str | None], _Leg] = {}
    entry_of: dict[int, int] = {}
    for leg in legs:
        if leg.after is None:
            key = leg.source, _account(leg.account)
            known = roots.get(key)
            is_same = known is not None and leg.first - known.last <= _REACH["host"]
            entry_of[id(leg)] = entry_of[id(known)] if known is not None and is_same else id(leg)
            roots[key] = leg
    for leg in legs:
        trees[entry_of[id(leg.root)]].append(leg)
    yield from trees.values()


def _path(legs: Sequence[_Leg]) -> MovementPath:
    ordered = sorted(legs, key=_order)
    numbers = {id(leg): number for number, leg in enumerate(ordered, 1)}
    hops = tuple(_hop(leg, numbers) for leg in ordered)
    first = ordered[0]
    accounts: dict[str | None, str] = {}
    for hop in hops:
        if hop.account:
            accounts.setdefault(_account(hop.account), hop.account)
    path = MovementPath(
        id=fingerprint(["path", first.source, first.target, first.findings[0].id]),
        entry=first.label,
        hops=hops,
        accounts=tuple(accounts.values()),
        reach=tuple(dict.fromkeys(hop.target for hop in hops)),
        depth=1,
        first_time=first.first,
        last_time=max(hop.last_time for hop in hops),
    )
    return replace(path, depth=len(path.longest))


def _order(leg: _Leg) -> tuple[datetime, int, str]:
    """By time, and never before the hop that led there: two clocks may disagree by a little."""
    time, depth, at = leg.first, 0, leg.after
    while at is not None:
        time, depth, at = max(time, at.first), depth + 1, at.after
    return time, depth, leg.findings[0].id


def _hop(leg: _Leg, numbers: Mapping[int, int]) -> Hop:
    findings = leg.findings
    return Hop(
        number=numbers[id(leg)],
        after=numbers[id(leg.after)] if leg.after is not None else None,
        tied_by=leg.tied_by,
        source=leg.label,
        target=leg.name,
        first_time=leg.first,
        last_time=leg.last,
        account=leg.account,
        techniques=tuple(dict.fromkeys(each for finding in findings for each in finding.techniques)),
        title=findings[0].title,
        severity=max((each.severity for each in findings), key=_level),
        confidence=max((each.confidence for each in findings), key=_level),
        findings=tuple(each.id for each in findings),
    )


def _level(name: str) -> int:
    return _LEVELS.index(name) if name in _LEVELS else -1
