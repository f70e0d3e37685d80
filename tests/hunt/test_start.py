"""What a hunt loads: Python modules cost as much as a small case, so a hunt of plain logs loads few."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tiercel.evidence import LAKE_HOUSE
from tiercel.tables.lake.storage import HOUSE

if TYPE_CHECKING:
    from pathlib import Path

SYSMON = {"Channel": "Microsoft-Windows-Sysmon/Operational", "Hostname": "WS6.example.org"}
EVENTS = [
    {
        **SYSMON, "EventID": 3, "UtcTime": "2026-07-14 09:14:01.100", "ProcessId": 704, "Initiated": "false",
        "Image": "C:\\Windows\\System32\\services.exe", "Protocol": "tcp", "SourceIp": "10.0.0.5", "SourcePort": 50000,
        "DestinationIp": "10.0.0.6", "DestinationPort": 49700, "User": "NT AUTHORITY\\SYSTEM",
    },
    {
        **SYSMON, "EventID": 1, "UtcTime": "2026-07-14 09:14:01.600", "ProcessId": 9028, "ParentProcessId": 704,
        "Image": "C:\\Windows\\System32\\cmd.exe", "CommandLine": "cmd.exe /c whoami", "User": "NT AUTHORITY\\SYSTEM",
        "ParentImage": "C:\\Windows\\System32\\services.exe", "ParentCommandLine": "services.exe",
    },
]  # fmt: skip

UNNEEDED = (
    "alembic", "httpx", "jinja2", "markdown_it", "pandas", "polars", "prometheus_client",
    "py7zr", "pyarrow.compute", "pyarrow.parquet", "pyspark", "rich", "sqlalchemy", "sqlglot", "tiercel.alerts",
    "tiercel.filters", "tiercel.kql", "tiercel.plan", "tiercel.report", "tiercel.saved", "tiercel.simulate",
    "tiercel.tables.lake", "yaml",
)  # fmt: skip
"""What a hunt of plain logs with rules that ran before has no use for, where nobody sits at a terminal."""

HUNT = """
import sys
from tiercel.cli import main
code = main(["hunt", "--format", "jsonl", sys.argv[1]])
print([name for name in sys.argv[2:] if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


def test_a_hunt_loads_only_what_it_needs(tmp_path: Path) -> None:
    log = tmp_path / "log.json"
    log.write_text("".join(json.dumps(event) + "\n" for event in EVENTS))
    env = {**os.environ, "TIERCEL_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", HUNT, str(log), *UNNEEDED]
    first, second = (subprocess.run(command, capture_output=True, text=True, env=env, check=False) for _ in range(2))
    assert first.returncode == second.returncode == 1, second.stderr
    assert first.stdout == second.stdout
    assert second.stderr.splitlines()[-1] == "[]"


def test_a_folder_is_taken_for_a_lake_by_what_a_lake_holds() -> None:
    assert LAKE_HOUSE == HOUSE
