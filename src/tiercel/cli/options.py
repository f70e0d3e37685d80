"""Arguments and options that several commands share."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from tiercel.cli.amounts import SIZE
from tiercel.errors import UsageError
from tiercel.tables.places import Place, located

__all__ = [
    "INSTANT",
    "LAKE",
    "PLACE",
    "STANDING_LAKE",
    "as_of_option",
    "channels_option",
    "filters_option",
    "format_option",
    "memory_option",
    "out_option",
    "paths_argument",
    "report_option",
    "result_option",
    "rules_option",
    "save_option",
    "store_option",
    "tables_option",
    "watchlists_option",
]


class _Instant(click.ParamType[datetime]):
    """An ISO 8601 date or time; UTC where it names no zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-07-14 or 2026-07-14T09:30:00Z", param, ctx)
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


INSTANT: Final = _Instant()


class _PlaceType(click.ParamType[Place]):
    """A path, or the URL of a lake in an object store."""

    name = "place"

    def __init__(self, path: click.Path) -> None:
        self._path = path

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        try:
            place = located(value)
        except UsageError as error:
            self.fail(error.message, param, ctx)
        if not isinstance(place, Path):
            return place
        return Path(os.fsdecode(self._path.convert(str(place), param, ctx)))


PLACE: Final = _PlaceType(click.Path(exists=True))
"""Telemetry to read: a file, a folder, or the URL of a lake."""

LAKE: Final = _PlaceType(click.Path(file_okay=False))
"""A lake to write to, which need not be there yet."""


STANDING_LAKE: Final = _PlaceType(click.Path(exists=True, file_okay=False))
"""A lake that is there."""


class _NamedFile(click.ParamType[tuple[str, Path]]):
    """`NAME=FILE`: what the file holds, and where it is."""

    name = "name=file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        if isinstance(value, tuple):
            return value
        name, equals, path = value.partition("=")
        if not name or not equals or not path:
            self.fail(f"{value!r} does not name a file; write NAME=FILE", param, ctx)
        if not Path(path).is_file():
            self.fail(f"there is no file at {path}", param, ctx)
        return name, Path(path)


paths_argument: Final = click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=PLACE)
rules_option: Final = click.option(
    "--rules",
    multiple=True,
    metavar="FILE|DIR",
    type=click.Path(exists=True, path_type=Path),
    help="A rule document or a folder of them, instead of the shipped rules. May be given more than once.",
)
filters_option: Final = click.option(
    "--filters",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML file of environment filters: what is known and wanted here. May be given more than once.",
)
format_option: Final = click.option(
    "--format",
    "written_as",
    type=click.Choice(["table", "jsonl", "csv"]),
    default="table",
    show_default=True,
    help="table is for people; with jsonl and csv standard output holds data alone, words go to standard error.",
)
out_option: Final = click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write there instead of to standard output. The file appears whole or not at all.",
)
as_of_option: Final = click.option(
    "--as-of",
    metavar="TIME",
    type=INSTANT,
    help="What now() and ingestion_time() are, UTC unless it names a zone. Default: the newest event's time.",
)
channels_option: Final = click.option(
    "--channels",
    multiple=True,
    type=click.Choice(["sysmon", "security"]),
    help="Read only this Windows channel's events (security includes System). May be given more than once.",
)
tables_option: Final = click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME=FILE",
    type=_NamedFile(),
    help="A table that the telemetry does not fill (FileProfile, SigninLogs, a copy of a feed that "
    "externaldata names): CSV, TSV, JSON, JSON lines, Parquet, or text of which each line is a row.",
)
watchlists_option: Final = click.option(
    "--watchlist",
    "watchlists",
    multiple=True,
    metavar="NAME=FILE",
    type=_NamedFile(),
    help="The rows of _GetWatchlist('NAME'): CSV, JSON lines or Parquet. May be given more than once.",
)
memory_option: Final = click.option(
    "--memory",
    "memory_bytes",
    type=SIZE,
    metavar="SIZE",
    help="What may be held in memory (2GB); the rest goes to disk, under TMPDIR. Default: most of what there is.",
)
save_option: Final = click.option(
    "--save",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also keep the whole result there as one JSON document: findings, import, rules run and not run.",
)
store_option: Final = click.option(
    "--store",
    metavar="FILE|URL",
    help="The store of alerts: a file's path, or postgresql://user@host/database.",
)
report_option: Final = click.option(
    "--report",
    "html",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the result there as one HTML page that needs no network.",
)
result_option: Final = click.option(
    "--result",
    "saved",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A saved result: what hunt --save wrote, or its findings as JSON lines (hunt --out found.jsonl).",
)
