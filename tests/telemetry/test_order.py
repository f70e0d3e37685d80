"""The order in which records stand decides nothing: threads read them in any order, and rows must not differ for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_GUID = "{AABBCCDD-0000-5C7D-0300-000000000000}"


def _connection(second: int, image: str, user: str) -> dict[str, Any]:
    """A connection that one process opened, with the process spelled as given."""
    return {
        "EventID": 3,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Hostname": "srv1",
        "TimeCreated": f"2019-03-04T10:00:{second:02}Z",
        "UtcTime": f"2019-03-04 10:00:{second:02}.000",
        "ProcessGuid": _GUID,
        "ProcessId": "44",
        "Image": image,
        "User": user,
        "Protocol": "tcp",
        "Initiated": "true",
        "SourceIp": "10.0.0.5",
        "SourcePort": str(50000 + second),
        "DestinationIp": "10.0.0.9",
        "DestinationPort": "445",
    }


def test_a_process_is_spelled_alike_whichever_event_names_it_first(tmp_path: Path, imported: Any) -> None:
    events = [
        _connection(1, r"C:\Program Files\tool.exe", r"CORP\alice"),
        _connection(2, r"C:\PROGRA~1\tool.exe", r"corp\alice"),
        _connection(3, r"tool.exe", r"CORP\alice"),
    ]
    seen = []
    for turn in range(len(events)):
        folder = tmp_path / str(turn)
        folder.mkdir()
        lines = [json.dumps(event) + "\n" for event in events[turn:] + events[:turn]]
        (folder / "log.json").write_text("".join(lines), encoding="utf-8")
        seen.append(
            imported(folder).rows(
                'SELECT * EXCLUDE ("_Source", "ReportId", "AdditionalFields") FROM "DeviceNetworkEvents"'
                ' ORDER BY "Timestamp"'
            )
        )
    assert len(seen[0]) == len(events)
    differing = {
        name
        for rows in seen[1:]
        for row, first in zip(rows, seen[0], strict=True)
        for name in row
        if row[name] != first[name]
    }
    assert differing == set()
