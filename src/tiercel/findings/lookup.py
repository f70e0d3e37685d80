"""The raw events behind a result: all that stand at the devices and times it names, fetched once a table."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, Protocol

import pyarrow as pa

from tiercel.tables import SOURCE, TABLES
from tiercel.tables.arrow import moments, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

__all__ = ["Event", "Lookup", "Place", "RawEvents", "fetch", "place_of"]

Event = dict[str, Any]
"""One raw row: the columns of `_COLUMNS` that its table has."""

Place = tuple[str, str, "datetime"]
"""Where a raw event is looked for: the column that names the device, the name, the time."""

_COLUMNS: Final = (
    "Timestamp",
    "DeviceId",
    "DeviceName",
    "ActionType",
    "RemoteIP",
    "RemotePort",
    "RemoteUrl",
    "RemoteDeviceName",
    "LocalIP",
    "LocalPort",
    "LogonType",
    "AccountDomain",
    "AccountName",
    "FileName",
    "ProcessId",
    "ProcessCommandLine",
    "ProcessCreationTime",
    "InitiatingProcessFileName",
    "InitiatingProcessId",
    "InitiatingProcessCommandLine",
    "InitiatingProcessCreationTime",
    "InitiatingProcessAccountDomain",
    "InitiatingProcessAccountName",
    "ReportId",
    SOURCE.name,
)


class Lookup(Protocol):
    """Fetches rows of a stored table."""

    def __call__(self, table: str, keys: pa.Table, columns: Sequence[str]) -> pa.Table:
        """These columns of the rows whose values in the columns of `keys` equal those of one of its rows."""
        ...


class RawEvents:
    """The raw events that were fetched, by table and place."""

    def __init__(self, events: Mapping[tuple[str, Place], list[Event]]) -> None:
        self._events = events

    def at(self, table: str, place: Place | None) -> list[Event]:
        """The events of a table at a place, by their source."""
        return self._events.get((table, place), []) if place is not None else []


def place_of(row: Mapping[str, Any], time: datetime, device: str | None = None) -> Place | None:
    """Where a step's raw event stands, None where the result names no device.

    `device` is the device's name where the step is on another device than the row's own.
    """
    if device is not None:
        return "DeviceName", device, time
    for column in ("DeviceId", "DeviceName"):
        if isinstance(value := row.get(column), str) and value:
            return column, value, time
    return None


def fetch(lookup: Lookup, places: Iterable[tuple[str, Place]]) -> RawEvents:
    """The events at these places: one lookup for each table and way to name a device."""
    wanted: dict[tuple[str, str], set[tuple[str, datetime]]] = defaultdict(set)
    for table, (column, device, time) in places:
        if {"Timestamp", column} <= TABLES[table].by_name.keys():
            wanted[table, column].add((device, time))
    events: dict[tuple[str, Place], list[Event]] = defaultdict(list)
    for (table, column), pairs in wanted.items():
        devices, times = zip(*sorted(pairs), strict=True)
        keys = pa.table({column: texts(devices), "Timestamp": moments(times)})
        present = [name for name in _COLUMNS if name in TABLES[table].by_name]
        for event in lookup(table, keys, present).to_pylist():
            events[table, (column, event[column], event["Timestamp"])].append(event)
    for found in events.values():
        found.sort(key=lambda event: (str(event.get(SOURCE.name) or "~"), str(event.get("ReportId"))))
    return RawEvents(events)
