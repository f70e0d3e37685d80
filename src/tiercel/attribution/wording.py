"""What is said of a finding in words: one plain sentence, and what nothing tells with the setting that would have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.findings import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiercel.findings import Caller, Finding, Logon, Mirror, Process

__all__ = ["sentence", "unknowns"]

_CONNECTIONS = "Sysmon event 3 (network connection) or Audit Filtering Platform Connection (Security 5156) on {}"
_LOGONS = "Audit Logon (Security 4624) on {}"
_PROCESSES = "Sysmon event 1 or Audit Process Creation (Security 4688) on {}"
_COMMAND_LINES = "`Include command line in process creation events` (for Security 4688) or Sysmon event 1 on {}"


def sentence(finding: Finding, caller: Caller, used: str | None) -> str:
    """Who did what to which device, `used` being the account on the target, as far as it is known."""
    account = caller.account if caller.process else None
    where = caller.device or finding.peer_name or finding.peer_ip or "another host"
    if caller.known_by == "logon" and finding.peer_ip:  # an attacker chooses that name
        where = f"{finding.peer_ip}, calling itself {caller.device},"
    if caller.process is not None and caller.process.name:
        who = f"{caller.process.name} on {where}" + (f", run by {account}," if account else "")
    else:
        who = where
    text = f"{who} reached {_served(finding)} on {finding.device or 'this device'}"
    if used and not _same(used, account):
        text += f" as {used}"
    if finding.child and finding.child.name and not _is_same_process(finding.child, finding.server):
        text += f" and had {finding.child.name} started there"
    return text


def _served(finding: Finding) -> str:
    if finding.server and finding.server.name:
        return finding.server.name
    return {"scm": "services.exe", "wmi": "WMI", "task": "the Task Scheduler"}.get(finding.family or "", "a server")


def _same(one: str | None, other: str | None) -> bool:
    """Whether two accounts are one, as far as both tell; a domain is written in many ways."""
    return (one or "").rpartition("\\")[2].lower() == (other or "").rpartition("\\")[2].lower()


def _is_same_process(one: Process, other: Process | None) -> bool:
    return other is not None and one.pid == other.pid and one.name == other.name


def unknowns(
    finding: Finding, caller: Caller, logon: Logon | None, mirrors: Sequence[Mirror], *, has_connection: bool
) -> Iterator[Unknown]:
    """What nothing tells of this finding."""
    target = finding.device or "the target"
    source = caller.device or "the calling device"
    address = finding.peer_ip or "the caller"
    if caller.device is None:
        yield Unknown(
            "calling device",
            f"no device of this telemetry is known to hold {address}; what called from there is not known either",
            f"{_CONNECTIONS.format('the device that holds ' + address)}; behind NAT or DHCP, their logs",
        )
    elif caller.process is None:
        yield _unknown_process(mirrors, source)
    elif caller.process_known_by in {"another connection", "command line"}:
        how = "names the target" if caller.process_known_by == "command line" else "had just connected to the target"
        yield Unknown(
            "calling process",
            f"that {caller.process.name} is behind it is inferred: it {how}; the connection is another process's",
            f"Audit Logon (Security 4648) on {source}, where other credentials are used",
        )
    if not has_connection:
        yield Unknown("connection", f"the connection itself was not recorded on {target}", _CONNECTIONS.format(target))
    if logon is None:
        yield Unknown("logon", f"no logon of {address} was recorded on {target} at that time", _LOGONS.format(target))
    elif logon.tied_by == "time":
        yield Unknown(
            "session",
            "the logon is known by caller and time alone; nothing ties what was started to it",
            f"{_PROCESSES.format(target)}, which carry the LogonId",
        )
    for process in dict.fromkeys(each for each in (finding.server, finding.child) if each):
        is_started = process is finding.child or finding.strength == "activation"
        if process.name and is_started and not process.command_line:
            yield Unknown("command line", f"the command line of {process.name}", _COMMAND_LINES.format(target))


def _unknown_process(mirrors: Sequence[Mirror], source: str) -> Unknown:
    if mirrors:
        relays = ", ".join(dict.fromkeys(each.process.name or "an unnamed process" for each in mirrors))
        return Unknown(
            "calling process",
            f"{relays} on {source} connected on behalf of a process that no record names",
            f"{_PROCESSES.format(source)} with command lines; Audit Logon (4648) where other credentials are used",
        )
    return Unknown(
        "calling process",
        f"the process on {source} that called: its side of the connection was not recorded",
        _CONNECTIONS.format(source),
    )
