"""`tiercel hunt`: rules over a folder of logs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tiercel.cli.findings import finding_csv, show_findings
from tiercel.cli.issues import show_issues
from tiercel.cli.options import (
    as_of_option,
    channels_option,
    format_option,
    out_option,
    paths_argument,
    rules_option,
    save_option,
)
from tiercel.cli.progress import progress_shown
from tiercel.cli.report import show_report
from tiercel.cli.terminal import console, plural, shown
from tiercel.cli.written import json_line, opened
from tiercel.findings import as_json
from tiercel.hunt import hunt
from tiercel.saved import dump

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from rich.console import Console

    from tiercel.hunt import Result

__all__ = ["hunt_command"]

_EXIT_FOUND = 1
_EXIT_FAILED = 3


@click.command("hunt", short_help="Hunt telemetry with rules; print the findings.")
@paths_argument
@rules_option
@format_option
@out_option
@as_of_option
@channels_option
@save_option
def hunt_command(
    *,
    paths: tuple[Path, ...],
    rules: tuple[Path, ...],
    written_as: str,
    out: Path | None,
    as_of: datetime | None,
    channels: tuple[str, ...],
    save: Path | None,
) -> int:
    """Hunt the telemetry at PATH with rules, and print what they find, each step with its raw event.

    PATH is a file, a folder (read recursively), an archive or a lake. Files are known by their content: EVTX; Windows
    events as JSON from Winlogbeat, NXLog or evtx_dump; Defender's streaming records, portal CSV and tables as Parquet.

    \b
    tiercel hunt evidence/                           with every shipped rule
    tiercel hunt evidence/ --rules rules/            with your own
    tiercel hunt dc1.evtx --format jsonl > found.jsonl
    tiercel hunt evidence/ --as-of 2026-07-14T12:00:00Z
    tiercel hunt evidence/ --save case.json          all of the result, for later

    \b
    Exit codes: 0 nothing found, 1 findings, 2 wrong use,
    3 an input could not be read or a rule did not run (findings are printed all the same).
    """  # noqa: D301  click's mark for lines that keep their shape
    with progress_shown() as progress:
        result = hunt(paths, rules or None, as_of=as_of, channels=channels or None, progress=progress)
    if save is not None:
        with opened(save) as file:
            file.write(dump(result) + "\n")
    with opened(out) as file:
        match written_as:
            case "jsonl":
                file.writelines(json_line(as_json(finding)) + "\n" for finding in result.findings)
            case "csv":
                file.writelines(finding_csv(result.findings))
            case _:
                words = console(file)
                show_report(words, result.report)
                show_findings(words, result.findings)
    show_ending(console(sys.stdout if written_as == "table" and out is None else sys.stderr), result, written_as)
    if not result.is_complete:
        return _EXIT_FAILED
    return _EXIT_FOUND if result.findings else 0


def show_ending(words: Console, result: Result, written_as: str) -> None:
    """Print what a reader of the findings must know: what was not looked at, and the count."""
    if written_as != "table":
        show_report(words, result.report)
    for failure in result.rules_failed:
        words.print(f"Did not run: {shown(failure.rule_id or failure.path)}", style="bold red")
        show_issues(words, failure.issues, "  ")
    show_issues(words, result.warnings)
    rows = plural(len(result.findings), "finding")
    ran = plural(len(result.rules_run), "rule")
    not_run = f", {plural(len(result.rules_failed), 'rule')} did not run" if result.rules_failed else ""
    words.print(f"{rows}; {ran} ran{not_run}", style="bold")
