"""What the evidence's raw rows add: the ends of its connections, the sessions of its processes and services."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tiercel.tables import SOURCE, TABLES
from tiercel.tables.arrow import moments, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tiercel.engines.engine import Engine
    from tiercel.findings import Finding

__all__ = ["WINDOWS_OWN", "Subject", "naive", "subjects"]

WINDOWS_OWN: Final = 999
"""LogonIds up to here are Windows' own sessions: 0x3e7 LocalSystem, 0x3e5 and 0x3e4 the service accounts."""

_COLUMNS: Final = (
    "Timestamp", "DeviceId", "ActionType", "RemoteIP", "RemotePort", "LocalIP", "LocalPort", "LogonId", "ProcessId",
    "InitiatingProcessId", "InitiatingProcessLogonId", SOURCE.name,
)  # fmt: skip


@dataclass(slots=True)
class Subject:
    """A finding with what its raw events say beyond its steps. Times are naive UTC, as the engine's."""

    finding: Finding
    first: datetime
    last: datetime
    connections: list[dict[str, Any]] = field(default_factory=list)
    """Rows of DeviceNetworkEvents: the connections of the evidence as the target recorded them."""
    ports: dict[int, datetime] = field(default_factory=dict)
    """The caller's ports, with when each was used."""
    sessions: dict[int, None] = field(default_factory=dict)
    """LogonIds that the evidence names, in its order, none of Windows' own."""

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """The target's addresses that the caller connected to."""
        return tuple(dict.fromkeys(row["LocalIP"] for row in self.connections if row["LocalIP"]))


def naive(time: datetime) -> datetime:
    """The instant in UTC without a zone."""
    return time.astimezone(UTC).replace(tzinfo=None)


def subjects(findings: Iterable[Finding], engine: Engine) -> list[Subject]:
    """Each finding that names device and time, with its raw rows; one lookup a table for all of them."""
    several = [
        Subject(each, naive(each.first_time), naive(each.last_time or each.first_time))
        for each in findings
        if each.device_id and each.first_time
    ]
    by_source: dict[tuple[str, str], list[Subject]] = defaultdict(list)
    places: dict[str, set[tuple[str, datetime]]] = defaultdict(set)
    for subject in several:
        for step in subject.finding.evidence:
            if step.table in _READ and step.source and subject.finding.device_id:
                by_source[step.table, step.source].append(subject)
                places[step.table].add((subject.finding.device_id, naive(step.time)))
    for table, wanted in places.items():
        for row in _rows(engine, table, sorted(wanted)):
            for subject in by_source.get((table, str(row.get(SOURCE.name))), []):
                if row["DeviceId"] == subject.finding.device_id:
                    _READ[table](subject, row)
    return several


def _rows(engine: Engine, table: str, wanted: Sequence[tuple[str, datetime]]) -> list[dict[str, Any]]:
    devices, times = zip(*wanted, strict=True)
    keys = pa.table({"DeviceId": texts(devices), "Timestamp": moments(times)})
    present = [name for name in _COLUMNS if name in TABLES[table].by_name]
    rows: list[dict[str, Any]] = engine.matching(table, keys, present).to_pylist()
    return rows


def _connection(subject: Subject, row: dict[str, Any]) -> None:
    if row["RemoteIP"] == subject.finding.peer_ip and row["RemotePort"]:
        subject.connections.append(row)
        subject.ports.setdefault(row["RemotePort"], row["Timestamp"])


def _logon(subject: Subject, row: dict[str, Any]) -> None:
    _session(subject, row["LogonId"])
    if row["RemoteIP"] == subject.finding.peer_ip and row["RemotePort"]:
        subject.ports.setdefault(row["RemotePort"], row["Timestamp"])


def _process(subject: Subject, row: dict[str, Any]) -> None:
    child = subject.finding.child or subject.finding.server
    if child is not None and row["ProcessId"] == child.pid:
        _session(subject, row["LogonId"])


def _event(subject: Subject, row: dict[str, Any]) -> None:
    _session(subject, row["InitiatingProcessLogonId"])
    _session(subject, row["LogonId"])
    if row["RemoteIP"] == subject.finding.peer_ip and row["RemotePort"]:
        subject.ports.setdefault(row["RemotePort"], row["Timestamp"])


def _session(subject: Subject, logon_id: int | None) -> None:
    if logon_id is not None and logon_id > WINDOWS_OWN:
        subject.sessions.setdefault(logon_id)


_READ: Final = {
    "DeviceNetworkEvents": _connection,
    "DeviceLogonEvents": _logon,
    "DeviceProcessEvents": _process,
    "DeviceEvents": _event,
}
