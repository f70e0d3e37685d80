"""`tiercel lake`: what stands in a lake, whether it is sound, and putting its parts together."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import click

from tiercel.cli.amounts import DURATION, megabytes
from tiercel.cli.issues import show_issues
from tiercel.cli.options import STANDING_LAKE
from tiercel.cli.progress import line_shown
from tiercel.cli.terminal import console, moment, plural
from tiercel.cli.written import json_line
from tiercel.errors import Severity
from tiercel.tables.lake import KEEP, Dataset, clean, compact

if TYPE_CHECKING:
    from datetime import timedelta

    from tiercel.errors import Issue
    from tiercel.tables.lake import Part
    from tiercel.tables.places import Place

__all__ = ["lake_command"]

_EXIT_FAILED: Final = 3

_lake_argument = click.argument("lake", metavar="LAKE", type=STANDING_LAKE)


@click.group("lake")
def lake_command() -> None:
    """Look into a lake, check it, compact it. `tiercel import` fills one, `tiercel hunt` and `query` read it."""


@lake_command.command("info")
@_lake_argument
@click.option("--format", "written_as", type=click.Choice(["table", "json"]), default="table", show_default=True)
def info_command(*, lake: Place, written_as: str) -> int:
    """Show what stands in LAKE: for each table rows, days, devices, parts and size, and the commits behind them."""
    dataset = Dataset.open(lake)
    tables = {name: _told(dataset, parts) for name, parts in dataset.tables.items() if parts}
    kinds = Counter(str(commit.operation) for commit in dataset.commits(dataset.oldest_commit - 1))
    words = console(sys.stdout)
    if written_as == "json":
        facts = {"lake": str(lake), "version": dataset.version, "commits": kinds, "inputs": len(dataset.inputs)}
        sys.stdout.write(json_line({**facts, "tables": tables}) + "\n")
    else:
        longest = max(map(len, tables), default=0)
        for name, told in tables.items():
            words.print(
                f"{name:<{longest}}  {told['rows']:>13,} rows  {told['days']:>5,} days  {told['devices']:>7,} devices"
                f"  {told['parts']:>6,} parts  {megabytes(told['bytes']):>10}"
                f"  {moment(told['oldest'])} to {moment(told['newest'])}"
            )
        if not tables:
            words.print("The lake holds no rows.")
        commits = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        words.print(
            f"{plural(dataset.version, 'commit')}{f' ({commits})' if commits else ''},"
            f" {plural(len(dataset.inputs), 'file')} imported",
            style="bold",
        )
    return _ended(dataset.issues)


@lake_command.command("compact")
@_lake_argument
@click.option(
    "--keep",
    type=DURATION,
    default=KEEP,
    show_default="24h",
    help="Files that were replaced stay so long for those who are still reading them, and files of unfinished imports.",
)
def compact_command(*, lake: Place, keep: timedelta) -> int:
    """Merge small parts of LAKE into sorted ones of up to 256 MB, and delete files that nobody can want any more.

    Imports, hunts and queries may go on meanwhile: none sees a row twice or misses one.
    """
    with line_shown() as line:
        done = compact(
            lake,
            progress=lambda day, number, days: line(f"merging {number + 1:,} of {days:,}: {day}"),
        )
    cleaned = clean(lake, keep=keep)
    words = console(sys.stdout)
    words.print(
        f"{plural(done.parts_before, 'part')} of {megabytes(done.bytes_before)} before, {done.parts_after:,} of"
        f" {megabytes(done.bytes_after)} now; {plural(done.rows_merged, 'row')} merged",
        style="bold",
    )
    if done.overtaken:
        words.print(f"{plural(done.overtaken, 'part')} left to another compaction that was faster")
    words.print(
        f"Deleted: {plural(cleaned.replaced, 'replaced part')}, {plural(cleaned.unacknowledged, 'part')} uncommitted,"
        f" {plural(cleaned.staged, 'folder')} of stopped writers, {plural(cleaned.records, 'old record')} of the log"
    )
    if cleaned.kept:
        words.print(f"{plural(cleaned.kept, 'replaced part')} kept for those who may still read, until --keep is over")
    show_issues(console(sys.stderr), done.issues)
    return _ended(tuple(done.issues))


@lake_command.command("check")
@_lake_argument
def check_command(*, lake: Place) -> int:
    """Read LAKE whole, log and parts, and name every file that is not as it was written.

    Exit codes: 0 all is sound, 3 something is damaged.
    """
    dataset = Dataset.open(lake)
    issues = [*dataset.issues, *(issue for _, issue in dataset.damaged())]
    versions = sum(1 for _ in dataset.commits(dataset.oldest_commit - 1))
    parts = sum(len(parts) for parts in dataset.tables.values())
    show_issues(console(sys.stderr), issues)
    found = plural(len(issues), "issue") if issues else "all sound"
    checked = f"{plural(parts, 'part')} and {plural(versions, 'commit')}"
    console(sys.stdout).print(f"{checked} checked: {found}", style="bold")
    return _ended(tuple(issues))


def _told(dataset: Dataset, parts: tuple[Part, ...]) -> dict[str, Any]:
    """A table's facts, named as the JSON names them."""
    return {
        "rows": sum(part.rows for part in parts),
        "days": len({part.day for part in parts if part.day is not None}),
        "devices": len(dataset.devices(parts)),
        "parts": len(parts),
        "bytes": sum(part.bytes for part in parts),
        "oldest": min((part.first for part in parts if part.first is not None), default=None),
        "newest": max((part.last for part in parts if part.last is not None), default=None),
    }


def _ended(issues: tuple[Issue, ...]) -> int:
    return _EXIT_FAILED if any(issue.severity is Severity.ERROR for issue in issues) else 0
