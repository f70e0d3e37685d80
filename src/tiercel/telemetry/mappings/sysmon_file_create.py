"""Sysmon 11, file created: DeviceFileEvents, ActionType FileCreated."""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import ACTING, EVENT, initiating
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

_FIELDS: Final = (
    "UtcTime",
    "ProcessGuid",
    "ProcessId",
    "Image",
    "TargetFilename",
    "User",
)

KIND: Final = Kind(
    name="sysmon_file_create",
    family=Family.SYSMON,
    channel=Channel.SYSMON,
    event_ids=(11,),
    fields=_FIELDS,
    in_message=Kind.sysmon_text(*_FIELDS),
    parsed_if="UtcTime",
    dropped=("ProcessId",),
    rows=(
        Rows(
            table="DeviceFileEvents",
            values={
                **EVENT,
                **initiating("DeviceFileEvents"),
                "ActionType": "'FileCreated'",
                "FileName": "base_name(e.TargetFilename)",
                "FolderPath": "e.TargetFilename",
            },
            joins=ACTING,
        ),
    ),
)
