"""Reads files and folders of telemetry into the tables."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pyarrow as pa

from tiercel.tables import TABLES
from tiercel.telemetry.report import FileReport, ImportReport, Progress
from tiercel.telemetry.storage import create_tables, insertion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import duckdb

__all__ = ["read"]

_FIELDS = (
    "EventID Channel Hostname EventTime UtcTime ProcessGuid ProcessId Image CommandLine User LogonId Hashes ParentProcessGuid"
    " ParentProcessId ParentImage ParentCommandLine IntegrityLevel SourceIp SourcePort DestinationIp DestinationPort Initiated"
    " Protocol TargetUserName TargetDomainName TargetUserSid TargetLogonId LogonType IpAddress IpPort WorkstationName"
    " AuthenticationPackageName @timestamp"
).split()
_TIME = "try_cast(UtcTime AS TIMESTAMP)"
_DEVICE = {
    "DeviceId": "left(sha256(lower(Hostname)), 40)",
    "DeviceName": "lower(Hostname)",
    "_Source": "source",
    "ReportId": "record",
}


def _documents(path: Path) -> Iterator[tuple[str, str, bytes]]:
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_dir():
            continue
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                for member in archive.namelist():
                    yield str(file), member, archive.read(member)
        else:
            yield str(file), "", file.read_bytes()


def read(
    paths: Sequence[Path],
    connection: duckdb.DuckDBPyConnection,
    *,
    channels: frozenset[str] | None = None,
    ingestion_time: datetime | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ImportReport:
    """What was read into `connection`, which then holds every table of the catalogue.

    Args:
        paths: files and folders; a file is known by its content, archives are read without unpacking.
        connection: an empty DuckDB database.
        channels: only these channels' events are mapped (`sysmon`, `security`; `security` includes `system`). None: all.
        ingestion_time: what `ingestion_time()` returns for every row, UTC without a zone; None: the newest event's time.
        progress: called now and then while reading.
    """
    create_tables(connection)
    structure = "{" + ",".join(f'"{name}": "VARCHAR"' for name in _FIELDS) + "}"
    connection.execute("CREATE TEMP TABLE event (source VARCHAR, record BIGINT, line VARCHAR)")
    files = []
    for path in paths:
        for name, member, content in _documents(path):
            lines = [line for line in content.split(b"\n") if line.strip()]
            place = f"{name}!{member}" if member else name
            batch = pa.table({"record": pa.array(range(1, len(lines) + 1)), "line": pa.array(lines, pa.string())})
            connection.register("batch", batch)
            connection.execute("INSERT INTO event SELECT $1 || '#' || record, record, line FROM batch", [place])
            connection.unregister("batch")
            files.append(FileReport(name, member, "json lines", len(lines), len(lines), {}))
    connection.execute(
        f"CREATE TEMP TABLE staged AS SELECT source, record, unnest(from_json(line, '{structure}')) FROM event"
    )
    sysmon = "FROM staged WHERE Channel ILIKE '%sysmon%' AND EventID = "
    connection.execute(
        insertion(
            TABLES["DeviceProcessEvents"],
            {
                **_DEVICE,
                "Timestamp": _TIME,
                "ActionType": "'ProcessCreated'",
                "FileName": "regexp_extract(Image, '[^\\\\]*$')",
                "FolderPath": "Image",
                "ProcessId": "try_cast(ProcessId AS BIGINT)",
                "ProcessCommandLine": "CommandLine",
                "ProcessCreationTime": _TIME,
                "InitiatingProcessFileName": "lower(regexp_extract(ParentImage, '[^\\\\]*$'))",
                "InitiatingProcessFolderPath": "lower(ParentImage)",
                "InitiatingProcessId": "try_cast(ParentProcessId AS BIGINT)",
                "InitiatingProcessCommandLine": "ParentCommandLine",
                "_IngestionTime": _TIME,
            },
            sysmon + "'1'",
        )
    )
    connection.execute(
        insertion(
            TABLES["DeviceNetworkEvents"],
            {
                **_DEVICE,
                "Timestamp": _TIME,
                "ActionType": "CASE Initiated WHEN 'true' THEN 'ConnectionSuccess' ELSE 'InboundConnectionAccepted' END",
                "LocalIP": "CASE Initiated WHEN 'true' THEN SourceIp ELSE DestinationIp END",
                "LocalPort": "try_cast(CASE Initiated WHEN 'true' THEN SourcePort ELSE DestinationPort END AS INTEGER)",
                "RemoteIP": "CASE Initiated WHEN 'true' THEN DestinationIp ELSE SourceIp END",
                "RemotePort": "try_cast(CASE Initiated WHEN 'true' THEN DestinationPort ELSE SourcePort END AS INTEGER)",
                "InitiatingProcessFileName": "lower(regexp_extract(Image, '[^\\\\]*$'))",
                "InitiatingProcessFolderPath": "lower(Image)",
                "InitiatingProcessId": "try_cast(ProcessId AS BIGINT)",
                "_IngestionTime": _TIME,
            },
            sysmon + "'3'",
        )
    )
    tables = {name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0][0]) for name in TABLES}
    return ImportReport(tuple(files), tables)
