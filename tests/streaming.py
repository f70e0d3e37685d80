"""A small attack as Defender streams it: what tests of hunting and of the command line read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RULE", "record", "write_attack", "write_records", "write_rule"]

DEVICE = {"DeviceId": "d1", "DeviceName": "ws6.example.org"}
SERVICES = {
    "InitiatingProcessFileName": "services.exe",
    "InitiatingProcessId": 704,
    "InitiatingProcessCommandLine": "services.exe",
    "InitiatingProcessCreationTime": "2026-07-13T08:00:00Z",
}

RULE = """# A rule of {name}

## Metadata
**ID:** {name}

## ATT&CK Tags
| Tactic | Technique | Subtechnique | Technique Name |
|---|---|---|---|
| TA0002 - Execution | T1569 | 002 | Service Execution |

## Detection
```kusto
{query}
```
"""


def record(table: str, values: dict[str, Any]) -> dict[str, Any]:
    """One streaming record."""
    return {
        "time": "2026-07-14T09:30:00Z",
        "tenantId": "t",
        "operationName": "Publish",
        "category": f"AdvancedHunting-{table}",
        "properties": values,
    }


def write_records(path: Path, records: list[dict[str, Any]]) -> Path:
    """The records as a file of JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return path


def write_attack(path: Path, command_line: str = "cmd.exe /c whoami") -> Path:
    """A file with a connection to services.exe and the cmd.exe that it starts half a second later."""
    return write_records(
        path,
        [
            record(
                "DeviceNetworkEvents",
                {
                    "Timestamp": "2026-07-14T09:14:01.1Z",
                    **DEVICE,
                    **SERVICES,
                    "ActionType": "InboundConnectionAccepted",
                    "RemoteIP": "10.0.0.5",
                    "RemotePort": 50000,
                    "LocalIP": "10.0.0.6",
                    "LocalPort": 49700,
                    "Protocol": "Tcp",
                    "ReportId": 1,
                },
            ),
            record(
                "DeviceProcessEvents",
                {
                    "Timestamp": "2026-07-14T09:14:01.6Z",
                    **DEVICE,
                    **SERVICES,
                    "ActionType": "ProcessCreated",
                    "FileName": "cmd.exe",
                    "FolderPath": "C:\\Windows\\System32\\cmd.exe",
                    "ProcessId": 9028,
                    "ProcessCommandLine": command_line,
                    "SHA1": "a" * 40,
                    "AccountDomain": "nt authority",
                    "AccountName": "system",
                    "ReportId": 2,
                },
            ),
        ],
    )


def write_rule(path: Path, query: str) -> Path:
    """A rule document with this query; its id is the file's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(RULE.format(name=path.stem, query=query), encoding="utf-8")
    return path
