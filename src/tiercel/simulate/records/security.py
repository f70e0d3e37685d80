"""Happenings as events of the Security and System logs: 4624, 4688, 4689, 4697, 4698, 5140, 5145, 5156 and 7045.

Field by field as in the Microsoft Learn pages of these events and in public captures: 4688 names a child's own
account only when it differs from its creator's, and leaves the SID empty then; 5156 holds a lower-case device path
and no account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tiercel.simulate.fleet import NETBIOS
from tiercel.simulate.records.identifiers import hexadecimal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SECURITY_KINDS", "security_events"]

Row = dict[str, Any]
SecurityEvent = tuple[str, int, dict[str, str]]
"""Channel, event id and event data."""

SECURITY_KINDS = ("start", "end", "connection", "logon", "share", "service", "task")
_LABELS = {
    "System": "S-1-16-16384",
    "High": "S-1-16-12288",
    "Medium": "S-1-16-8192",
    "Low": "S-1-16-4096",
    "AppContainer": "S-1-16-4096",
}
_NOBODY = "S-1-0-0"


def security_events(kind: str, row: Row) -> Iterator[SecurityEvent]:
    """The events of a happening of one of SECURITY_KINDS; an installed service makes two."""
    yield from _EVENTS[kind](row)


def _account(row: Row, prefix: str) -> tuple[str, str]:
    """Domain and name of an account as the Security log has them: the machine's own for the system's sessions."""
    if row[f"{prefix}_domain"] == "NT AUTHORITY":
        return NETBIOS, f"{row['name']}$"
    return row[f"{prefix}_domain"], row[f"{prefix}_user"]


def _subject(row: Row, prefix: str) -> dict[str, str]:
    domain, name = _account(row, prefix)
    return {
        "SubjectUserSid": row[f"{prefix}_sid"],
        "SubjectUserName": name,
        "SubjectDomainName": domain,
        "SubjectLogonId": hexadecimal(row[f"{prefix}_logon_id"]),
    }


def _process_created(row: Row) -> Iterator[SecurityEvent]:
    data = {
        **_subject(row, "parent"),
        "NewProcessId": hexadecimal(row["process_pid"]),
        "NewProcessName": row["process_image"],
        "TokenElevationType": "%%1936",
        "ProcessId": hexadecimal(row["parent_pid"]),
    }
    if not row["bare"]:
        other = row["process_logon_id"] != row["parent_logon_id"]
        domain, name = _account(row, "process") if other else ("-", "-")
        data |= {
            "CommandLine": row["process_command_line"],
            "TargetUserSid": _NOBODY,
            "TargetUserName": name,
            "TargetDomainName": domain,
            "TargetLogonId": hexadecimal(row["process_logon_id"]) if other else "0x0",
            "ParentProcessName": row["parent_image"],
            "MandatoryLabel": _LABELS[row["process_integrity"]],
        }
    yield "Security", 4688, data


def _process_ended(row: Row) -> Iterator[SecurityEvent]:
    yield (
        "Security",
        4689,
        {
            **_subject(row, "process"),
            "Status": "0x0",
            "ProcessId": hexadecimal(row["process_pid"]),
            "ProcessName": row["process_image"],
        },
    )


def _device_path(image: str) -> str:
    return image if image == "System" else "\\device\\harddiskvolume2\\" + image.lower().partition(":\\")[2]


def _connection(row: Row) -> Iterator[SecurityEvent]:
    local, remote = (row["local_ip"], row["local_port"]), (row["remote_ip"], row["remote_port"])
    source, destination = (local, remote) if row["initiated"] else (remote, local)
    yield (
        "Security",
        5156,
        {
            "ProcessID": str(row["process_pid"]),
            "Application": _device_path(row["process_image"]),
            "Direction": "%%14593" if row["initiated"] else "%%14592",
            "SourceAddress": source[0],
            "SourcePort": str(source[1]),
            "DestAddress": destination[0],
            "DestPort": str(destination[1]),
            "Protocol": "6",
            "FilterRTID": "71130" if row["initiated"] else "70572",
            "LayerName": "%%14611" if row["initiated"] else "%%14610",
            "LayerRTID": "48" if row["initiated"] else "44",
            "RemoteUserID": _NOBODY,
            "RemoteMachineID": _NOBODY,
        },
    )


def _logon(row: Row) -> Iterator[SecurityEvent]:
    network = row["logon_type"] == 3
    yield (
        "Security",
        4624,
        {
            "SubjectUserSid": _NOBODY if network else "S-1-5-18",
            "SubjectUserName": "-" if network else f"{row['name']}$",
            "SubjectDomainName": "-" if network else NETBIOS,
            "SubjectLogonId": "0x0" if network else "0x3e7",
            "TargetUserSid": row["session_sid"],
            "TargetUserName": row["session_user"],
            "TargetDomainName": row["session_domain"],
            "TargetLogonId": hexadecimal(row["session_logon_id"]),
            "LogonType": str(row["logon_type"]),
            "LogonProcessName": {"NTLM": "NtLmSsp ", "Kerberos": "Kerberos"}.get(row["package"], "User32 "),
            "AuthenticationPackageName": row["package"],
            "WorkstationName": row["workstation"] or "-",
            "LogonGuid": "{00000000-0000-0000-0000-000000000000}",
            "TransmittedServices": "-",
            "LmPackageName": "NTLM V2" if row["package"] == "NTLM" else "-",
            "KeyLength": "128" if row["package"] == "NTLM" else "0",
            "ProcessId": hexadecimal(row["process_pid"] or 0),
            "ProcessName": row["process_image"] or "-",
            "IpAddress": row["remote_ip"] or "-",
            "IpPort": str(row["remote_port"]) if row["remote_port"] else "-",
            "ImpersonationLevel": "%%1833",
            "RestrictedAdminMode": "-",
            "TargetOutboundUserName": "-",
            "TargetOutboundDomainName": "-",
            "VirtualAccount": "%%1843",
            "TargetLinkedLogonId": "0x0",
            "ElevatedToken": "%%1842",
        },
    )


def _share(row: Row) -> Iterator[SecurityEvent]:
    common = {
        **_subject(row, "session"),
        "ObjectType": "File",
        "IpAddress": row["remote_ip"],
        "IpPort": str(row["remote_port"]),
        "ShareName": row["share"],
        "ShareLocalPath": {"\\\\*\\ADMIN$": "\\??\\C:\\Windows", "\\\\*\\C$": "\\??\\C:\\"}.get(row["share"], "-"),
    }
    if row["file"] is None:
        yield "Security", 5140, common | {"AccessMask": "0x1", "AccessList": "%%4416\r\n\t\t\t\t"}
    else:
        yield (
            "Security",
            5145,
            common
            | {
                "RelativeTargetName": row["file"],
                "AccessMask": row["mask"],
                "AccessList": "%%4416\r\n\t\t\t\t%%4417\r\n\t\t\t\t",
                "AccessReason": "-",
            },
        )


def _service(row: Row) -> Iterator[SecurityEvent]:
    yield (
        "Security",
        4697,
        {
            **_subject(row, "session"),
            "ServiceName": row["service"],
            "ServiceFileName": row["image_path"],
            "ServiceType": "0x10",
            "ServiceStartType": "2" if row["start_type"] == "auto start" else "3",
            "ServiceAccount": row["account"],
        },
    )
    yield (
        "System",
        7045,
        {
            "ServiceName": row["service"],
            "ImagePath": row["image_path"],
            "ServiceType": "user mode service",
            "StartType": row["start_type"],
            "AccountName": row["account"],
        },
    )


def _task(row: Row) -> Iterator[SecurityEvent]:
    yield (
        "Security",
        4698,
        {
            **_subject(row, "session"),
            "TaskName": row["task"],
            "TaskContent": row["content"],
        },
    )


_EVENTS = {
    "start": _process_created,
    "end": _process_ended,
    "connection": _connection,
    "logon": _logon,
    "share": _share,
    "service": _service,
    "task": _task,
}
