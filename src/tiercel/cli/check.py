"""`tiercel check`: what is wrong with rules, before they run."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from tiercel.checks import as_json, as_sarif, check_paths
from tiercel.cli.issues import show_issues
from tiercel.cli.options import out_option, tables_option, watchlists_option
from tiercel.cli.terminal import console, plural
from tiercel.cli.written import opened
from tiercel.errors import Severity

if TYPE_CHECKING:
    from tiercel.checks import Checked

__all__ = ["check_command"]

_EXIT_ERRORS = 3


@click.command("check", short_help="Check rules: their KQL, its meaning, what the document says.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--format",
    "written_as",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="text is for people; json and sarif (2.1.0) for editors and CI.",
)
@tables_option
@watchlists_option
@out_option
def check_command(
    *,
    files: tuple[Path, ...],
    written_as: str,
    tables: tuple[tuple[str, Path], ...],
    watchlists: tuple[tuple[str, Path], ...],
    out: Path | None,
) -> int:
    """Check each FILE: rule documents, files of KQL, Sentinel rules, environment filters, or folders of these.

    Files are known by their endings: .md, .kql, .yaml; a YAML file with `filters` at its top holds environment filters.

    \b
    tiercel check mine.md
    tiercel check rules/ --format sarif --out rules.sarif
    tiercel check filters.yaml
    tiercel check rules/ --watchlist VIP=vip.csv

    \b
    Exit codes: 0 no errors (there may be warnings), 2 wrong use, 3 errors.
    """  # noqa: D301  click's mark for lines that keep their shape
    given = {}
    if tables or watchlists:
        from tiercel.telemetry.given import shapes_given  # noqa: PLC0415  loads DuckDB, which most checks need not

        given = shapes_given(dict(tables), dict(watchlists))
    checked = list(check_paths(files, given))
    with opened(out) as file:
        if written_as == "text":
            words = console(file)
            for each in checked:
                show_issues(words, each.issues)
            words.print(_summary(checked))
        else:
            value = as_json(checked) if written_as == "json" else as_sarif(checked, version("tiercel"))
            file.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
    if not checked:
        console(sys.stderr).print("no rule was found")
    return _EXIT_ERRORS if any(each.has_errors for each in checked) else 0


def _summary(checked: list[Checked]) -> str:
    found = [issue.severity for each in checked for issue in each.issues]
    errors, warnings = found.count(Severity.ERROR), found.count(Severity.WARNING)
    return f"{plural(len(checked), 'file')}: {plural(errors, 'error')}, {plural(warnings, 'warning')}"
