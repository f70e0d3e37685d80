"""Big lakes of one fleet for the measurements: made once, as Parquet, and kept for the next run.

A day holds 1,000,000 network events, 100,000 process starts and fewer of the rest, on 200 devices. One server has
three fifths of the rows, and one address half of what that server accepts, as a management host has. More rows are
more days, so that the fleet is as busy in a large lake as in a small one. Every value comes from numbers that are
hashed: the same rows every time. The management host asks the server's services.exe at night and services start
there by day: few pairs are near in time, and yet all are compared where time is no part of the key. Each day there
is one attack over services.exe and one over DCOM, on one of the other devices.

Lakes stand under TIERCEL_BENCH_LAKES (a folder of the system's temporary one where that is not set); `python -m
bench --forget` deletes them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa

from tiercel.tables import TABLES
from tiercel.tables.lake import Dataset, Transaction, is_lake
from tiercel.telemetry.storage import create_tables, insertion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["DAY_ROWS", "FOLDER", "LARGEST", "forget", "lake_of"]

FOLDER: Final = Path(os.environ.get("TIERCEL_BENCH_LAKES") or Path(tempfile.gettempdir(), "tiercel-bench-lakes"))
LARGEST: Final = int(os.environ.get("TIERCEL_BENCH_LARGEST", "100000000"))
"""Network events of the largest lake that is measured."""
DAY_ROWS: Final = 1_000_000
"""Network events of a day."""

_VERSION: Final = 5
_DEVICES: Final = 200
_BUSY_SHARE: Final = 60
"""Percent of the rows that are the busy device's."""
_NIGHT: Final = 6
"""Hours in which the busy device's services.exe is asked by the management host; services start there in the others."""
_SLOTS: Final = 10_000
_WINDOWS: Final = "c:\\windows\\system32\\"


@dataclass(frozen=True, slots=True)
class _Stream:
    """One table's rows: so many a day, of these kinds by weight, with these values by column.

    `attack` are rows of an attack that each day holds once: the second of the day, then a kind without a weight.
    `moment` are the microseconds of the day, from `micros`, which are spread evenly over it.
    """

    table: str
    daily: int
    kinds: Sequence[tuple[object, ...]]
    attack: Sequence[tuple[object, ...]]
    columns: Sequence[str]
    values: Mapping[str, str]
    moment: str = "micros"


_PLACE: Final = {
    "Timestamp": "ts",
    "DeviceId": "drawn.device_id",
    "DeviceName": "device_name",
    "ReportId": "i",
    "_IngestionTime": "TIMESTAMP '2026-06-01'",
    "_Source": "'/evidence/' || device_name || '/events.json#' || i",
}
_CALLER: Final = """CASE WHEN drawn.slot >= 10000 THEN '10.0.0.66' WHEN d = 0 AND hash(i, 4) % 2 = 0 THEN '10.0.0.10'
    ELSE '10.' || hash(i, 5) % 4 || '.' || hash(i, 6) % 4 || '.' || 1 + hash(i, 7) % 250 END"""

_NETWORK: Final = _Stream(
    "DeviceNetworkEvents",
    DAY_ROWS,
    (
        # weight, action, image, command line, its process id, local port (0: ephemeral), remote port (0: ephemeral)
        (4200, "ConnectionSuccess", "chrome.exe", "chrome.exe --type=utility --lang=en", 9000, 0, 443),
        (2000, "ConnectionSuccess", "svchost.exe", "svchost.exe -k NetworkService -p -s Dnscache", 1400, 0, 53),
        (1600, "ConnectionSuccess", "system", "", 4, 0, 445),
        (600, "ConnectionFailed", "teams.exe", "teams.exe", 9100, 0, 443),
        (400, "ListeningConnectionCreated", "svchost.exe", "svchost.exe -k netsvcs -p", 1300, 0, 0),
        (450, "InboundConnectionAccepted", "system", "", 4, 445, 0),
        (250, "InboundConnectionAccepted", "svchost.exe", "svchost.exe -k RPCSS -p", 900, 135, 0),
        (150, "InboundConnectionAccepted", "lsass.exe", "lsass.exe", 720, 49664, 0),
        (80, "InboundConnectionAccepted", "svchost.exe", "svchost.exe -k netsvcs -p -s Schedule", 1200, 49667, 0),
        (50, "InboundConnectionAccepted", "svchost.exe", "svchost.exe -k netsvcs -p -s Winmgmt", 1250, 49668, 0),
        (150, "InboundConnectionAccepted", "services.exe", "services.exe", 704, 49670, 0),
        (20, "InboundConnectionAccepted", "spoolsv.exe", "spoolsv.exe", 1900, 49671, 0),
        (50, "InboundConnectionAccepted", "svchost.exe", "svchost.exe -k termsvcs -s TermService", 1100, 3389, 0),
    ),
    (
        (36_000.0, "InboundConnectionAccepted", "svchost.exe", "svchost.exe -k RPCSS -p", 900, 135, 0),
        (36_000.3, "InboundConnectionAccepted", "services.exe", "services.exe", 704, 49670, 0),
        (40_000.0, "InboundConnectionAccepted", "svchost.exe", "svchost.exe -k RPCSS -p", 900, 135, 0),
        (40_001.0, "InboundConnectionAccepted", "mmc.exe", "mmc.exe -Embedding", 7000, 49900, 0),
    ),
    ("action", "image", "command_line", "pid", "local_port", "remote_port"),
    {
        **_PLACE,
        "ActionType": "action",
        "RemoteIP": _CALLER,
        "RemotePort": "CASE WHEN remote_port > 0 THEN remote_port ELSE 49152 + hash(i, 8) % 16000 END",
        "LocalIP": "local_ip",
        "LocalPort": "CASE WHEN local_port > 0 THEN local_port ELSE 49700 + hash(i, 9) % 15000 END",
        "Protocol": "'Tcp'",
        "LocalIPType": "'Private'",
        "RemoteIPType": "'Private'",
        "InitiatingProcessFileName": "image",
        "InitiatingProcessId": "pid + d * 4",
        "InitiatingProcessCommandLine": "command_line",
        "InitiatingProcessFolderPath": f"'{_WINDOWS}' || image",
        "InitiatingProcessCreationTime": "boot + to_milliseconds(pid)",
        "InitiatingProcessParentFileName": "'services.exe'",
        "InitiatingProcessAccountName": "'system'",
        "InitiatingProcessAccountDomain": "'nt authority'",
        "InitiatingProcessSHA1": "left(sha256(image), 40)",
    },
    f"CASE WHEN d = 0 AND image = 'services.exe' THEN micros * {_NIGHT} // 24 ELSE micros END",
)

_AGENT: Final = ("agent.exe", "agent.exe --service", 2500)
_SCHEDULE: Final = ("svchost.exe", "svchost.exe -k netsvcs -p -s Schedule", 1200)
_DCOM_LAUNCH: Final = ("svchost.exe", "svchost.exe -k DcomLaunch -p", 880)
_SERVICES: Final = ("services.exe", "services.exe", 704)

_PROCESSES: Final = _Stream(
    "DeviceProcessEvents",
    DAY_ROWS // 10,
    (
        # weight, image, command line, account, its parent (image, command line, process id), the parent's age in
        # seconds (0: since the boot), its own process id (0: any)
        (2200, "chrome.exe", "chrome.exe --type=renderer", "user", "chrome.exe", "chrome.exe", 9000, 0, 0),
        (1500, "conhost.exe", "conhost.exe 0xffffffff -ForceV1", "user", "cmd.exe", "cmd.exe /c", 9200, 0, 0),
        (1200, "cmd.exe", "cmd.exe /c inventory.cmd", "system", *_AGENT, 0, 0),
        (1800, "agent.exe", "agent.exe --scan", "system", *_AGENT, 0, 0),
        (900, "taskhostw.exe", "taskhostw.exe", "user", *_SCHEDULE, 0, 0),
        (700, "dllhost.exe", "dllhost.exe /Processid:{AB8902B4}", "user", *_DCOM_LAUNCH, 0, 0),
        (600, "runtimebroker.exe", "RuntimeBroker.exe -Embedding", "user", *_DCOM_LAUNCH, 0, 0),
        (300, "wmiprvse.exe", "wmiprvse.exe -secured -Embedding", "network service", *_DCOM_LAUNCH, 0, 0),
        (150, "excel.exe", "excel.exe /automation -Embedding", "user", *_DCOM_LAUNCH, 0, 0),
        (250, "searchapp.exe", "SearchApp.exe -Embedding", "user", *_DCOM_LAUNCH, 0, 0),
        (300, "svchost.exe", "svchost.exe -k netsvcs -p -s wuauserv", "system", *_SERVICES, 0, 0),
        (80, "sppsvc.exe", "sppsvc.exe", "network service", *_SERVICES, 0, 0),
        (20, "msiexec.exe", "msiexec.exe /V", "system", *_SERVICES, 0, 0),
    ),
    (
        (36_000.8, "cmd.exe", "cmd.exe /c whoami", "system", *_SERVICES, 0, 0),
        (40_000.2, "mmc.exe", "mmc.exe -Embedding", "admin", *_DCOM_LAUNCH, 0, 7000),
        (40_002.2, "cmd.exe", "cmd.exe /c whoami", "admin", "mmc.exe", "mmc.exe -Embedding", 7000, 2, 0),
    ),
    ("image", "command_line", "account", "parent", "parent_line", "pid", "age", "process_id"),
    {
        **_PLACE,
        "ActionType": "'ProcessCreated'",
        "FileName": "image",
        "FolderPath": f"'{_WINDOWS}' || image",
        "SHA1": "left(sha256(image), 40)",
        "SHA256": "sha256(image)",
        "ProcessId": "CASE WHEN process_id > 0 THEN process_id + d * 4 ELSE 10000 + 4 * (hash(i, 8) % 12000) END",
        "ProcessCommandLine": "command_line",
        "ProcessCreationTime": "ts",
        "AccountDomain": "'corp'",
        "AccountName": "account",
        "LogonId": "CASE account WHEN 'user' THEN 100000 + hash(i, 9) % 1000 ELSE 999 END",
        "InitiatingProcessFileName": "parent",
        "InitiatingProcessCommandLine": "parent_line",
        "InitiatingProcessId": "pid + d * 4",
        "InitiatingProcessCreationTime": (
            "CASE WHEN age > 0 THEN ts - to_seconds(age) ELSE boot + to_milliseconds(pid) END"
        ),
        "InitiatingProcessFolderPath": f"'{_WINDOWS}' || parent",
        "InitiatingProcessSHA1": "left(sha256(parent), 40)",
        "InitiatingProcessAccountName": "'system'",
        "InitiatingProcessLogonId": "999",
    },
    f"""CASE WHEN d = 0 AND parent = 'services.exe'
        THEN {_NIGHT} * 3600000000 + micros * {24 - _NIGHT} // 24 ELSE micros END""",
)

_LOGONS: Final = _Stream(
    "DeviceLogonEvents",
    DAY_ROWS // 25,
    (
        (8500, "LogonSuccess", "Network"),
        (1000, "LogonSuccess", "Service"),
        (300, "LogonFailed", "Network"),
        (200, "LogonSuccess", "Interactive"),
    ),
    (),
    ("action", "logon_type"),
    {
        **_PLACE,
        "ActionType": "action",
        "LogonType": "logon_type",
        "AccountName": "'account' || hash(i, 3) % 300",
        "AccountDomain": "'corp'",
        "LogonId": "200000 + i",
        "RemoteIP": f"CASE logon_type WHEN 'Network' THEN {_CALLER} ELSE '' END",
        "RemotePort": "49152 + hash(i, 8) % 16000",
    },
)

_EVENTS: Final = _Stream(
    "DeviceEvents",
    DAY_ROWS // 50,
    (
        (6000, "PowerShellCommand", '{"Command":"Get-Item"}', "powershell.exe"),
        (3000, "NamedPipeEvent", '{"PipeName":"\\\\Device\\\\NamedPipe\\\\srvsvc"}', "system"),
        (990, "OpenProcessApiCall", "{}", "lsass.exe"),
        (10, "ServiceInstalled", '{"ServiceName":"Updater"}', "services.exe"),
    ),
    (),
    ("action", "fields", "image"),
    {
        **_PLACE,
        "ActionType": "action",
        "AdditionalFields": "fields",
        "InitiatingProcessFileName": "image",
        "InitiatingProcessLogonId": "999",
        "FileName": "CASE action WHEN 'ServiceInstalled' THEN 'updater.exe' ELSE '' END",
    },
    f"""CASE WHEN d = 0 AND action = 'ServiceInstalled'
        THEN {_NIGHT} * 3600000000 + micros * {24 - _NIGHT} // 24 ELSE micros END""",
)

_REGISTRY: Final = _Stream(
    "DeviceRegistryEvents",
    DAY_ROWS // 50,
    (
        (9900, "RegistryValueSet", "HKEY_LOCAL_MACHINE\\SOFTWARE\\Agent", "LastRun", "agent.exe"),
        (100, "RegistryValueSet", "HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Services\\BITS", "Start", "services.exe"),
    ),
    (),
    ("action", "key", "name", "image"),
    {
        **_PLACE,
        "ActionType": "action",
        "RegistryKey": "key",
        "RegistryValueName": "name",
        "InitiatingProcessFileName": "image",
        "InitiatingProcessId": "2500 + d * 4",
    },
)

_STREAMS: Final = (_NETWORK, _PROCESSES, _LOGONS, _EVENTS, _REGISTRY)


def lake_of(rows: int) -> Path:
    """The lake with so many network events, in whole days; it is made where it is not there yet.

    Another process makes it, since what a process once held counts as the peak memory of all that it starts.
    """
    days = max(1, rows // DAY_ROWS)
    folder = _folder(days)
    if not _is_whole(folder, days):
        subprocess.run([sys.executable, "-m", "bench.fleet", str(folder), str(days)], check=True)
    return folder


def _folder(days: int) -> Path:
    return FOLDER / f"v{_VERSION}-{days}-days"


def _is_whole(folder: Path, days: int) -> bool:
    return is_lake(folder) and Dataset.open(folder).version == days + 1


def _make(folder: Path, days: int) -> None:
    """Makes the lake anew, from the largest smaller one that is kept: its days are this one's first."""
    shutil.rmtree(folder, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    held = max((less for less in range(1, days) if _is_whole(_folder(less), less)), default=0)
    if held:
        shutil.copytree(_folder(held), folder, copy_function=os.link)  # what a lake holds never changes
    # One thread: rows come in the order in which they were sorted.
    config = {"memory_limit": "1GB", "threads": 1, "temp_directory": str(FOLDER / "spill")}
    with duckdb.connect(config=config) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        _prepare(connection)
        if not held:
            _certify(connection, folder)
        for day in range(held, days):
            with Transaction.begin(folder) as transaction:
                for stream in _STREAMS:
                    transaction.write(stream.table, _day(connection, stream, day))
                transaction.commit()
    size = sum(file.stat().st_size for file in folder.rglob("*.parquet"))
    taken = time.perf_counter() - begun
    print(f"  {folder}: {days - held:,} days made in {taken:,.0f} s, {held:,} kept, {size / 1e9:.2f} GB", flush=True)


def _certify(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Begins the lake, with the certificates of all programs but the fleet's own agent."""
    with Transaction.begin(folder) as transaction:
        trusted = {
            "SHA1": "left(sha256(image), 40)",
            "IsSigned": "true",
            "IsTrusted": "true",
            "Timestamp": "'2026-01-01'",
        }
        images = "FROM (SELECT DISTINCT image FROM DeviceProcessEvents_kinds WHERE image != 'agent.exe')"
        connection.execute(insertion(TABLES["DeviceFileCertificateInfo"], trusted, images))
        table = connection.sql("FROM DeviceFileCertificateInfo").to_arrow_table()
        transaction.write("DeviceFileCertificateInfo", table.to_batches())
        transaction.commit()


def forget() -> None:
    """Deletes every lake that was kept."""
    shutil.rmtree(FOLDER, ignore_errors=True)


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables, and what rows are drawn from: the devices, and each stream's kinds by slot."""
    create_tables(connection)
    connection.execute(f"""CREATE TABLE device AS SELECT d, left(sha256('device' || d), 40) AS device_id,
        'host' || d || '.corp.example' AS device_name, '10.9.' || d // 250 || '.' || 1 + d % 250 AS local_ip,
        TIMESTAMP '2025-12-28' + to_minutes(d::INT) AS boot FROM range({_DEVICES}) numbers(d)""")
    for stream in _STREAMS:
        if sum(int(str(kind[0])) for kind in stream.kinds) != _SLOTS:
            raise ValueError(f"the weights of {stream.table} do not add up")
        kinds = [kind[1:] for kind in stream.kinds for _ in range(int(str(kind[0])))]
        kinds += [kind[1:] for kind in stream.attack]
        slots = pa.table(
            {"slot": range(len(kinds)), **dict(zip(stream.columns, zip(*kinds, strict=True), strict=True))}
        )
        connection.register("slots", slots)
        connection.execute(f"CREATE TABLE {stream.table}_kinds AS FROM slots")
        connection.unregister("slots")


def _day(connection: duckdb.DuckDBPyConnection, stream: _Stream, day: int) -> pa.RecordBatchReader:
    """The stream's rows of that day, by device and time. What is sorted is narrow; the values are made behind."""
    table = TABLES[stream.table]
    first = day * stream.daily
    moments = [f"WHEN {first + at} THEN {round(float(str(kind[0])) * 1e6)}" for at, kind in enumerate(stream.attack)]
    moment = f"CASE i {' '.join(moments)} END" if moments else "NULL"
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE drawn AS SELECT i, d, device_id,
        TIMESTAMP '2026-01-01' + to_days({day}) + to_microseconds(({stream.moment})::BIGINT) AS ts, slot
        FROM (SELECT i::BIGINT AS i, {moment} AS attack,
                coalesce(attack, (hash(i, 1, '{stream.table}') % 86400000000)::BIGINT) AS micros,
            CASE WHEN attack IS NOT NULL THEN 1 + {day} % {_DEVICES - 1}
                WHEN hash(i, 2, '{stream.table}') % 100 < {_BUSY_SHARE} THEN 0
                ELSE 1 + hash(i, 10, '{stream.table}') % {_DEVICES - 1} END AS d,
            CASE WHEN attack IS NULL THEN hash(i, 3, '{stream.table}') % {_SLOTS}
                ELSE {_SLOTS} + i - {first} END AS slot
            FROM range({first}, {first + stream.daily}) numbers(i))
        JOIN device USING (d) JOIN {stream.table}_kinds USING (slot) ORDER BY device_id, ts""")
    absent = [column for column in (*table.columns, *table.hidden) if column.name not in stream.values]
    values = [f'{sql} AS "{name}"' for name, sql in stream.values.items()]
    values += [f"'' AS \"{column.name}\"" for column in absent if column.type == "string"]
    selected = f"""SELECT {", ".join(values)} FROM drawn JOIN device USING (d)
        JOIN {stream.table}_kinds AS kinds ON drawn.slot = kinds.slot"""
    return connection.sql(selected).to_arrow_reader(122_880)


if __name__ == "__main__":
    _make(Path(sys.argv[1]), int(sys.argv[2]))
