"""`tiercel query`: any KQL over the telemetry."""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING

import click

from tiercel.cli.issues import show_issues
from tiercel.cli.options import (
    as_of_option,
    channels_option,
    format_option,
    memory_option,
    out_option,
    paths_argument,
    tables_option,
    watchlists_option,
)
from tiercel.cli.progress import progress_shown
from tiercel.cli.report import failed_inputs
from tiercel.cli.rows import row_lines, show_rows
from tiercel.cli.spark import cluster_of, spark_options
from tiercel.cli.terminal import console
from tiercel.cli.written import opened
from tiercel.evidence import open_telemetry
from tiercel.kql import Source

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tiercel.tables.places import Place

__all__ = ["query_command"]

_EXIT_FAILED = 3


@click.command("query", short_help="Run any KQL over telemetry.")
@click.argument("kql", metavar="KQL")
@paths_argument
@format_option
@out_option
@as_of_option
@channels_option
@tables_option
@watchlists_option
@memory_option
@spark_options
def query_command(
    *,
    kql: str,
    paths: tuple[Place, ...],
    written_as: str,
    out: Path | None,
    as_of: datetime | None,
    channels: tuple[str, ...],
    tables: tuple[tuple[str, Path], ...],
    watchlists: tuple[tuple[str, Path], ...],
    memory_bytes: int | None,
    engine: str,
    master: str | None,
    remote: str | None,
    settings: tuple[str, ...],
) -> int:
    """Run KQL over the telemetry at PATH: files, folders, archives, or a lake.

    The tables and columns are those of Microsoft Defender's advanced hunting.

    \b
    tiercel query 'DeviceNetworkEvents | summarize count() by DeviceName, LocalPort' logs/
    tiercel query 'DeviceProcessEvents | where FileName =~ "cmd.exe"' logs.zip --format jsonl
    tiercel query 'DeviceLogonEvents | summarize count() by LogonType' lake/ --engine spark --master local[4]
    """  # noqa: D301  click's mark for lines that keep their shape
    words = console(sys.stderr)
    spark = cluster_of(engine, master, remote, settings)
    with progress_shown() as progress:
        telemetry = open_telemetry(
            paths,
            as_of=as_of,
            channels=channels or None,
            tables=dict(tables),
            watchlists=dict(watchlists),
            memory_bytes=memory_bytes,
            spark=spark,
            progress=progress,
        )
        click.get_current_context().call_on_close(telemetry.engine.close)
        plan = telemetry.compile(Source(kql, "<query>"))
        if written_as == "table":
            rows = telemetry.engine.run(plan)
        else:
            pieces = telemetry.engine.stream(plan)
            first = next(pieces)  # nothing is written before the query has begun to give rows
    with opened(out) as file:
        if written_as == "table":
            show_rows(console(file), rows)
        else:
            file.writelines(row_lines(chain([first], pieces), written_as))
    show_issues(words, (*plan.warnings, *telemetry.unfilled(plan.tables)))
    failed = failed_inputs(telemetry.report)
    show_issues(words, failed)
    return _EXIT_FAILED if failed else 0
