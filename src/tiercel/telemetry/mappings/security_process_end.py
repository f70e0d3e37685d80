"""Security 4689, a process has exited: no row; it bounds how long a process id was its process's."""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.kind import Channel, Family, Kind

__all__ = ["KIND"]

KIND: Final = Kind(
    name="security_process_end",
    family=Family.AUDIT,
    channel=Channel.SECURITY,
    event_ids=(4689,),
    fields=(
        "ProcessId",
        "ProcessName",
    ),
    in_message={"ProcessId": r"\n\s*Process ID:\s*"},
)
