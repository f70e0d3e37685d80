"""`tiercel show`: one finding in full."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from tiercel.cli.details import show_finding, show_response
from tiercel.cli.given import given_result
from tiercel.cli.options import PLACE, as_of_option, result_option, rules_option
from tiercel.cli.terminal import console, plural, shown
from tiercel.cli.written import json_line
from tiercel.errors import UsageError
from tiercel.findings import as_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from tiercel.findings import Finding
    from tiercel.tables.places import Place

__all__ = ["show_command"]

_EXIT_FAILED: Final = 3


@click.command("show", short_help="Show one finding in full: its timeline, its processes, what to do.")
@click.argument("finding_id", metavar="ID")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=PLACE)
@result_option
@rules_option
@as_of_option
@click.option("--json", "as_data", is_flag=True, help="Print the finding as one JSON object instead.")
def show_command(
    *,
    finding_id: str,
    paths: tuple[Place, ...],
    saved: Path | None,
    rules: tuple[Path, ...],
    as_of: datetime | None,
    as_data: bool,
) -> int:
    """Show the finding ID in full: who called and from where, a timeline of both sides, the processes, what to do.

    ID is a finding's id or the beginning of one, as `tiercel hunt` prints it. The finding is read from a saved result;
    for telemetry at PATH the hunt is made again.

    \\b
    tiercel hunt evidence/ --save case.json
    tiercel show c18776 --result case.json
    tiercel hunt evidence/ --out found.jsonl
    tiercel show c18776 --result found.jsonl
    tiercel show c18776 evidence/

    \\b
    Exit codes: 0 shown, 2 wrong use or no such finding, 3 an input or a rule failed.
    """  # noqa: D301  click's mark for lines that keep their shape
    result, is_saved = given_result(paths, saved, rules, as_of)
    finding = _found(finding_id, result.findings)
    if as_data:
        sys.stdout.write(json_line(as_json(finding)) + "\n")
    else:
        words = console(sys.stdout)
        show_finding(words, finding)
        told = {run.rule.id: run.rule for run in result.rules_run}
        named = finding.rules or (finding.rule_id,)
        show_response(words, [told[name] for name in named[:1] if name in told])
    return 0 if is_saved or result.is_complete else _EXIT_FAILED


def _found(wanted: str, findings: Sequence[Finding]) -> Finding:
    """The finding whose id begins so."""
    fitting = [finding for finding in findings if finding.id.startswith(wanted.lower())]
    if len({finding.id for finding in fitting}) == 1:
        return fitting[0]
    if not fitting:
        known = ", ".join(finding.id for finding in findings[:5])
        there = f"it has {plural(len(findings), 'finding')}: {known}" if findings else "it has no finding"
        raise UsageError(f"no finding's id begins with {shown(wanted)}; {there}{', ...' if len(findings) > 5 else ''}")
    ids = ", ".join(sorted(finding.id for finding in fitting)[:5])
    raise UsageError(f"{plural(len(fitting), 'finding')} begin with {shown(wanted)}: {ids}; give more digits")
