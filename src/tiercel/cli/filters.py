"""`tiercel filters`: filters proposed from what people closed as benign, and what a watch's filters took."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tiercel.cli.options import out_option, store_option
from tiercel.cli.terminal import console, plural, shown
from tiercel.cli.written import json_line, opened

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["filters_command"]


@click.group("filters", short_help="Propose environment filters, review what they took.")
def filters_command() -> None:
    """Propose environment filters, and review what they took. How they are written and applied: docs/filters.md.

    \b
    tiercel filters suggest --store cases.db --out proposed.yaml
    tiercel filters taken --store alerts.db --out taken.jsonl
    """  # noqa: D301  click's mark for lines that keep their shape


@filters_command.command("suggest", short_help="Propose filters from alerts closed as benign.")
@store_option
@click.option("--rule", metavar="ID", help="Only filters for this rule.")
@out_option
def suggest_command(*, store: str | None, rule: str | None, out: Path | None) -> None:
    """Propose, from alerts closed as benign, the narrowest filters that would have taken them, as YAML.

    Nothing is applied: read each one, narrow it further, and copy into your file of filters what you answer for. A
    filter that would also have taken a true positive is not proposed; one that would take alerts which nobody has
    closed yet says which.

    \b
    tiercel filters suggest --store cases.db --out proposed.yaml
    tiercel check proposed.yaml
    tiercel hunt evidence/ --filters proposed.yaml --suppressed taken.jsonl
    """  # noqa: D301  click's mark for lines that keep their shape
    from tiercel.alerts import AlertStore  # noqa: PLC0415  sqlalchemy is slow to import
    from tiercel.alerts.suggestion import as_yaml, suggest  # noqa: PLC0415  sqlalchemy is slow to import

    with AlertStore.open(store, is_new=False) as opened_store:
        found = suggest(opened_store, rule)
    with opened(out) as file:
        file.write(as_yaml(found, datetime.now(UTC).date()))
    proposed = sum(1 for each in found if not each.refused)
    refused = f", {len(found) - proposed} not to be had narrow enough" if len(found) > proposed else ""
    console(sys.stderr).print(f"{plural(proposed, 'filter')} proposed{refused}; none is in force", style="bold")


@filters_command.command("taken", short_help="Review what filters took from a watch.")
@store_option
@click.option("--filter", "names", metavar="ID", multiple=True, help="Only what this filter took; may be repeated.")
@out_option
def taken_command(*, store: str | None, names: tuple[str, ...], out: Path | None) -> None:
    """Show what environment filters took while `tiercel watch` ran: findings that became no alert, newest first.

    The newest 1,000 of each filter are kept, and a count of all. One JSON object a line, each with `suppressed_by`, as
    `tiercel hunt --suppressed` writes them. The counts go to standard error.

    \b
    tiercel filters taken --store alerts.db
    tiercel filters taken --store alerts.db --filter deployment-from-mgmt01 --out taken.jsonl
    """  # noqa: D301  click's mark for lines that keep their shape
    from tiercel.alerts import AlertStore  # noqa: PLC0415  sqlalchemy is slow to import
    from tiercel.findings import as_json  # noqa: PLC0415  as above
    from tiercel.watch.taken import taken, totals  # noqa: PLC0415  as above

    with AlertStore.open(store, is_new=False) as opened_store:
        found = taken(opened_store, names)
        counted = [each for each in totals(opened_store) if not names or each.filter in names]
    with opened(out) as file:
        file.writelines(json_line({**as_json(each.finding), "suppressed_by": each.filter}) + "\n" for each in found)
    words = console(sys.stderr)
    if not counted:
        words.print("no filter took anything from a watch of this store", style="bold")
    for each in counted:
        more = f", the newest {each.kept:,} kept" if each.kept < each.rows else ""
        words.print(f"{shown(each.filter)} took {plural(each.rows, 'finding')} of {shown(each.rule)}{more}")
