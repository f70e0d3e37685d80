"""Sysmon 3, network connection: DeviceNetworkEvents, oriented by the device's addresses, on its clock."""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.connection import CONNECTION, JOINS
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

_FIELDS: Final = (
    "UtcTime",
    "ProcessGuid",
    "ProcessId",
    "Image",
    "User",
    "Protocol",
    "Initiated",
    "SourceIp",
    "SourceHostname",
    "SourcePort",
    "DestinationIp",
    "DestinationHostname",
    "DestinationPort",
)

KIND: Final = Kind(
    name="sysmon_network_connection",
    family=Family.CONNECTION,
    channel=Channel.SYSMON,
    event_ids=(3,),
    fields=_FIELDS,
    in_message=Kind.sysmon_text(*_FIELDS),
    parsed_if="UtcTime",
    dropped=("ProcessId",),
    rows=(
        Rows(
            table="DeviceNetworkEvents",
            values=CONNECTION,
            where="e.event_id = 3",
            joins=JOINS,
            events="link",
        ),
    ),
)
