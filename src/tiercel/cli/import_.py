"""`tiercel import`: telemetry into a lake."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tiercel.cli.amounts import SIZE, megabytes
from tiercel.cli.options import LAKE, paths_argument
from tiercel.cli.progress import progress_shown
from tiercel.cli.report import failed_inputs, show_report
from tiercel.cli.terminal import Words, console, plural, shown
from tiercel.intake import BATCH_BYTES, MEMORY_BYTES, IngestionTime, import_into

if TYPE_CHECKING:
    from tiercel.intake import Intake
    from tiercel.tables.places import Place

__all__ = ["import_command"]

_EXIT_FAILED = 3


@click.command("import")
@paths_argument
@click.option(
    "--lake",
    required=True,
    metavar="DIR|URL",
    type=LAKE,
    help="The lake: a new folder, an empty one, or one that is a lake; or s3://BUCKET/PREFIX (gs://, abfss://).",
)
@click.option(
    "--ingestion-time",
    type=click.Choice([str(value) for value in IngestionTime]),
    default=str(IngestionTime.IMPORT),
    show_default=True,
    help="What ingestion_time() is to return: when the rows were imported, or for each row when its event happened.",
)
@click.option(
    "--memory",
    type=SIZE,
    default=MEMORY_BYTES,
    show_default="1GB",
    help="What may be held in memory while events are mapped; what is more goes to disk, into the lake's folder.",
)
@click.option(
    "--batch",
    type=SIZE,
    default=BATCH_BYTES,
    show_default="4GB",
    help="Files are committed together up to this size: an import that was stopped goes on after the last commit.",
)
def import_command(*, paths: tuple[Place, ...], lake: Place, ingestion_time: str, memory: int, batch: int) -> int:
    """Import the telemetry at PATH into a lake: the tables as sorted Parquet, for hunting again and again.

    What was imported before is not imported again, whatever the file is called. Several imports may run at once. One
    that was stopped, in whatever way, left nothing half done: run it again. A lake may stand in an object store, with
    credentials from the environment as its own tools take them (AWS_ACCESS_KEY_ID, ...): `pip install tiercel[remote]`.

    \b
    tiercel import evidence/ --lake lake/
    tiercel hunt lake/
    tiercel lake info lake/
    tiercel import evidence/ --lake s3://bucket/lake

    \b
    Exit codes: 0 imported or there already, 2 wrong use, 3 an input could not be read (the others were imported).
    """  # noqa: D301  click's mark for lines that keep their shape
    with progress_shown() as progress:
        intake = import_into(
            lake,
            paths,
            ingestion_time=IngestionTime(ingestion_time),
            memory_bytes=memory,
            batch_bytes=batch,
            progress=progress,
        )
    words = console(sys.stdout)
    show_report(words, intake.report)
    _show_commits(words, lake, intake)
    return _EXIT_FAILED if failed_inputs(intake.report) else 0


def _show_commits(words: Words, lake: Place, intake: Intake) -> None:
    if intake.known:
        words.print(f"{plural(len(intake.known), 'file')} imported before, not read again")
    parts = [part for commit in intake.commits for part in commit.adds]
    size = megabytes(sum(part.bytes for part in parts))
    added = f"{plural(intake.rows, 'row')} in {plural(len(parts), 'part')}, {size}"
    if intake.commits:
        versions = ", ".join(str(commit.version) for commit in intake.commits)
        words.print(f"Added to {shown(str(lake))}: {added} (commit {versions})", style="bold")
    else:
        words.print(f"Nothing was added to {shown(str(lake))}", style="bold")
