"""The easy form of a filter as KQL over one rule's result."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiercel.filters.filter import Allowance
    from tiercel.rules import Rule

__all__ = ["kql_of", "starts_processes"]


def starts_processes(rule: Rule) -> bool:
    """Whether the rule's result can name a process that was started. One without an evidence table may."""
    return not rule.evidence or any(step.role == "child" and step.process for step in rule.evidence)


def kql_of(allowance: Allowance, rule: Rule, groups: Mapping[str, tuple[str, ...]]) -> str:
    """The predicate on one line. The rule's evidence table says which columns hold the caller and what was started."""
    peer = next((step.peer for step in rule.evidence if step.peer), "RemoteIP")
    started = next((step.process for step in rule.evidence if step.role == "child" and step.process), "FileName")
    parts = []
    if allowance.sources:
        parts.append(_any(_addresses(peer, allowance.sources)))
    if allowance.devices:
        parts.append(_any(_names("DeviceName", [_device(each) for each in allowance.devices])))
    if allowance.device_groups:
        parts.append(_any(_groups(allowance.device_groups, groups)))
    if allowance.images:
        parts.append(_any(_names(started, [_pattern(each) for each in allowance.images])))
    return " and ".join(parts)


def _any(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"


def _addresses(column: str, networks: Sequence[str]) -> list[str]:
    """Whether the address lies in a range. Defender writes IPv4 callers as `::ffff:10.0.0.5` too."""
    by_version: dict[int, list[str]] = {}
    for each in networks:
        by_version.setdefault(ipaddress.ip_network(each).version, []).append(_text(each))
    found = []
    if 4 in by_version:
        plain = f'replace_string({column}, "::ffff:", "")'
        found.append(f"ipv4_is_in_any_range({plain}, dynamic([{', '.join(by_version[4])}]))")
    if 6 in by_version:
        found.append(f"ipv6_is_in_any_range({column}, dynamic([{', '.join(by_version[6])}]))")
    return [f"coalesce({each}, false)" for each in found]


def _groups(named: Sequence[str], groups: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Whether the device is of a group: of the document's own, else of Defender's device groups."""
    own = [pattern for each in named for pattern in groups.get(each.lower(), ())]
    others = [each for each in named if each.lower() not in groups]
    found = _names("DeviceName", [_device(each) for each in own]) if own else []
    if others:
        wanted = ", ".join(_text(each) for each in others)
        found.append(f"DeviceId in ((DeviceInfo | where MachineGroup in~ ({wanted}) | distinct DeviceId))")
    return found


def _names(column: str, patterns: Sequence[str]) -> list[str]:
    fitting = "|".join(patterns)
    return [f"{column} matches regex {_text(f'(?i)^({fitting})$')}"]


def _pattern(name: str) -> str:
    """A name as a regular expression, `*` and `?` standing for any signs and any one sign."""
    return "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in name)


def _device(name: str) -> str:
    """A device's name; one without a domain fits the device in any domain."""
    return _pattern(name) if "." in name else rf"{_pattern(name)}(\..*)?"


def _text(text: str) -> str:
    """A string of KQL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
