"""The named values of a Security or System event, from the English text that Windows renders of it.

What keeps only the text (Get-WinEvent, forwarders of text) keeps no names; the labels under their headings stand for
them. Labels and names are those of Microsoft Learn's page of each event.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["fields_of_message"]

_HEADING: Final = re.compile(r"^(\S[^:\t]*):\s*$")
_LABEL: Final = re.compile(r"^\s*([A-Z][^:\t]*):\s*(.*?)\s*$")


def _account(prefix: str) -> dict[str, str]:
    names = {
        "Security ID": "UserSid",
        "Account Name": "UserName",
        "Account Domain": "DomainName",
        "Logon ID": "LogonId",
    }
    return {label: prefix + name for label, name in names.items()}


_SUBJECT: Final = {"Subject": _account("Subject"), "Creator Subject": _account("Subject")}
_SOURCE: Final = {"Source Address": "IpAddress", "Source Port": "IpPort"}
_LOGON: Final = {
    **_SUBJECT,
    "": {"Logon Type": "LogonType"},
    "Logon Information": {"Logon Type": "LogonType"},
    "New Logon": _account("Target"),
    "Account For Which Logon Failed": _account("Target"),
    "Account Whose Credentials Were Used": _account("Target"),
    "Target Server": {"Target Server Name": "TargetServerName", "Additional Information": "TargetInfo"},
    "Failure Information": {"Status": "Status", "Sub Status": "SubStatus"},
    "Process Information": {
        "Process ID": "ProcessId",
        "Caller Process ID": "ProcessId",
        "Process Name": "ProcessName",
        "Caller Process Name": "ProcessName",
    },
    "Network Information": {
        "Workstation Name": "WorkstationName",
        "Source Network Address": "IpAddress",
        "Source Port": "IpPort",
        "Network Address": "IpAddress",
        "Port": "IpPort",
    },
    "Detailed Authentication Information": {
        "Logon Process": "LogonProcessName",
        "Authentication Package": "AuthenticationPackageName",
    },
}
_CONNECTION: Final = {
    "Application Information": {"Process ID": "ProcessID", "Application Name": "Application"},
    "Network Information": {
        "Direction": "Direction",
        "Source Address": "SourceAddress",
        "Source Port": "SourcePort",
        "Destination Address": "DestAddress",
        "Destination Port": "DestPort",
        "Protocol": "Protocol",
    },
}
_EVENTS: Final[dict[int, dict[str, dict[str, str]]]] = {
    4624: _LOGON,
    4625: _LOGON,
    4648: _LOGON,
    4688: {
        **_SUBJECT,
        "Target Subject": _account("Target"),
        "Process Information": {
            "New Process ID": "NewProcessId",
            "New Process Name": "NewProcessName",
            "Token Elevation Type": "TokenElevationType",
            "Mandatory Label": "MandatoryLabel",
            "Creator Process ID": "ProcessId",
            "Creator Process Name": "ParentProcessName",
            "Process Command Line": "CommandLine",
        },
    },
    4689: {**_SUBJECT, "Process Information": {"Process ID": "ProcessId", "Process Name": "ProcessName"}},
    4697: {
        **_SUBJECT,
        "Service Information": {
            "Service Name": "ServiceName",
            "Service File Name": "ServiceFileName",
            "Service Type": "ServiceType",
            "Service Start Type": "ServiceStartType",
            "Service Account": "ServiceAccount",
        },
    },
    4698: {**_SUBJECT, "Task Information": {"Task Name": "TaskName"}},
    5140: {**_SUBJECT, "Network Information": _SOURCE, "Share Information": {"Share Name": "ShareName"}},
    5145: {
        **_SUBJECT,
        "Network Information": _SOURCE,
        "Share Information": {"Share Name": "ShareName", "Relative Target Name": "RelativeTargetName"},
        "Access Request Information": {"Access Mask": "AccessMask"},
    },
    5156: _CONNECTION,
    5157: _CONNECTION,
    7045: {
        "": {
            "Service Name": "ServiceName",
            "Service File Name": "ImagePath",
            "Service Type": "ServiceType",
            "Service Start Type": "StartType",
            "Service Account": "AccountName",
        }
    },
}
_DIRECTIONS: Final = {"Inbound": "%%14592", "Outbound": "%%14593"}


def fields_of_message(event_id: int, message: str) -> dict[str, str]:
    r"""The values under the labels that are known of the event; none for another language or an unknown event.

    >>> fields_of_message(5145, "A share.\n\nShare Information:\n\tShare Name:\t\t\\\\*\\IPC$\n")
    {'ShareName': '\\\\*\\IPC$'}
    """
    known = _EVENTS.get(event_id)
    if known is None:
        return {}
    found: dict[str, str] = {}
    heading = ""
    for line in message.splitlines():
        if label := _LABEL.match(line):
            name = known.get(heading, {}).get(label[1]) or known.get("", {}).get(label[1])
            if name is not None and label[2]:
                value = _DIRECTIONS.get(label[2], label[2]) if name == "Direction" else label[2]
                found.setdefault(name, value)
                continue
        if top := _HEADING.match(line):
            heading = top[1]
    return found
