"""Hosts by the shortest name that tells one from another."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tiercel.report.words import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiercel.findings import Finding

__all__ = ["Hosts"]


class Hosts:
    """The names of a result's hosts, in lower case as names of hosts know no other.

    >>> hosts = Hosts(["WS1.one.example", "dc.one.example", "dc.two.example"])
    >>> hosts.named("ws1"), hosts.named("DC.one.example"), hosts.named("10.0.0.5"), hosts.named(None)
    ('ws1', 'dc.one.example', '10.0.0.5', 'unknown')
    """

    def __init__(self, names: Iterable[str | None]) -> None:
        self._full: dict[str, set[str]] = defaultdict(set)
        for name in names:
            if name and not _is_address(name) and "." in name:
                self._full[name.partition(".")[0].lower()].add(name.lower())

    def named(self, name: str | None) -> str:
        """The host's name without its domain, unless another host of the result has the same; an address as it is."""
        if not name:
            return "unknown"
        if _is_address(name):
            return text(name, 160)
        short = name.partition(".")[0].lower()
        return text(short if short and len(self._full[short]) < 2 else name.lower(), 160)

    def caller_of(self, finding: Finding) -> str:
        """The calling host by its name where telemetry tells it, else by its address.

        A name that the caller gave for itself is its own choice, and names it only where there is no address.
        """
        caller = finding.attribution.caller if finding.attribution else None
        if caller is None:
            return self.named(finding.peer_name or finding.peer_ip)
        told = caller.device if caller.known_by != "logon" else None
        return self.named(told or finding.peer_ip or caller.ip or caller.device or finding.peer_name)


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()
