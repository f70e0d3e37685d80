"""Happenings as Sysmon events 1, 3, 5, 7, 11, 13 and 17 to 21: their event data, field by field, in Sysmon's order.

Event 3 is stamped by another clock than the rest: its UtcTime carries the host's skew, and its record is written
about a second after the connection. Before late 2019 it names the local side of an inbound connection as Source.
"""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import Any

from tiercel.simulate.records.identifiers import hexadecimal, logon_guid, process_guid
from tiercel.simulate.records.programs import Program, program

__all__ = ["SYSMON_KINDS", "Event", "sysmon_event"]

Row = dict[str, Any]
Event = tuple[int, dict[str, str]]
"""An event id and its event data."""

_INTEGRITY = {"System": "System", "High": "High", "Medium": "Medium", "Low": "Low", "AppContainer": "AppContainer"}
SYSMON_KINDS = ("start", "end", "connection", "pipe", "image", "registry", "file", "subscription")


def sysmon_event(kind: str, row: Row) -> Event:
    """The Sysmon event of a happening of one of SYSMON_KINDS."""
    event_id, data = _EVENTS[kind](row)
    if row["without_ids"]:
        data.pop("ProcessId", None)
    return event_id, data


def _guid(row: Row, process: str) -> str:
    return process_guid(row["machine"], row[f"{process}_pid"], row[f"{process}_start"])


def _user(row: Row, process: str) -> str:
    return f"{row[f'{process}_domain']}\\{row[f'{process}_user']}"


def _hashes(facts: Program) -> str:
    named = {"SHA1": facts.sha1, "MD5": facts.md5, "SHA256": facts.sha256, "IMPHASH": facts.imphash}
    return ",".join(f"{name}={digest.upper()}" for name, digest in named.items())


def _process_created(row: Row) -> Event:
    facts = program(row["process_image"])
    logon_id = row["process_logon_id"]
    data = {
        "RuleName": "-",
        "UtcTime": row["utc_time"],
        "ProcessGuid": _guid(row, "process"),
        "ProcessId": str(row["process_pid"]),
        "Image": row["process_image"],
        "FileVersion": facts.version or "-",
        "Description": facts.description or "-",
        "Product": facts.product or "-",
        "Company": facts.company or "-",
        "OriginalFileName": facts.base_name,
        "CommandLine": row["process_command_line"],
        "CurrentDirectory": "C:\\Windows\\system32\\",
        "User": _user(row, "process"),
        "LogonGuid": logon_guid(row["machine"], logon_id, row["process_logon_time"]),
        "LogonId": hexadecimal(logon_id),
        "TerminalSessionId": str(row["process_number"]),
        "IntegrityLevel": _INTEGRITY[row["process_integrity"]],
        "Hashes": _hashes(facts),
        "ParentProcessGuid": _guid(row, "parent"),
        "ParentProcessId": str(row["parent_pid"]),
        "ParentImage": row["parent_image"],
        "ParentCommandLine": row["parent_command_line"],
        "ParentUser": _user(row, "parent"),
    }
    if row["swapped"]:  # fields that the older Sysmon does not have
        del data["OriginalFileName"], data["ParentUser"]
    return 1, data


def _process_ended(row: Row) -> Event:
    return 5, {
        "RuleName": "-",
        "UtcTime": row["utc_time"],
        "ProcessGuid": _guid(row, "process"),
        "ProcessId": str(row["process_pid"]),
        "Image": row["process_image"],
    }


@cache
def _expanded(address: str) -> str:
    """An address as Sysmon writes it: IPv6 with every group, without leading zeros."""
    if ":" not in address:
        return address
    return ":".join(f"{int(group, 16):x}" for group in ipaddress.IPv6Address(address).exploded.split(":"))


def _connection(row: Row) -> Event:
    local = (_expanded(row["local_ip"]), row["local_port"])
    remote = (_expanded(row["remote_ip"]), row["remote_port"])
    source, destination = (local, remote) if row["initiated"] or row["swapped"] else (remote, local)
    is_ipv6 = "true" if ":" in local[0] else "false"
    return 3, {
        "RuleName": "-",
        "UtcTime": row["utc_time"],
        "ProcessGuid": _guid(row, "process"),
        "ProcessId": str(row["process_pid"]),
        "Image": row["process_image"],
        "User": _user(row, "process"),
        "Protocol": "tcp",
        "Initiated": "true" if row["initiated"] else "false",
        "SourceIsIpv6": is_ipv6,
        "SourceIp": source[0],
        "SourceHostname": "-",
        "SourcePort": str(source[1]),
        "SourcePortName": "-",
        "DestinationIsIpv6": is_ipv6,
        "DestinationIp": destination[0],
        "DestinationHostname": "-",
        "DestinationPort": str(destination[1]),
        "DestinationPortName": "-",
    }


def _pipe(row: Row) -> Event:
    return 17 if row["created"] else 18, {
        "RuleName": "-",
        "EventType": "CreatePipe" if row["created"] else "ConnectPipe",
        "UtcTime": row["utc_time"],
        "ProcessGuid": _guid(row, "process"),
        "ProcessId": str(row["process_pid"]),
        "PipeName": row["pipe"],
        "Image": row["process_image"],
        "User": _user(row, "process"),
    }


def _image(row: Row) -> Event:
    facts = program(row["image"])
    signed = bool(row["signature"])
    return 7, {
        "RuleName": "-",
        "UtcTime": row["utc_time"],
        "ProcessGuid": _guid(row, "process"),
        "ProcessId": str(row["process_pid"]),
        "Image": row["process_image"],
        "ImageLoaded": row["image"],
        "FileVersion": facts.version or "-",
        "Description": facts.description or "-",
        "Product": facts.product or "-",
        "Company": facts.company or "-",
        "OriginalFileName": facts.base_name,
        "Hashes": _hashes(facts),
        "Signed": "true" if signed else "false",
        "Signature": row["signature"] or "-",
        "SignatureStatus": "Valid" if signed else "Unavailable",
        "User": _user(row, "process"),
    }


def _registry(row: Row) -> Event:
    return 13, {
        "RuleName": "-",
        "EventType": "SetValue",
        "UtcTime": row["utc_time"],
        "ProcessGuid": _guid(row, "process"),
        "ProcessId": str(row["process_pid"]),
        "Image": row["process_image"],
        "TargetObject": f"{row['key']}\\{row['value']}",
        "Details": row["data"],
        "User": _user(row, "process"),
    }


def _file(row: Row) -> Event:
    return 11, {
        "RuleName": "-",
        "UtcTime": row["utc_time"],
        "ProcessGuid": _guid(row, "process"),
        "ProcessId": str(row["process_pid"]),
        "Image": row["process_image"],
        "TargetFilename": row["path"],
        "CreationUtcTime": row["utc_time"],
        "User": _user(row, "process"),
    }


def _subscription(row: Row) -> Event:
    common = {"RuleName": "-", "UtcTime": row["utc_time"], "Operation": "Created", "User": _user(row, "session")}
    name = row["name"]
    match row["part"]:
        case "filter":
            query = {"EventNamespace": ' "root\\\\cimv2"', "Name": f' "{name}"', "Query": f' "{row["text"]}"'}
            return 19, {"EventType": "WmiFilterEvent", **common, **query}
        case "consumer":
            script = {"Name": f' "{name}"', "Type": "Script", "Destination": f' "{row["text"]}"'}
            return 20, {"EventType": "WmiConsumerEvent", **common, **script}
        case _:
            consumer = {"Consumer": f' "ActiveScriptEventConsumer.Name=\\"{name}\\""'}
            return 21, {
                "EventType": "WmiBindingEvent",
                **common,
                **consumer,
                "Filter": f' "__EventFilter.Name=\\"{name}\\""',
            }


_EVENTS = {
    "start": _process_created,
    "end": _process_ended,
    "connection": _connection,
    "pipe": _pipe,
    "image": _image,
    "registry": _registry,
    "file": _file,
    "subscription": _subscription,
}
