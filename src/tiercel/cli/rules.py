"""`tiercel rules`: the rules that would run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tiercel.cli.issues import show_issues
from tiercel.cli.options import rules_option
from tiercel.cli.terminal import console, plural, shown
from tiercel.cli.written import json_line
from tiercel.hunt import choose_rules

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["rules_command"]

_EXIT_FAILED = 3


@click.command("rules", short_help="List the rules.")
@rules_option
@click.option("--format", "written_as", type=click.Choice(["table", "jsonl"]), default="table", show_default=True)
def rules_command(*, rules: tuple[Path, ...], written_as: str) -> int:
    """List the shipped rules, or those of --rules: id, severity, ATT&CK techniques and title.

    \b
    tiercel rules
    tiercel rules --rules ../detections --format jsonl
    """  # noqa: D301  click's mark for lines that keep their shape
    collection = choose_rules(rules or None)
    words = console(sys.stdout)
    if written_as == "jsonl":
        for rule in collection.rules:
            values = {
                name: getattr(rule, name) for name in ("id", "title", "severity", "confidence", "techniques", "os")
            }
            sys.stdout.write(json_line({**values, "path": rule.path}) + "\n")
    else:
        longest = max((len(shown(rule.id)) for rule in collection.rules), default=0)
        for rule in collection.rules:
            techniques = " ".join(rule.techniques)
            words.print(f"{shown(rule.id):<{longest}}  {rule.severity:<8}  {shown(techniques)}  {shown(rule.title)}")
        words.print(plural(len(collection.rules), "rule"), style="dim")
    told = console(sys.stderr)
    for document in collection.failed:
        show_issues(told, document.issues)
    show_issues(told, collection.warnings)
    return _EXIT_FAILED if collection.failed else 0
