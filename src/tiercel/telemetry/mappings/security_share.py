"""Security 5140 and 5145, a network share was accessed, and an object on it checked: DeviceEvents.

An object on IPC$ is a named pipe that a remote client opens: NamedPipeEvent with RemoteIP. Every other is
NetworkShareObjectAccessChecked, Defender's name for 5145; 5140 goes by the same name, since Defender has none of its
own for it. A Sysmon 18 of the same pipe is merged into the row.
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import EVENT, additional, also_told, subject
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

_NAME: Final = "ltrim(coalesce(known(e.RelativeTargetName), ''), '\\')"
_IS_PIPE: Final = f"(e.event_id = 5145 AND e.ShareName ILIKE '%\\IPC$' AND {_NAME} <> '')"

KIND: Final = Kind(
    name="security_share",
    family=Family.AUDIT,
    channel=Channel.SECURITY,
    event_ids=(5140, 5145),
    fields=(
        "SubjectUserSid",
        "SubjectUserName",
        "SubjectDomainName",
        "SubjectLogonId",
        "IpAddress",
        "IpPort",
        "ShareName",
        "ShareLocalPath",
        "RelativeTargetName",
        "AccessMask",
    ),
    rows=(
        Rows(
            table="DeviceEvents",
            values={
                **EVENT,
                "ActionType": f"CASE WHEN {_IS_PIPE} THEN 'NamedPipeEvent' ELSE 'NetworkShareObjectAccessChecked' END",
                **subject("Account"),
                "LogonId": "number(e.SubjectLogonId)",
                "RemoteIP": "e.ip",
                "RemotePort": "nullif(port(e.IpPort), 0)",
                "FileName": f"CASE WHEN NOT {_IS_PIPE} THEN base_name({_NAME}) END",
                "FolderPath": f"CASE WHEN NOT {_IS_PIPE} THEN {_NAME} END",
                "InitiatingProcessId": "4",
                "InitiatingProcessFileName": "'system'",
                "AdditionalFields": additional(
                    PipeName=f"CASE WHEN {_IS_PIPE} THEN '\\Device\\NamedPipe\\' || {_NAME} END",
                    FileOperation=f"CASE WHEN {_IS_PIPE} THEN 'File opened' END",
                    ShareName="e.ShareName",
                    ShareLocalPath="known(e.ShareLocalPath)",
                    RelativeTargetName="known(e.RelativeTargetName)",
                    DesiredAccess="e.AccessMask",
                    Inferred="['InitiatingProcessId', 'InitiatingProcessFileName']",
                    AlsoSource="also.source",
                ),
            },
            joins=also_told("pipe_twin", "security"),
            events="(SELECT *, plain_ip(IpAddress) AS ip FROM event_security_share)",
        ),
    ),
)
