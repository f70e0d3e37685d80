"""Security 5156 and 5157, the firewall let a connection through or did not.

5156: DeviceNetworkEvents, unless Sysmon told of the same connection. 5157: DeviceEvents
FirewallInboundConnectionBlocked or FirewallOutboundConnectionBlocked. `ProcessID` is decimal here, the application an
NT path (Microsoft Learn, event 5156).
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import ACTING
from tiercel.telemetry.mappings.connection import CONNECTION, JOINS, blocked
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

KIND: Final = Kind(
    name="security_connection",
    family=Family.CONNECTION,
    channel=Channel.SECURITY,
    event_ids=(5156, 5157),
    fields=(
        "ProcessId",
        "Application",
        "Direction",
        "SourceAddress",
        "SourcePort",
        "DestAddress",
        "DestPort",
        "Protocol",
    ),
    in_message={"ProcessId": r"Process ID:\s*"},
    also={"LoggedProcessId": "ProcessID"},
    rows=(
        Rows(
            table="DeviceNetworkEvents",
            values=CONNECTION,
            where="e.event_id = 5156 AND e.told_by IS NULL",
            joins=JOINS,
            events="link",
        ),
        Rows(
            table="DeviceEvents",
            values=blocked(),
            where="e.event_id = 5157",
            joins=ACTING,
            events="link",
        ),
    ),
)
