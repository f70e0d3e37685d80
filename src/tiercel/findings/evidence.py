"""The steps that a result row tells of: by the rule's evidence table, else by the raw events at the row's times."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tiercel.findings.finding import Process, Step
from tiercel.findings.lookup import Event, Place, RawEvents, place_of
from tiercel.tables import SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiercel.rules import EvidenceColumns

__all__ = ["PLACES_IN_TEXT", "Witness", "account_name", "conventional_steps", "declared_steps", "known"]

PLACES_IN_TEXT: Final = re.compile(r"\{([^{}]+)\}")
"""`{Column}` in the text of a step."""

_ROLES: Final = {
    "DeviceNetworkEvents": "connection",
    "DeviceLogonEvents": "logon",
    "ServiceInstalled": "service",
    "NamedPipeEvent": "pipe",
    "InboundRemoteRpcCall": "connection",
}
"""What an event of a table, or of an action, is in an attack, where the rule does not say."""

_TELLING: Final = ("RemoteIP", "RemotePort", "LocalPort", "FileName", "ProcessId", "ProcessCommandLine", "ReportId")
"""Columns that tell one raw event from another at the same time, where the result has them under the same name."""

_PROCESSES: Final = "DeviceProcessEvents"


@dataclass(frozen=True, slots=True)
class Witness:
    """A step and what its raw event adds: the process it tells of, that process's parent, and the event's table row."""

    step: Step
    process: Process
    parent: Process
    event: Event | None


def known(value: Any) -> Any:
    """The value, or None for what Kusto writes when it knows nothing: the null and the empty string."""
    return None if value == "" else value


def account_name(domain: Any, name: Any) -> str | None:
    r"""`DOMAIN\name`, the name alone where the domain is unknown."""
    if not name:
        return None
    return f"{domain}\\{name}" if domain else str(name)


def declared_steps(
    declared: Sequence[EvidenceColumns], row: Mapping[str, Any], events: RawEvents, device: str | None
) -> list[Witness]:
    """The steps that the rule's evidence table names, those whose time the row knows."""
    found = []
    for columns in declared:
        time = row.get(columns.time)
        if not isinstance(time, datetime):
            continue
        elsewhere = known(row.get(columns.device)) if columns.device else None
        place = place_of(row, time, elsewhere)
        told = Process(
            name=known(row.get(columns.process)),
            pid=known(row.get(columns.process_id)),
            command_line=known(row.get(columns.command_line)),
            start=_start(columns, row, time),
        )
        peer, account = known(row.get(columns.peer)), known(row.get(columns.account))
        matching = [
            event
            for event in (events.at(columns.table, place) if columns.table else [])
            if _agrees(columns.table, event, told, peer, row)
        ]
        event = matching[0] if matching else None
        process = _completed(told, _process_of(columns.table, event))
        step = Step(
            step=columns.step,
            time=time,
            text=_filled(columns.text, row) if columns.text else _told(columns.table, event, columns.step),
            role=columns.role,
            device=elsewhere or device or (known(event["DeviceName"]) if event else None),
            process=process.name,
            process_id=process.pid,
            command_line=process.command_line,
            peer=peer,
            account=_account(account, event),
            table=columns.table or None,
            source=known(event.get(SOURCE.name)) if event else None,
        )
        found.append(Witness(step, process, _parent_of(columns.table, event), event))
    return found


def conventional_steps(
    times: Sequence[str], tables: Sequence[str], row: Mapping[str, Any], events: RawEvents, device: str | None
) -> list[Witness]:
    """The steps at the row's own times, each being what the raw event at that time and device is.

    A time at which no raw event stands is no step, unless none of the row's times has one; a time that is the start of
    a process of another step is that process's start and no step of its own.
    """
    found: dict[tuple[str, str], Witness] = {}
    for column in times:
        time = row.get(column)
        if isinstance(time, datetime) and (best := _best_event(tables, place_of(row, time), row, events)):
            table, event = best
            found.setdefault((table, _identity(event)), _witness(table, event, device))
    if not found:
        named = {row[column]: column for column in reversed(times) if isinstance(row.get(column), datetime)}
        return [
            Witness(Step(step=column, time=time, text=column, device=device), Process(), Process(), None)
            for time, column in sorted(named.items())
            if not column.endswith("CreationTime")
        ]
    return _with_roles(sorted(found.values(), key=lambda witness: witness.step.time))


def _start(columns: EvidenceColumns, row: Mapping[str, Any], time: datetime) -> datetime | None:
    """When the step's process started: as its column says; the step's own time, where the step is that start."""
    told = row.get(columns.start)
    if isinstance(told, datetime):
        return told
    return time if columns.table == _PROCESSES and columns.role in {"server", "child"} else None


def _agrees(table: str, event: Event, told: Process, peer: Any, row: Mapping[str, Any]) -> bool:
    """Whether an event at the step's time and device can be the step's own: nothing that both know differs."""
    own = _process_of(table, event)
    pairs = [(told.pid, own.pid), (told.name, own.name), (peer, known(event.get("RemoteIP")))]
    if row.get("Timestamp") == event["Timestamp"]:
        pairs.append((row.get("ReportId"), event.get("ReportId")))
    return all(
        told_value is None or own_value is None or str(told_value).casefold() == str(own_value).casefold()
        for told_value, own_value in pairs
    )


def _best_event(
    tables: Sequence[str], place: Place | None, row: Mapping[str, Any], events: RawEvents
) -> tuple[str, Event] | None:
    """The event at a place that the row agrees with most; None where each differs in its remote address."""
    best: tuple[int, str, Event] | None = None
    for table in tables:
        for event in events.at(table, place):
            both = [(row[name], event[name]) for name in _TELLING if name in row and name in event]
            score = sum(1 if ours == theirs else -1 for ours, theirs in both)
            peer, own = known(row.get("RemoteIP")), known(event.get("RemoteIP"))
            if peer is not None and own is not None and peer != own:
                continue
            if best is None or score > best[0]:
                best = score, table, event
    return best[1:] if best else None


def _identity(event: Event) -> str:
    return str(event.get(SOURCE.name) or "") or repr(sorted((name, str(value)) for name, value in event.items()))


def _witness(table: str, event: Event, device: str | None) -> Witness:
    """A step told by its raw event alone."""
    action = str(event.get("ActionType") or table)
    role = _ROLES.get(action, _ROLES.get(table, ""))
    process = _process_of(table, event)
    step = Step(
        step=role or action,
        time=event["Timestamp"],
        text=_told(table, event, action),
        role=role,
        device=device or known(event["DeviceName"]),
        process=process.name,
        process_id=process.pid,
        command_line=process.command_line,
        peer=known(event.get("RemoteIP")),
        account=_account(None, event),
        table=table,
        source=known(event.get(SOURCE.name)),
    )
    return Witness(step, process, _parent_of(table, event), event)


def _with_roles(witnesses: list[Witness]) -> list[Witness]:
    """Process starts named server and child: of two, the parent of the other is the server; one alone is the child."""
    starts = [witness for witness in witnesses if witness.step.table == _PROCESSES]
    roles: dict[int, str] = {}
    for child in starts:
        server = next((each for each in starts if _is_parent(each, child)), None)
        if server is not None:
            roles = {id(server): "server", id(child): "child"}
            break
    else:
        roles = {id(starts[0]): "child"} if starts else {}
    return [
        replace(witness, step=replace(witness.step, role=roles[id(witness)], step=roles[id(witness)]))
        if id(witness) in roles
        else witness
        for witness in witnesses
    ]


def _is_parent(server: Witness, child: Witness) -> bool:
    return (
        server is not child
        and server.process.pid is not None
        and server.process.pid == child.parent.pid
        and server.step.time <= child.step.time
    )


def _process_of(table: str, event: Event | None) -> Process:
    """The process that an event tells of: the one that was started, else the one that acted."""
    if event is None:
        return Process()
    if table != _PROCESSES:
        return _acting(event)
    return Process(
        name=known(event["FileName"]),
        pid=event["ProcessId"],
        command_line=known(event["ProcessCommandLine"]),
        start=event["ProcessCreationTime"] or event["Timestamp"],
    )


def _parent_of(table: str, event: Event | None) -> Process:
    return _acting(event) if event is not None and table == _PROCESSES else Process()


def _acting(event: Event) -> Process:
    return Process(
        name=known(event.get("InitiatingProcessFileName")),
        pid=event.get("InitiatingProcessId"),
        command_line=known(event.get("InitiatingProcessCommandLine")),
        start=event.get("InitiatingProcessCreationTime"),
    )


def _completed(told: Process, event: Process) -> Process:
    """What the row tells, and where it is silent, what the raw event of the same process does."""
    return Process(
        name=told.name if told.name is not None else event.name,
        pid=told.pid if told.pid is not None else event.pid,
        command_line=told.command_line if told.command_line is not None else event.command_line,
        start=told.start if told.start is not None else event.start,
    )


def _account(told: Any, event: Event | None) -> str | None:
    """The account with its domain where the raw event speaks of the same one; the event's own where none is told."""
    if event is None:
        return told if isinstance(told, str) else None
    name, domain = known(event.get("AccountName")), known(event.get("AccountDomain"))
    if told is not None and str(told).casefold() != str(name).casefold():
        return str(told)
    return account_name(domain, name)


def _filled(template: str, row: Mapping[str, Any]) -> str:
    """The sentence with the row's values in its places; what is not known is said to be unknown."""

    def value(match: re.Match[str]) -> str:
        found = known(row.get(match[1].strip()))
        return "unknown" if found is None else str(found)

    return PLACES_IN_TEXT.sub(value, template)


def _told(table: str, event: Event | None, otherwise: str) -> str:
    """A sentence for what an event says."""
    if event is None:
        return otherwise
    action = str(event.get("ActionType") or otherwise)
    acting = _named(_acting(event))
    match table:
        case "DeviceNetworkEvents" if action.startswith("Inbound"):
            return f"{acting} accepted a connection from {_address(event, 'Remote')} on port {event['LocalPort']}"
        case "DeviceNetworkEvents":
            return f"{acting} {action}: {_address(event, 'Remote')}, own address {_address(event, 'Local')}"
        case "DeviceProcessEvents":
            return f"{acting} started {_named(_process_of(table, event))}: {event['ProcessCommandLine']}"
        case "DeviceLogonEvents":
            account = account_name(event.get("AccountDomain"), event.get("AccountName"))
            return f"{account} {action} ({event['LogonType']}) from {event['RemoteIP'] or 'unknown'}"
        case _:
            what = next((str(event[name]) for name in ("FileName", "RemoteIP") if event.get(name)), "")
            return f"{acting} {action} {what}".strip()


def _address(event: Event, side: str) -> str:
    port = event.get(f"{side}Port")
    address = event.get(f"{side}IP") or "unknown"
    return f"{address} port {port}" if port is not None else str(address)


def _named(process: Process) -> str:
    name = process.name or "unknown"
    return f"{name} ({process.pid})" if process.pid is not None else name
