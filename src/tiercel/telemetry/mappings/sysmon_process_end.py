"""Sysmon 5, process terminated: no row; it bounds how long a process id was its process's."""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.kind import Channel, Family, Kind

__all__ = ["KIND"]

_FIELDS: Final = (
    "UtcTime",
    "ProcessGuid",
    "ProcessId",
    "Image",
    "User",
)

KIND: Final = Kind(
    name="sysmon_process_end",
    family=Family.SYSMON,
    channel=Channel.SYSMON,
    event_ids=(5,),
    fields=_FIELDS,
    in_message=Kind.sysmon_text(*_FIELDS),
    parsed_if="UtcTime",
    dropped=("ProcessId",),
)
