"""Who reached whom: the findings as edges between hosts, for the picture and for the table, and the paths they form."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tiercel.report.context import Edge, Hop, Movement, Path
from tiercel.report.finding_view import LEVELS, rank_of
from tiercel.report.words import clock_time, day, listed, text
from tiercel.shown import moment, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tiercel.findings import MovementPath
    from tiercel.report.context import FindingView
    from tiercel.report.hosts import Hosts

__all__ = ["graph_data", "longest_path", "view_movement", "view_paths"]

_MOST_DRAWN: Final = 60
"""A picture of more movements is no picture; the worst are drawn, the table holds all."""
_MOST_NAMED: Final = 12
_TIED: Final = {
    "process": "from the process that hop {after} started",
    "account": "by the account of hop {after}",
    "host": "from the host that hop {after} reached",
}


@dataclass(frozen=True, slots=True)
class _Group:
    """The findings of one source and one target."""

    source: str
    target: str
    findings: tuple[FindingView, ...]

    @property
    def rank(self) -> int:
        return min(rank_of(each.severity) for each in self.findings)

    @property
    def severity(self) -> str:
        return min(self.findings, key=lambda each: rank_of(each.severity)).severity


def _groups(findings: Sequence[FindingView]) -> list[_Group]:
    """The movements, the first seen first."""
    found: dict[tuple[str, str], list[FindingView]] = defaultdict(list)
    for each in findings:
        found[each.source, each.target].append(each)
    groups = [_Group(source, target, tuple(members)) for (source, target), members in found.items()]
    return sorted(groups, key=lambda group: (min(each.when for each in group.findings), group.source, group.target))


def _drawn(groups: Sequence[_Group]) -> list[_Group]:
    """The movements that are drawn: the worst ones, in the order of their time."""
    worst = sorted(groups, key=lambda group: (group.rank, -len(group.findings)))[:_MOST_DRAWN]
    return [group for group in groups if group in worst]


def view_movement(findings: Sequence[FindingView]) -> Movement:
    """The movements as a table, and what the picture shows of them in words."""
    groups = _groups(findings)
    drawn = _drawn(groups)
    hosts = {name for group in groups for name in (group.source, group.target)}
    shown_hosts = {name for group in drawn for name in (group.source, group.target)}
    words = f"{plural(len(shown_hosts), 'host')} and {plural(len(drawn), 'movement')} between them, from left to right"
    return Movement(
        edges=tuple(_edge(group) for group in groups),
        hosts=len(hosts),
        drawn=words,
        left_out=len(groups) - len(drawn),
    )


def _edge(group: _Group) -> Edge:
    members = sorted(group.findings, key=lambda each: each.when)
    return Edge(
        source=group.source,
        target=group.target,
        count=len(members),
        how=listed(dict.fromkeys(each.title for each in members), 3),
        accounts=listed(dict.fromkeys(each.account for each in members if each.account), 3),
        first=members[0].time,
        last=members[-1].time if members[-1].time != members[0].time else "",
        severity=group.severity,
        findings=tuple(each.id for each in members[:_MOST_NAMED]),
    )


def graph_data(findings: Sequence[FindingView]) -> dict[str, Any]:
    """Nodes and edges for the picture, and each finding's place in time."""
    drawn = _drawn(_groups(findings))
    names = list(dict.fromkeys(name for group in drawn for name in (group.source, group.target)))
    reached = {group.target for group in drawn}
    calling = {group.source for group in drawn}
    return {
        "nodes": [
            {
                "name": name,
                "kind": "both" if name in reached & calling else "target" if name in reached else "entry",
            }
            for name in names
        ],
        "edges": [
            {
                "from": names.index(group.source),
                "to": names.index(group.target),
                "count": len(group.findings),
                "severity": group.severity,
                "first": min(group.findings, key=lambda each: each.when).id,
                "how": listed(dict.fromkeys(each.title for each in group.findings), 2),
            }
            for group in drawn
        ],
        "times": [
            {"id": each.id, "at": each.when, "on": each.target, "severity": each.severity, "title": each.title}
            for each in findings
            if each.when
        ],
    }


def view_paths(paths: Sequence[MovementPath], findings: Sequence[FindingView], hosts: Hosts) -> tuple[Path, ...]:
    """The paths of more than one hop, the longest first."""
    shown_ids = {each.id for each in findings}
    long = sorted((path for path in paths if len(path.hops) > 1), key=lambda path: (-path.depth, path.first_time))
    return tuple(
        Path(
            id=text(path.id, 80),
            title=_path_title(path, hosts),
            accounts=text(listed(path.accounts)),
            hops=tuple(
                Hop(
                    number=hop.number,
                    source=hosts.named(hop.source),
                    target=hosts.named(hop.target),
                    account=text(hop.account, 160),
                    time=_hop_time(hop.first_time, path.first_time),
                    title=text(hop.title, 160),
                    tied_by=_TIED.get(hop.tied_by, "").format(after=hop.after),
                    severity=hop.severity if hop.severity in LEVELS else "medium",
                    findings=tuple(text(each, 80) for each in hop.findings if each in shown_ids),
                )
                for hop in path.hops
            ),
        )
        for path in long
    )


def longest_path(paths: Sequence[MovementPath], hosts: Hosts) -> Iterator[str]:
    """The longest way that findings lead, in one sentence; nothing where none leads to another."""
    long = sorted((path for path in paths if path.depth > 1), key=lambda path: -path.depth)
    if not long:
        return
    hops = {hop.number: hop for hop in long[0].hops}
    chains = []
    for hop in long[0].hops:
        chain = [hop]
        while (before := hops.get(chain[0].after or 0)) and before not in chain:
            chain.insert(0, before)
        chains.append(chain)
    longest = max(chains, key=len)
    names = [hosts.named(longest[0].source), *(hosts.named(hop.target) for hop in longest)]
    way = " to ".join(
        names if len(names) <= _MOST_NAMED else [*names[:_MOST_NAMED], f"{len(names) - _MOST_NAMED} more"]
    )
    verb = "is" if len(long) == 2 else "are"
    others = f" There {verb} {plural(len(long) - 1, 'more path')}." if len(long) > 1 else ""
    yield f"Findings lead to one another: {way}.{others}"


def _hop_time(time: datetime, first: datetime) -> str:
    return clock_time(time)[:-4] if time.date() == first.date() else moment(time)[:-4]


def _path_title(path: MovementPath, hosts: Hosts) -> str:
    entry = hosts.named(path.entry) if path.entry else "an unknown host"
    hops = plural(len(path.hops), "hop")
    return text(f"{hops} from {entry} to {plural(len(path.reach), 'host')}, on {day(path.first_time)}", 300)
