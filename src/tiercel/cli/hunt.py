"""`tiercel hunt`: rules over a folder of logs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from tiercel.cli.details import show_findings
from tiercel.cli.findings import finding_csv
from tiercel.cli.issues import show_issues
from tiercel.cli.options import (
    as_of_option,
    channels_option,
    filters_option,
    format_option,
    memory_option,
    out_option,
    paths_argument,
    report_option,
    rules_option,
    save_option,
    store_option,
    tables_option,
    watchlists_option,
)
from tiercel.cli.overview import short_id, show_chains, show_overview
from tiercel.cli.progress import progress_shown
from tiercel.cli.report import show_report
from tiercel.cli.spark import cluster_of, spark_options
from tiercel.cli.terminal import Words, console, plural, shown
from tiercel.cli.written import json_line, opened
from tiercel.findings import as_json
from tiercel.hunt import hunt

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.findings import Suppressed
    from tiercel.hunt import Result
    from tiercel.tables.places import Place

__all__ = ["hunt_command"]

_EXIT_FOUND = 1
_EXIT_FAILED = 3
_FEW = 5
"""So many findings are shown in full where nothing else is asked for."""
_BY_ENDING = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
"""What is written where a file is named and no format."""


@click.command("hunt", short_help="Hunt telemetry with rules; print the findings.")
@paths_argument
@rules_option
@format_option
@out_option
@as_of_option
@channels_option
@tables_option
@watchlists_option
@memory_option
@save_option
@report_option
@store_option
@filters_option
@click.option(
    "--suppressed",
    "review",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the findings that filters took there, as JSON lines, each with its filter.",
)
@click.option(
    "--attribution/--no-attribution",
    default=True,
    help="Find out of each finding who called, by which logon, and what followed. On unless it is turned off.",
)
@spark_options
@click.option(
    "--details/--no-details",
    default=None,
    help="Show each finding in full below the table. Default: where they are five or fewer; `tiercel show` shows one.",
)
@click.pass_context
def hunt_command(
    context: click.Context,
    /,
    *,
    paths: tuple[Place, ...],
    rules: tuple[Path, ...],
    written_as: str,
    out: Path | None,
    as_of: datetime | None,
    channels: tuple[str, ...],
    tables: tuple[tuple[str, Path], ...],
    watchlists: tuple[tuple[str, Path], ...],
    memory_bytes: int | None,
    save: Path | None,
    store: str | None,
    filters: tuple[Path, ...],
    review: Path | None,
    html: Path | None,
    attribution: bool,
    engine: str,
    master: str | None,
    remote: str | None,
    settings: tuple[str, ...],
    details: bool | None,
) -> int:
    """Hunt the telemetry at PATH with rules, and print what they find: who, from where, how sure, with the evidence.

    PATH is a file, a folder (read recursively), an archive or a lake. Files are known by their content: EVTX; Windows
    events as JSON from Winlogbeat, NXLog or evtx_dump; Defender's streaming records, portal CSV and tables as Parquet.

    \b
    tiercel hunt evidence/                           with every shipped rule
    tiercel hunt evidence/ --rules rules/            with your own
    tiercel hunt dc1.evtx --out found.jsonl          JSON lines, or CSV, by the file's ending
    tiercel hunt evidence/ --as-of 2026-07-14T12:00:00Z
    tiercel hunt evidence/ --save case.json          all of the result, for later
    tiercel hunt evidence/ --filters here.yaml --suppressed taken.jsonl
    tiercel hunt evidence/ --store cases.db          keep the findings as alerts: tiercel alerts --help
    tiercel hunt evidence/ --report case.html        the findings as one page
    tiercel hunt lake/ --memory 2GB                  what is more goes to disk
    tiercel hunt lake/ --engine spark --master yarn  the same rules on a cluster, over a lake

    \b
    Exit codes: 0 nothing found, 1 findings, 2 wrong use,
    3 an input could not be read, a rule did not run or a filter is wrong (findings are printed all the same).
    """  # noqa: D301  click's mark for lines that keep their shape
    spark = cluster_of(engine, master, remote, settings)
    is_chosen = context.get_parameter_source("written_as") is not ParameterSource.DEFAULT
    written_as = written_as if is_chosen or out is None else _BY_ENDING.get(out.suffix.lower(), written_as)
    with progress_shown() as progress:
        result = hunt(
            paths,
            rules or None,
            as_of=as_of,
            channels=channels or None,
            filters=filters,
            tables=dict(tables),
            watchlists=dict(watchlists),
            attribution=attribution,
            memory_bytes=memory_bytes,
            spark=spark,
            progress=progress,
        )
    if save is not None:
        from tiercel.saved import dump  # noqa: PLC0415  few hunts are kept whole

        with opened(save) as file:
            file.write(dump(result) + "\n")
    if html is not None:
        from tiercel.cli.page import write_report  # noqa: PLC0415  few hunts become a page
        from tiercel.saved import Saved  # noqa: PLC0415  as above

        write_report(Saved(result, ""), html, [Path()])
    with opened(out) as file:
        match written_as:
            case "jsonl":
                file.writelines(json_line(as_json(finding)) + "\n" for finding in result.findings)
            case "csv":
                file.writelines(finding_csv(result.findings))
            case _:
                words = console(file)
                show_report(words, result.report)
                show_overview(words, result.findings)
                if details or (details is None and len(result.findings) <= _FEW):
                    show_findings(words, result.findings)
                elif result.findings:
                    first = result.findings[0].id[: short_id(result.findings)]
                    words.print(f"\nOne in full: tiercel show {first} PATH; or --save FILE now, and --result FILE then")
    if review is not None:
        with opened(review) as file:
            file.writelines(json_line(_suppressed(each)) + "\n" for each in result.suppressed)
    show_ending(
        console(sys.stdout if written_as == "table" and out is None else sys.stderr), result, written_as, review
    )
    for what, where in (("Result", save), ("Report", html)):
        if where is not None:
            console(sys.stderr).print(f"{what} written to {shown(str(where))}")
    if store is not None:
        _store(store, result, console(sys.stderr))
    if not result.is_complete:
        return _EXIT_FAILED
    return _EXIT_FOUND if result.findings else 0


def _store(where: str, result: Result, words: Words) -> None:
    """Keep the findings as alerts, and say what was new."""
    from tiercel.alerts import AlertStore  # noqa: PLC0415  sqlalchemy is slow to import

    with AlertStore.open(where) as store:
        recorded = store.record(result.by_rule)
        name = store.name
    told = {
        "new": recorded.new, "updated": recorded.updated, "seen again": recorded.seen, "reopened": recorded.reopened,
        "merged into others": recorded.merged,
    }  # fmt: skip
    counts = ", ".join(f"{len(alerts)} {what}" for what, alerts in told.items() if alerts) or "nothing to keep"
    words.print(f"Alerts in {shown(name)}: {counts}", style="bold")


def _suppressed(each: Suppressed) -> dict[str, Any]:
    """A finding kept for review, with the filter that took it."""
    return {**as_json(each.finding), "suppressed_by": each.filter}


def show_filters(words: Words, result: Result, review: Path | None) -> None:
    """Print what each environment filter took: nothing is suppressed without being counted and named."""
    if not result.filters:
        return
    words.print("Environment filters", style="bold")
    longest = max(len(shown(run.id)) for run in result.filters)
    for run in result.filters:
        match run.state:
            case "applied":
                told = f"took {plural(run.rows, 'row')}, {plural(run.findings, 'finding')} kept for review"
            case "expired":
                told = "expired, not applied"
            case "failed":
                told = "not applied, see above"
            case _:
                told = "none of its rules ran"
        why = f"({run.reason}; {run.owner}, until {run.expires})"
        words.print(f"  {shown(run.id):<{longest}}  {told}  {shown(why)}")
    if result.suppressed:
        where = f"written to {shown(str(review))}" if review else "shown by --suppressed FILE"
        words.print(f"  {plural(len(result.suppressed), 'suppressed finding')}, {where}")


def show_ending(words: Words, result: Result, written_as: str, review: Path | None = None) -> None:
    """Print what a reader of the findings must know: what was not looked at, and the count."""
    if written_as != "table":
        show_report(words, result.report)
    for failure in result.rules_failed:
        words.print(f"Did not run: {shown(failure.rule_id or failure.path)}", style="bold red")
        show_issues(words, failure.issues, "  ")
    show_issues(words, result.warnings)
    show_issues(words, result.filter_issues)
    show_filters(words, result, review)
    show_chains(words, result.paths)
    rows = plural(len(result.findings), "finding")
    ran = plural(len(result.rules_run), "rule")
    not_run = f", {plural(len(result.rules_failed), 'rule')} did not run" if result.rules_failed else ""
    words.print(f"{rows}; {ran} ran{not_run}", style="bold")
