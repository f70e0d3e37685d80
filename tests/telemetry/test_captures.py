"""Every public capture through its reader: what was read, what became of it, and the facts that its label holds."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import real_data_folder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telemetry.conftest import Imported

LABELS: list[dict[str, Any]] = (
    json.loads((real_data_folder() / "labels.json").read_text())
    if (real_data_folder() / "labels.json").exists()
    else []
)
MERGED = {
    ("sysmon:1", "security:4688"): ("DeviceProcessEvents", "Security 4688 with Sysmon 1"),
    ("sysmon:3", "security:5156"): ("DeviceNetworkEvents", "Security 5156 with Sysmon 3"),
}


@pytest.mark.parametrize("label", LABELS or [{"id": "none"}], ids=lambda label: label["id"])
def test_capture(label: dict[str, Any], real_data: Path, imported: Any) -> None:
    result = imported(real_data / label["file"])
    assert result.report.read == label["events"]
    again = result.report.skipped.get("the same record again", 0)
    for events, (table, merged) in MERGED.items():
        told = sum(label["event_ids"].get(event, 0) for event in events)
        rows = result.report.tables[table]
        assert told - again <= rows + result.report.duplicates.get(merged, 0) <= told, table
    assert result.report.tables["DeviceLogonEvents"] >= label["event_ids"].get("security:4624", 0)
    for technique in label["techniques"]:
        check_connection(result, technique)
        check_process(result, technique, "server")
        check_process(result, technique, "child")
        check_second_connection(result, technique)
        check_session(result, technique)
    check_clocks(result, label)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def host(technique: dict[str, Any]) -> str:
    return (technique["target_host"] or "").lower().split(".")[0]


def pid_of(text: str | None) -> int | None:
    digits = (text or "").partition("pid ")[2].split(" ")[0].strip("(),")
    return int(digits) if digits else None


def check_connection(result: Imported, technique: dict[str, Any]) -> None:
    """The first connection of the attack: on the device's clock, the right way round, with its process."""
    if not technique["rpc_time"] or not technique["rpc_local_port"]:
        return
    rows = result.rows(
        """SELECT * FROM DeviceNetworkEvents WHERE split_part("DeviceName", '.', 1) = $1 AND "LocalPort" = $2
        AND "RemotePort" = $3 AND "ActionType" = 'InboundConnectionAccepted'""",
        host(technique),
        technique["rpc_local_port"],
        technique["rpc_remote_port"],
    )
    assert len(rows) == 1, technique["technique"]
    apart = abs((rows[0]["Timestamp"] - moment(technique["rpc_time"])).total_seconds())
    assert apart <= (technique["rpc_time_plus_minus_s"] or 0) + 0.5
    assert rows[0]["RemoteIP"] == technique["source_ip"]
    pid = pid_of(technique["rpc_local_process"])
    assert pid is None or rows[0]["InitiatingProcessId"] == pid


def check_process(result: Imported, technique: dict[str, Any], part: str) -> None:
    """The server or its child: found by id near its time, with its parent."""
    pid, time = technique[f"{part}_pid"], technique[f"{part}_time"]
    if not pid or not time:
        return
    rows = result.rows(
        """SELECT * FROM DeviceProcessEvents WHERE split_part("DeviceName", '.', 1) = $1 AND "ProcessId" = $2
        ORDER BY abs(epoch("Timestamp") - epoch($3::TIMESTAMP)) LIMIT 1""",
        host(technique),
        pid,
        moment(time),
    )
    assert rows, technique[f"{part}_process"]
    assert abs((rows[0]["Timestamp"] - moment(time)).total_seconds()) <= 0.2
    parent = pid_of(technique[f"{part}_parent"])
    assert parent is None or rows[0]["InitiatingProcessId"] == parent


def check_second_connection(result: Imported, technique: dict[str, Any]) -> None:
    """The connection to the server itself, which names it by id."""
    if not technique["step4_local_port"] or not technique["step4_inbound_time"]:
        return
    rows = result.rows(
        """SELECT * FROM DeviceNetworkEvents WHERE split_part("DeviceName", '.', 1) = $1 AND "LocalPort" = $2
        AND "RemoteIP" = $3 AND "ActionType" = 'InboundConnectionAccepted'
        ORDER BY abs(epoch("Timestamp") - epoch($4::TIMESTAMP)) LIMIT 1""",
        host(technique),
        technique["step4_local_port"],
        technique["source_ip"],
        moment(technique["step4_inbound_time"]),
    )
    assert rows
    assert abs((rows[0]["Timestamp"] - moment(technique["step4_inbound_time"])).total_seconds()) <= 0.6
    pid = pid_of(technique["step4_process"])
    assert pid is None or rows[0]["InitiatingProcessId"] == pid


def check_session(result: Imported, technique: dict[str, Any]) -> None:
    """The caller's log-on and what runs in its session."""
    link = technique["logon_link"]
    if not link:
        return
    session = int(link["logon_id"], 16)
    logons = result.rows('SELECT "RemoteIP" FROM DeviceLogonEvents WHERE "LogonId" = $1', session)
    assert link["source_ip"] in {row["RemoteIP"] for row in logons}
    if link["process"] in {"server", "child"}:
        assert result.rows('SELECT 1 FROM DeviceProcessEvents WHERE "LogonId" = $1', session)


def check_clocks(result: Imported, label: dict[str, Any]) -> None:
    """Sysmon's network clock as the label measured it: by the 5156 of the same ports, else by the time of logging."""
    clock = label["clock"]
    offsets = {
        made.device.split(".")[0].upper(): made.offset
        for made in result.report.clocks
        if made.clock == "Sysmon network events"
    }
    for device, seen in (clock.get("sysmon3_utctime_minus_5156_s") or {}).items():
        assert offsets.get(device.split(".")[0].upper(), 0.0) == pytest.approx(
            -seen["skew"], abs=seen["plus_minus"] + 0.7
        ), device
    for device, error in (clock.get("sysmon3_utctime_error_by_timecreated_lag_s") or {}).items():
        if abs(error) > 5:
            assert offsets.get(device.split(".")[0].upper(), 0.0) == pytest.approx(-error, abs=2.0), device
