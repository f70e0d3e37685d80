"""What each link of a finding means to a reader, and which log would have told the ones that are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.report.context import Link
from tiercel.report.words import text

if TYPE_CHECKING:
    from tiercel.findings import Finding

__all__ = ["links_of"]

_CONNECTIONS: Final = "Sysmon 3, Security 5156 or Defender on the target"
_PROCESSES: Final = "Sysmon 1, Security 4688 or Defender on the target"

_MEANING: Final = {
    "epm": ("The caller first asked on port 135 where the server is", _CONNECTIONS),
    "call": ("The caller connected to the server process's own port", _CONNECTIONS),
    "activation": ("The server process was started for this caller", _PROCESSES),
    "session": (
        "What ran carries the logon session of the caller",
        "Security 4624 on the target, and process events with their LogonId",
    ),
    "pipe": ("The caller opened the service's named pipe", "Security 5145 (detailed file share) or Sysmon 18"),
    "smb": ("The caller connected to port 445 just before", _CONNECTIONS),
    "rpc": ("The sensor names the interface and operation called", "Defender's InboundRemoteRpcCall"),
    "service": ("A service was installed or changed", "Security 4697 or System 7045"),
    "task": ("A scheduled task was registered", "Security 4698 (other object access events)"),
    "subscription": ("A WMI event subscription was registered", "Sysmon 19 to 21, or WMI-Activity 5861"),
    "registry": ("The server wrote the registry", "Sysmon 13, or Defender's registry events"),
    "child": ("The server started a process", _PROCESSES),
}
"""Of each link: what it says, and what tells it (docs/telemetry.md)."""

_EXPECTED: Final = {
    "dcom": ("epm", "call", "activation", "session", "child"),
    "scm": ("epm", "call", "pipe", "session", "service", "child"),
    "wmi": ("epm", "call", "session", "child"),
    "task": ("epm", "call", "session", "task", "child"),
    "session": ("session", "activation", "child"),
}
"""The links that a movement of a family can have, in the order in which they happen."""

_INSTEAD: Final = {"pipe": {"epm", "call"}, "epm": {"pipe", "smb", "rpc"}, "call": {"pipe", "smb", "rpc"}}
"""Links that are not missed where another way was taken: over a pipe nothing asks on port 135."""


def links_of(finding: Finding) -> tuple[Link, ...]:
    """The links of a finding's family, seen and missing; then those that were seen besides."""
    seen = set(finding.links)
    expected = _EXPECTED.get(finding.family or "", ())
    missing = [each for each in expected if each not in seen and not seen & _INSTEAD.get(each, set())]
    named = [each for each in expected if each in seen or each in missing]
    named += [each for each in finding.links if each not in named]
    return tuple(_link(name, is_seen=name in seen) for name in named)


def _link(name: str, *, is_seen: bool) -> Link:
    meaning, told_by = _MEANING.get(name, (name, ""))
    return Link(text(name, 80), text(meaning, 200), is_seen, "" if is_seen else told_by)
