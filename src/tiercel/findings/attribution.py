"""What is known of a finding beyond its evidence: who called, by which logon, what followed. Times are UTC.

Every fact carries the table and the raw event that tell it, as the steps of the evidence do; what nothing tells is
an `Unknown`, which names the log setting that would have told it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.findings.finding import Process

__all__ = ["Attribution", "Caller", "Followed", "Logon", "Mirror", "TreeProcess", "Unknown"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who called, and from where. `account` is the one that the calling process runs as on its own device.

    `known_by` says how the device is known: `mirror` (its own record of the connection), `address` (the address is the
    device's own), `logon` (the name that the caller gave at its logon, which the caller chooses), or empty.
    `process_known_by` says how the process is: `connection` (it made the connection), `credentials` (it used another
    account's credentials for the target), `another connection` (it had just connected to the target), `command line`
    (it names the target and had just started), or empty.
    """

    ip: str | None = None
    device: str | None = None
    device_id: str | None = None
    known_by: str = ""
    process: Process | None = None
    process_known_by: str = ""
    account: str | None = None
    logon_id: int | None = None
    time: datetime | None = None
    table: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Mirror:
    """A connection of the evidence as the device at its other end recorded it.

    `local_*` are the calling device's own ends. `apart` is by how many seconds its record is later than the target's:
    the way of the packets, and how far the two clocks stand apart. `is_exact` is false where only the target's end
    agrees, as behind address translation. `is_relay` marks a process that connects on behalf of others (System, RPCSS).
    """

    time: datetime
    text: str
    device: str | None
    device_id: str | None
    process: Process
    account: str | None
    local_ip: str | None
    local_port: int | None
    remote_ip: str | None
    remote_port: int | None
    apart: float
    is_exact: bool = True
    is_relay: bool = False
    table: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Logon:
    """The network logon on the target that the movement used.

    `tied_by` says how surely: `session` (what was started runs in it), `port` (it came over a connection of the
    evidence), `time` (same caller, same moment). `workstation` is the name that the caller gave for itself.
    """

    time: datetime
    text: str
    account: str | None
    logon_id: int | None
    package: str | None
    source_ip: str | None
    source_port: int | None
    workstation: str | None
    tied_by: str
    table: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """What happened on the target within ten minutes, in the caller's session or below what it started.

    `kind` is `process`, `service` or `task`; `tied_by` is `session` or `tree`.
    """

    time: datetime
    kind: str
    text: str
    tied_by: str
    process: Process | None = None
    account: str | None = None
    table: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class TreeProcess:
    """One process of a tree, in the order in which a tree is printed: each before its children, by time.

    `depth` counts from the oldest ancestor known. `role` is `ancestor`, `caller`, `server`, `child`, `descendant`.
    `source` is its start event; None where only its children tell of it.
    """

    depth: int
    role: str
    name: str | None
    pid: int | None
    command_line: str | None
    start: datetime | None
    account: str | None
    table: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be known, and which log setting would have told it.

    `what` is `calling device`, `calling process`, `connection`, `logon`, `session` or `command line`.
    """

    what: str
    text: str
    setting: str


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who did what to whom, as far as the telemetry tells. `sentence` says it in one plain sentence.

    `tree` is the target's process tree around server and child, `caller_tree` the calling device's around its process.
    """

    sentence: str
    caller: Caller
    logon: Logon | None = None
    mirrors: tuple[Mirror, ...] = ()
    followed: tuple[Followed, ...] = ()
    tree: tuple[TreeProcess, ...] = ()
    caller_tree: tuple[TreeProcess, ...] = ()
    unknown: tuple[Unknown, ...] = ()
