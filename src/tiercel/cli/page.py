"""`tiercel report`: a saved result as one HTML page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tiercel.cli.progress import line_shown
from tiercel.cli.terminal import console, plural, shown
from tiercel.cli.written import opened
from tiercel.saved import Saved, load

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["report_command", "write_report"]


@click.command("report", short_help="Write a saved result as one HTML page.")
@click.argument("result", metavar="RESULT", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--html",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page there. The file appears whole or not at all.",
)
@click.option(
    "--logs",
    multiple=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the hunted files lie, if they moved: the raw events are read from there. May be given more than once.",
)
def report_command(*, result: Path, html: Path, logs: tuple[Path, ...]) -> None:
    """Write the RESULT of a hunt as one HTML page that needs no network and reads on paper.

    RESULT is what `tiercel hunt --save` wrote, or its findings as JSON lines (--format jsonl --out), which know nothing
    of the import. The raw events of the evidence are read again from the hunted files and go into the page.

    \b
    tiercel hunt evidence/ --save case.json
    tiercel report case.json --html case.html
    tiercel report case.json --html case.html --logs /mnt/evidence
    tiercel hunt evidence/ --report case.html        the same in one go
    """  # noqa: D301  click's mark for lines that keep their shape
    saved = load(result)
    write_report(saved, html, [*logs, Path(), Path(saved.folder), result.parent])
    findings = plural(len(saved.result.findings), "finding")
    console(sys.stderr).print(f"{findings} in {shown(str(html))}, {html.stat().st_size / 1e6:.1f} MB")


def write_report(saved: Saved, html: Path, folders: Sequence[Path]) -> None:
    """Writes the page; `folders` is where the files are looked for that the result names."""
    from tiercel.report import write_page  # noqa: PLC0415  the template engine is loaded where a page is written

    with line_shown() as line:
        line("writing the page")
        text = write_page(saved, folders, progress=lambda file: line(f"raw events of {file}"))
    with opened(html) as file:
        file.write(text)
