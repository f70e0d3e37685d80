"""Security 4624 and 4625, log-on succeeded and failed: DeviceLogonEvents.

`IpPort` is the caller's source port. ElevatedToken stands in for IsLocalAdmin, which Windows does not log: it is near,
not equal.
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import ACTING, EVENT, additional, initiating, subject
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

_TYPES: Final = (
    "CASE e.LogonType WHEN '0' THEN 'System' WHEN '2' THEN 'Interactive' WHEN '3' THEN 'Network' WHEN '4' THEN 'Batch'"
    " WHEN '5' THEN 'Service' WHEN '7' THEN 'Unlock' WHEN '8' THEN 'NetworkCleartext' WHEN '9' THEN 'NewCredentials'"
    " WHEN '10' THEN 'RemoteInteractive' WHEN '11' THEN 'CachedInteractive' ELSE e.LogonType END"
)
# NTSTATUS values of SubStatus, where Defender has a name for the same thing (Microsoft Learn, event 4625).
_REASONS: Final = (
    "CASE lower(coalesce(nullif(e.SubStatus, '0x0'), e.Status))"
    " WHEN '0xc000006a' THEN 'InvalidUserNameOrPassword' WHEN '0xc0000064' THEN 'InvalidUserNameOrPassword'"
    " WHEN '0xc000006d' THEN 'InvalidUserNameOrPassword' WHEN '0xc0000234' THEN 'AccountLockedOut'"
    " WHEN '0xc0000072' THEN 'AccountDisabled' WHEN '0xc0000071' THEN 'PasswordExpired'"
    " ELSE coalesce(nullif(e.SubStatus, '0x0'), e.Status) END"
)
_SUBJECT: Final = {
    **subject(),
    "InitiatingProcessId": "coalesce(i.pid, nullif(number(e.ProcessId), 0))",
    "InitiatingProcessFileName": "lower(base_name(coalesce(known(e.ProcessName), i.image)))",
    "InitiatingProcessFolderPath": "lower(coalesce(known(e.ProcessName), i.image))",
}

KIND: Final = Kind(
    name="security_logon",
    family=Family.AUDIT,
    channel=Channel.SECURITY,
    event_ids=(4624, 4625),
    fields=(
        "SubjectUserSid",
        "SubjectUserName",
        "SubjectDomainName",
        "SubjectLogonId",
        "TargetUserSid",
        "TargetUserName",
        "TargetDomainName",
        "TargetLogonId",
        "LogonType",
        "AuthenticationPackageName",
        "WorkstationName",
        "ProcessId",
        "ProcessName",
        "IpAddress",
        "IpPort",
        "ElevatedToken",
        "Status",
        "SubStatus",
        "LogonProcessName",
    ),
    in_message={"ProcessId": r"\n\s*Process ID:\s*"},
    rows=(
        Rows(
            table="DeviceLogonEvents",
            values={
                **EVENT,
                **initiating("DeviceLogonEvents", _SUBJECT),
                "ActionType": "CASE e.event_id WHEN 4624 THEN 'LogonSuccess' ELSE 'LogonFailed' END",
                "LogonType": _TYPES,
                "AccountDomain": "lower(known(e.TargetDomainName))",
                "AccountName": "lower(known(e.TargetUserName))",
                "AccountSid": "nullif(e.TargetUserSid, 'S-1-0-0')",
                "Protocol": "known(e.AuthenticationPackageName)",
                "FailureReason": f"CASE WHEN e.event_id = 4625 THEN {_REASONS} END",
                "IsLocalAdmin": "CASE e.ElevatedToken WHEN '%%1842' THEN true WHEN '%%1843' THEN false END",
                "LogonId": "nullif(number(e.TargetLogonId), 0)",
                "RemoteDeviceName": "known(e.WorkstationName)",
                "RemoteIP": "e.ip",
                "RemoteIPType": "ip_type(e.ip)",
                "RemotePort": "nullif(port(e.IpPort), 0)",
                "AdditionalFields": additional(
                    IsLocalLogon="e.ip IS NULL OR is_loopback(e.ip)",
                    LogonProcessName="nullif(trim(e.LogonProcessName), '')",
                ),
            },
            events="(SELECT *, plain_ip(IpAddress) AS ip FROM event_security_logon)",
            joins=ACTING,
        ),
    ),
)
