"""Security 4648, a log-on with explicit credentials: DeviceLogonEvents, ActionType LogonAttempted.

It is logged where the credentials are used, so the device is the source, RemoteDeviceName the server that they are used
for.
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import ACTING, EVENT, additional, initiating, subject
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

KIND: Final = Kind(
    name="security_explicit_logon",
    family=Family.AUDIT,
    channel=Channel.SECURITY,
    event_ids=(4648,),
    fields=(
        "SubjectUserSid",
        "SubjectUserName",
        "SubjectDomainName",
        "SubjectLogonId",
        "TargetUserName",
        "TargetDomainName",
        "TargetServerName",
        "TargetInfo",
        "ProcessId",
        "ProcessName",
        "IpAddress",
        "IpPort",
    ),
    rows=(
        Rows(
            table="DeviceLogonEvents",
            values={
                **EVENT,
                **initiating(
                    "DeviceLogonEvents",
                    {
                        **subject(),
                        "InitiatingProcessId": "coalesce(i.pid, nullif(number(e.ProcessId), 0))",
                        "InitiatingProcessFileName": "lower(base_name(coalesce(known(e.ProcessName), i.image)))",
                        "InitiatingProcessFolderPath": "lower(coalesce(known(e.ProcessName), i.image))",
                    },
                ),
                "ActionType": "'LogonAttempted'",
                "AccountDomain": "lower(known(e.TargetDomainName))",
                "AccountName": "lower(known(e.TargetUserName))",
                "RemoteDeviceName": "lower(known(e.TargetServerName))",
                "RemoteIP": "e.ip",
                "RemoteIPType": "ip_type(e.ip)",
                "RemotePort": "nullif(port(e.IpPort), 0)",
                "AdditionalFields": additional(
                    TargetInfo="known(e.TargetInfo)", SubjectLogonId="number(e.SubjectLogonId)"
                ),
            },
            events="(SELECT *, plain_ip(IpAddress) AS ip FROM event_security_explicit_logon)",
            joins=ACTING,
        ),
    ),
)
