"""A run's findings go into the store: each becomes an alert, or is known and counted.

What one hunt over everything would make of the findings, the store makes of them too, however they were cut into
runs: it keeps what each rule by itself found, and groups anew, as `tiercel.findings.merge` does, all that lies near.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from tiercel.alerts.alert import Alert, Recorded, State
from tiercel.alerts.outcome import Outcome
from tiercel.alerts.rows import alerts_of, delete_sightings, finding_of, finding_text, select, slices
from tiercel.alerts.sightings import device_key, heirs, united
from tiercel.alerts.tables import alerts, runs, sightings
from tiercel.findings import merge_groups, merged
from tiercel.findings.merge import BURST, is_dedicated

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tiercel.alerts.outcome import Announce
    from tiercel.findings import Finding

__all__ = ["KEEP_RUNS", "MOST_SIGHTINGS", "record"]

KEEP_RUNS: Final = timedelta(days=30)
"""So long a run's name is remembered."""

MOST_SIGHTINGS: Final = 200
"""An alert keeps so many sightings; beyond them the oldest are put together as one."""

_ROUNDS: Final = 4
"""So often what was read may lead to more that lies near."""


@dataclass(slots=True)
class _Group:
    """Sightings of one attack, the finding they make together, and the alerts they stood in before."""

    members: list[Finding]
    finding: Finding
    known: set[int] = field(default_factory=set)
    is_found: bool = False
    """Whether this run found it, or only moved it."""


def record(
    connection: sa.Connection,
    findings: Iterable[Finding],
    at: datetime,
    *,
    run: str | None,
    gone: Collection[str] | None,
    announce: Announce,
) -> Recorded:
    """What recording these findings did. `announce` is told of each alert that others may have to hear of."""
    if run is not None:
        if connection.execute(sa.select(runs.c.run).where(runs.c.run == run)).first():
            return Recorded(is_repeat=True)
        connection.execute(runs.insert().values(run=run, at=at))
        connection.execute(runs.delete().where(runs.c.at < at - KEEP_RUNS))
    by_device: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_device[device_key(finding)].append(finding)
    lost: dict[str, set[str]] = defaultdict(set)
    for row in select(connection, sightings, sightings.c.finding_id, gone or ()):
        lost[row.device_key].add(row.finding_id)
    outcome = Outcome(connection, at, announce)
    for device in sorted(by_device.keys() | lost.keys()):
        look = _Look(united(by_device[device]), lost[device], is_whole=gone is not None)
        _record_device(connection, device, look, outcome)
    return outcome.recorded()


@dataclass(frozen=True, slots=True)
class _Look:
    """What a run says of a device: the findings, and the sightings that are no more.

    `is_whole` says that the run keeps account of its findings: each replaces what was known of it, and none that is not
    `gone` is to be doubted.
    """

    found: dict[str, Finding]
    gone: set[str]
    is_whole: bool


def _record_device(connection: sa.Connection, device: str, look: _Look, outcome: Outcome) -> None:
    stored, owners = _near(connection, device, look)
    live = {name: each for name, each in stored.items() if name not in look.gone or name in look.found}
    every = {**live, **look.found} if look.is_whole else united([*live.values(), *look.found.values()])
    inheritance = {} if look.is_whole else heirs(every, look.found, stored)
    groups = _groups([each for each in every.values() if each.id not in inheritance])
    by_member = {member.id: group for group in groups for member in group.members}
    for told in every.values():
        group = by_member[inheritance.get(told.id, told.id)]
        group.is_found |= told.id in look.found
        if (owner := owners.get(told.id)) is not None:
            group.known.add(owner)
    _known_by_fingerprint(connection, device, groups)
    _orphans_find_groups(stored, owners, live, by_member)
    before = alerts_of(connection, {each for group in groups for each in group.known} | set(owners.values()))
    taken: dict[int, int] = {}
    for group in sorted(groups, key=_age):
        kept = _keeper(group, before, taken)
        number = outcome.raised(group.finding, device) if kept is None else kept
        if kept is not None:
            outcome.met(before[kept], group.finding, device, is_found=group.is_found)
        taken[number] = number
        for other in group.known - {number}:
            taken.setdefault(other, number)
        _keep(connection, group, number, device=device, stored=stored, owners=owners)
    delete_sightings(connection, [name for name in stored if name not in live or name in inheritance])
    for number, old in sorted(before.items()):
        if number not in taken and old.state is not State.WITHDRAWN:
            outcome.withdrawn(old)
        elif taken.get(number, number) != number and old.state is not State.MERGED:
            outcome.merged(old, taken[number])


def _near(connection: sa.Connection, device: str, look: _Look) -> tuple[dict[str, Finding], dict[str, int]]:
    """The stored sightings that may belong with the found or the lost ones, and the alert of each."""
    names = sorted(look.found.keys() | look.gone)
    numbers = {row.alert_id for row in select(connection, sightings, sightings.c.finding_id, names)}
    waiting = list(look.found.values())
    stored: dict[str, Finding] = {}
    owners: dict[str, int] = {}
    for _ in range(_ROUNDS):
        numbers |= _alerts_near(connection, device, waiting)
        rows = select(connection, sightings, sightings.c.alert_id, sorted(numbers - set(owners.values())))
        if not rows:
            break
        read = {row.finding_id: finding_of(row.finding) for row in rows}
        stored |= read
        owners |= {row.finding_id: row.alert_id for row in rows}
        # What was read reaches further than what was asked for, and so may tie what lies behind it.
        waiting = [
            united([each, look.found[name]])[name] if name in look.found else each for name, each in read.items()
        ]
    return stored, owners


def _alerts_near(connection: sa.Connection, device: str, findings: Sequence[Finding]) -> set[int]:
    """The alerts with a sighting that is near in time to one of these, or names one of their processes."""
    first = min((each.first_time for each in findings if each.first_time), default=None)
    last = max((each.last_time for each in findings if each.last_time), default=None)
    pids = {
        process.pid
        for each in findings
        for process in (each.child, each.server if is_dedicated(each.server) else None)
        if process is not None and process.pid is not None
    }
    of_device = sa.select(sightings.c.alert_id).where(sightings.c.device_key == device).distinct()
    numbers: set[int] = set()
    if first is not None and last is not None:
        is_near = sa.and_(sightings.c.last_time >= first - BURST, sightings.c.first_time <= last + BURST)
        numbers |= set(connection.execute(of_device.where(is_near)).scalars())
    for some in slices(sorted(pids)):
        is_same = sa.or_(sightings.c.child_pid.in_(some), sightings.c.server_pid.in_(some))
        numbers |= set(connection.execute(of_device.where(is_same)).scalars())
    return numbers


def _groups(every: Sequence[Finding]) -> list[_Group]:
    """The sightings by attack; groups that come to the same fingerprint are one."""
    by_fingerprint: dict[str, _Group] = {}
    for finding, members in merge_groups(every):
        if finding.id in by_fingerprint:
            group = by_fingerprint[finding.id]
            group.members += members
            group.finding = replace(merged(group.members), id=finding.id)
        else:
            by_fingerprint[finding.id] = _Group(list(members), finding)
    return list(by_fingerprint.values())


def _orphans_find_groups(
    stored: Mapping[str, Finding], owners: Mapping[str, int], live: Mapping[str, Finding], by_member: dict[str, _Group]
) -> None:
    """An alert whose sightings are all gone goes on in the group that they would now belong to, if there is one."""
    orphaned = set(owners.values()) - {owners[name] for name in live}
    if not orphaned:
        return
    members = {name: member for name, group in by_member.items() for member in group.members if member.id == name}
    for _, together in merge_groups({**stored, **members}.values()):
        groups = [by_member[each.id] for each in together if each.id in by_member]
        for each in together:
            if groups and owners.get(each.id) in orphaned:
                groups[0].known.add(owners[each.id])


def _known_by_fingerprint(connection: sa.Connection, device: str, groups: Sequence[_Group]) -> None:
    """Groups that come to the fingerprint of an alert are that alert, seen again much later."""
    by_fingerprint = {group.finding.id: group for group in groups}
    for row in select(connection, alerts, alerts.c.fingerprint, sorted(by_fingerprint)):
        if row.device_key == device and row.state != State.MERGED:
            by_fingerprint[row.fingerprint].known.add(row.id)


def _keeper(group: _Group, before: Mapping[int, Alert], taken: Mapping[int, int]) -> int | None:
    """The alert that goes on for the group: of those it stood in the oldest that no other group has."""
    free = [each for each in group.known if taken.get(each) != each and before[each].state is not State.MERGED]
    same = [each for each in free if before[each].fingerprint == group.finding.id]
    return min(same or free, default=None)


def _age(group: _Group) -> tuple[int, datetime, str]:
    """The order in which groups take their alerts: those with the oldest first."""
    last = datetime.max.replace(tzinfo=UTC)
    return min(group.known, default=1 << 62), group.finding.first_time or last, group.finding.id


def _keep(
    connection: sa.Connection,
    group: _Group,
    number: int,
    *,
    device: str,
    stored: Mapping[str, Finding],
    owners: Mapping[str, int],
) -> None:
    """Write the group's sightings that are new, changed or moved."""
    members = group.members
    if len(members) > MOST_SIGHTINGS:
        members = _condensed(members)
        staying = {each.id for each in members}
        delete_sightings(connection, [each.id for each in group.members if each.id not in staying])
    for each in members:
        if stored.get(each.id) == each and owners[each.id] == number:
            continue
        values = {
            "alert_id": number,
            "device_key": device,
            "first_time": each.first_time,
            "last_time": each.last_time,
            "child_pid": each.child.pid if each.child else None,
            "server_pid": each.server.pid if each.server and is_dedicated(each.server) else None,
            "finding": finding_text(each),
        }
        if each.id in stored:
            connection.execute(sightings.update().where(sightings.c.finding_id == each.id).values(**values))
        else:
            connection.execute(sightings.insert().values(finding_id=each.id, **values))


def _condensed(members: Sequence[Finding]) -> list[Finding]:
    """The sightings, the older half as one: what a scanner does for months stays one alert of bounded size."""
    ordered = sorted(members, key=lambda each: (each.first_time or datetime.min.replace(tzinfo=UTC), each.id))
    half = MOST_SIGHTINGS // 2
    older, newer = ordered[:-half], ordered[-half:]
    return [replace(merged(older), id=older[0].id, rule_id=older[0].rule_id), *newer]
