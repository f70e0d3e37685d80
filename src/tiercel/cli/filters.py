"""`tiercel filters`: environment filters proposed from what people closed as benign."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tiercel.cli.options import out_option, store_option
from tiercel.cli.terminal import console, plural
from tiercel.cli.written import opened

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["filters_command"]


@click.group("filters", short_help="Propose environment filters from closed alerts.")
def filters_command() -> None:
    """Propose environment filters. How they are written, checked and applied: docs/filters.md.

    \b
    tiercel filters suggest --store cases.db --out proposed.yaml
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
