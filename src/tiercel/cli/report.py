"""What an import says of itself, in a few lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from tiercel.cli.issues import show_issues
from tiercel.cli.terminal import Words, moment, plural, shown, wrapped
from tiercel.errors import Issue, Severity

if TYPE_CHECKING:
    from tiercel.telemetry.report import ImportReport

__all__ = ["failed_inputs", "show_report"]

_MOST: Final = 6
"""So many reasons, clocks and names are listed one by one; the rest is counted."""


def failed_inputs(report: ImportReport) -> tuple[Issue, ...]:
    """The inputs that could not be read, or not to their end."""
    return tuple(issue for issue in report.issues if issue.severity is Severity.ERROR)


def show_report(words: Words, report: ImportReport) -> None:
    """Print what was read, kept, skipped and why, which clocks were set right, and what could not be read."""
    span = f", {moment(report.oldest)} to {moment(report.newest)} UTC" if report.newest else ""
    if report.files or not any(report.tables.values()):
        words.print(f"Read {plural(report.read, 'record')} of {plural(len(report.files), 'file')}{span}", style="bold")
        words.print(f"  kept {report.kept:,}, skipped {report.read - report.kept:,}")
    else:
        words.print(f"A lake of {plural(sum(report.tables.values()), 'row')}{span}", style="bold")
    reasons = list(report.skipped.items())
    for reason, count in reasons[:_MOST]:
        words.print(f"    {count:>9,}  {shown(reason)}", style="dim")
    if len(reasons) > _MOST:
        rest = sum(count for _, count in reasons[_MOST:])
        words.print(f"    {rest:>9,}  {plural(len(reasons) - _MOST, 'other reason')}", style="dim")
    filled = [f"{name} {count:,}" for name, count in report.tables.items() if count]
    if filled:
        words.print(wrapped(", ".join(filled), "  rows: ", "        ", words))
    told_twice = sum(report.duplicates.values())
    if told_twice:
        words.print(f"  {plural(told_twice, 'event')} told again of what another had told; counted once")
    _show_clocks(words, report)
    guessed = sum(count for how, count in report.orientation.items() if how.startswith("guessed"))
    if guessed:
        words.print(f"  which side is the device's own was guessed for {plural(guessed, 'connection')}")
    for name in report.names[:_MOST]:
        words.print(f"  {shown(name.device)} is also written {shown(', '.join(name.written))}", style="dim")
    show_issues(words, report.issues, "  ")


def _show_clocks(words: Words, report: ImportReport) -> None:
    for clock in report.clocks[:_MOST]:
        told = f"{clock.device}, {clock.clock} by {clock.offset:+.2f} s"
        known = f"({plural(clock.rows, 'row')}; known from {clock.known_from})"
        words.print(wrapped(shown(f"{told} {known}"), "  clock set right: ", "    ", words))
    if len(report.clocks) > _MOST:
        devices = Counter(clock.device for clock in report.clocks[_MOST:])
        words.print(f"  and {plural(len(report.clocks) - _MOST, 'more clock')} of {plural(len(devices), 'device')}")
