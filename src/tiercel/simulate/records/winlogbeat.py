"""Windows events as Winlogbeat 7 writes them: a JSON document a line, in the order of collection."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pyarrow.compute as pc

from tiercel.simulate.records.clocks import iso_millis, sysmon_time
from tiercel.simulate.records.security import SECURITY_KINDS, security_events
from tiercel.simulate.records.sysmon import SYSMON_KINDS, sysmon_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tiercel.simulate.chance import Chance
    from tiercel.simulate.fleet import Fleet
    from tiercel.simulate.happenings import Happenings

__all__ = ["write_winlogbeat"]

_SYSMON = "Microsoft-Windows-Sysmon/Operational"
_TASKS = {
    (_SYSMON, 1): ("Process Create (rule: ProcessCreate)", 5),
    (_SYSMON, 3): ("Network connection detected (rule: NetworkConnect)", 5),
    (_SYSMON, 5): ("Process terminated (rule: ProcessTerminate)", 3),
    (_SYSMON, 7): ("Image loaded (rule: ImageLoad)", 3),
    (_SYSMON, 11): ("File created (rule: FileCreate)", 2),
    (_SYSMON, 13): ("Registry value set (rule: RegistryEvent)", 2),
    (_SYSMON, 19): ("WmiEventFilter activity detected (rule: WmiEvent)", 3),
    (_SYSMON, 20): ("WmiEventConsumer activity detected (rule: WmiEvent)", 3),
    (_SYSMON, 21): ("WmiEventConsumerToFilter activity detected (rule: WmiEvent)", 3),
    (_SYSMON, 17): ("Pipe Created (rule: PipeEvent)", 1),
    (_SYSMON, 18): ("Pipe Connected (rule: PipeEvent)", 1),
    ("Security", 4624): ("Logon", 2),
    ("Security", 4688): ("Process Creation", 2),
    ("Security", 4689): ("Process Termination", 0),
    ("Security", 4697): ("Security System Extension", 0),
    ("Security", 4698): ("Other Object Access Events", 1),
    ("Security", 5140): ("File Share", 1),
    ("Security", 5145): ("Detailed File Share", 0),
    ("Security", 5156): ("Filtering Platform Connection", 1),
    ("System", 7045): ("", 0),
}
_PROVIDERS = {
    _SYSMON: ("Microsoft-Windows-Sysmon", "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}"),
    "Security": ("Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-A5BA-3E3B0328C30D}"),
    "System": ("Service Control Manager", "{555908D1-A6D7-4695-8E1E-26931D2012F4}"),
}
_HOST_COLUMNS = (
    *("name", "fqdn", "machine", "sysmon", "security", "swapped", "without_ids", "bare"),
    *("sysmon_pid", "services_pid", "lsass_pid"),
)


class _Event(NamedTuple):
    """An event with what its document needs. Events sort by time, host and the order in which they were told."""

    created: str
    computer: str
    number: int
    channel: str
    event_id: int
    data: dict[str, str]
    row: dict[str, Any]


def write_winlogbeat(happenings: Happenings, fleet: Fleet, chance: Chance, path: Path) -> int:
    """How many events were written to the file: those of every host that logs Sysmon, Security or both."""
    events = sorted(_events(happenings, fleet, chance), key=itemgetter(0, 1, 2))
    records: dict[tuple[str, str], int] = {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        for event in events:
            log = (event.computer, event.channel)
            records[log] = records.get(log, 100_000) + 1
            out.write(orjson.dumps(_document(event, records[log])) + b"\n")
    return len(events)


def _events(happenings: Happenings, fleet: Fleet, chance: Chance) -> Iterator[_Event]:
    """Every event with its header's time, in no order; the running number keeps equal times in the order of telling."""
    number = 0
    for kind in dict.fromkeys((*SYSMON_KINDS, *SECURITY_KINDS)):
        table = happenings.table(kind)
        for row in _rows(table, kind, fleet, chance.named(kind)):
            if row["sysmon"] and kind in SYSMON_KINDS:
                event_id, data = sysmon_event(kind, row)
                number += 1
                yield _Event(row["sysmon_created"], row["fqdn"], number, _SYSMON, event_id, data, row)
            if row["security"] and kind in SECURITY_KINDS:
                for channel, event_id, data in security_events(kind, row):
                    number += 1
                    yield _Event(row["security_created"], row["fqdn"], number, channel, event_id, data, row)


def _rows(table: Any, kind: str, fleet: Fleet, chance: Chance) -> Iterator[dict[str, Any]]:
    """The happenings of a kind as dicts, each with its host's columns and the times that its events carry."""
    n = table.num_rows
    uptimes = table.column("uptime").combine_chunks()
    time = table.column("time").combine_chunks()
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    for name in _HOST_COLUMNS:
        columns[name] = fleet.column(name, uptimes).to_pylist()
    network = kind == "connection"
    columns["utc_time"] = sysmon_time(pc.add(time, fleet.column("skew", uptimes)) if network else time).to_pylist()
    # event 3 is written when the sensor gets round to it: 1.1 s later in the median (public captures)
    lag = chance.span(n, 0.7, 1.9) if network else chance.span(n, 0.004, 0.03)
    columns["sysmon_created"] = iso_millis(pc.add(time, lag)).to_pylist()
    columns["security_created"] = iso_millis(pc.add(time, chance.span(n, 0.0, 0.004))).to_pylist()
    names = list(columns)
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))


def _document(event: _Event, record: int) -> dict[str, Any]:
    """The document of one event."""
    channel, event_id, row = event.channel, event.event_id, event.row
    provider, provider_guid = _PROVIDERS[channel]
    task, version = _TASKS[channel, event_id]
    process = {_SYSMON: row["sysmon_pid"], "Security": 4, "System": row["services_pid"]}[channel]
    if channel == "Security" and event_id in (4624, 4697):
        process = row["lsass_pid"]
    winlog: dict[str, Any] = {
        "api": "wineventlog",
        "channel": channel,
        "computer_name": event.computer,
        "event_data": event.data,
        "event_id": event_id,
        "opcode": "Info",
        "process": {"pid": process, "thread": {"id": 1_000 + record % 7_000}},
        "provider_guid": provider_guid,
        "provider_name": provider,
        "record_id": record,
        "task": task,
    }
    if version:
        winlog["version"] = version
    if channel == _SYSMON:
        winlog["user"] = {"domain": "NT AUTHORITY", "identifier": "S-1-5-18", "name": "SYSTEM", "type": "User"}
    elif channel == "System":  # 7045 names the installing user in its header only
        account = (row["session_domain"], row["session_sid"], row["session_user"])
        winlog["user"] = dict(zip(("domain", "identifier", "name"), account, strict=True)) | {"type": "User"}
    else:
        winlog["keywords"] = ["Audit Success"]
    return {
        "@timestamp": event.created,
        "@metadata": {"beat": "winlogbeat", "type": "_doc", "version": "7.17.9"},
        "agent": {"hostname": "WEC01", "type": "winlogbeat", "version": "7.17.9"},
        "ecs": {"version": "1.12.0"},
        "event": {"action": task, "code": event_id, "created": event.created, "kind": "event", "provider": provider},
        "host": {"name": f"wec01.{event.computer.partition('.')[2]}"},
        "log": {"level": "information"},
        "winlog": winlog,
    }
