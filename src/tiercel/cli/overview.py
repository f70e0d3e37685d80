"""Findings at a glance: two lines each, for a terminal of any width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.cli.terminal import Line, Words, moment, plural, shown, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.findings import Finding, MovementPath

__all__ = ["STYLES", "caller_of", "short_id", "short_name", "show_chains", "show_overview"]

STYLES: Final = {"critical": "bold red", "high": "bold red", "medium": "bold yellow"}
_LEAST: Final = 6
"""An id is shown with at least so many of its digits."""
_MOST: Final = 8
"""So many hosts of a chain are named."""
_REST: Final = " " * 15


def show_overview(words: Words, findings: Sequence[Finding]) -> None:
    """Print two lines a finding: when, how bad, how sure, what; then who from where to where, and its id."""
    if not findings:
        return
    words.print()
    words.print(f"{'#':>3}  {'time (UTC)':<23}  {'severity':<8}  {'sure':<6}  what", style="dim")
    digits = short_id(findings)
    for number, finding in enumerate(findings, 1):
        line = Line(f"{number:>3}  {moment(finding.first_time):<23}  ")
        line.append(f"{finding.severity:<8}", STYLES.get(finding.severity, "bold"))
        line.append(f"  {finding.confidence:<6}  ")
        line.append(shown(finding.title), "bold")
        line.append(f"  {shown(' '.join(finding.techniques))}", "dim")
        if finding.recurring:
            line.append(f"  recurs, {plural(finding.recurring.times, 'time')}", "dim")
        words.print(line)
        words.print(wrapped(shown(_movement(finding)), f"     {finding.id[:digits]:<8}  ", _REST, words))


def show_chains(words: Words, paths: Sequence[MovementPath]) -> None:
    """Print a line for each of the first paths of more than one hop in a row: its longest chain."""
    chains = [path for path in paths if path.depth > 1]
    if not chains:
        return
    words.print()
    for path in chains[:3]:
        chain = path.longest
        drawn = " > ".join(short_name(host) for host in (chain[0].source, *(hop.target for hop in chain[:_MOST])))
        rest = f" and {len(chain) - _MOST} more" if len(chain) > _MOST else ""
        told = f"{plural(len(chain), 'hop')}: {drawn}{rest}; `tiercel paths` shows them"
        words.print(wrapped(shown(told), "path  ", "      ", words), style="bold")
    if len(chains) > 3:
        words.print(f"      and {plural(len(chains) - 3, 'more path')}")


def short_id(findings: Sequence[Finding]) -> int:
    """How many digits of an id tell these findings apart."""
    ids = sorted({finding.id for finding in findings})
    longest = max((len(each) for each in ids), default=_LEAST)
    return next((count for count in range(_LEAST, longest) if len({each[:count] for each in ids}) == len(ids)), longest)


def short_name(device: str | None) -> str:
    """The device's name without its domain; an address stays whole."""
    name = device or "unknown"
    first, _, rest = name.partition(".")
    return name if not rest or first.isdigit() or ":" in name else first


def caller_of(finding: Finding) -> str:
    """The calling device as far as it is known, with the address that the target saw."""
    told = finding.attribution.caller.device if finding.attribution else None
    device = told or finding.peer_name
    if device and finding.peer_ip:
        return f"{short_name(device)} ({finding.peer_ip})"
    return short_name(device or finding.peer_ip)


def _movement(finding: Finding) -> str:
    """Who, with what, from where to where, and what it reached there."""
    process = finding.attribution.caller.process if finding.attribution else None
    source = f"{process.name} on {caller_of(finding)}" if process and process.name else caller_of(finding)
    who = finding.account or "unknown account"
    reached = " > ".join(each.name for each in (finding.server, finding.child) if each and each.name)
    return f"{who}, {source} -> {short_name(finding.device)}" + (f": {reached}" if reached else "")
