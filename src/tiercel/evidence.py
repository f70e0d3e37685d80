"""Evidence: telemetry standing in an engine, and the rules and queries that are compiled over it."""

from __future__ import annotations

import dataclasses
import os
import weakref
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import duckdb

from tiercel.engines.duckdb import DuckDBEngine, Spill, trouble
from tiercel.engines.kept import KeptStatements, default_folder
from tiercel.errors import EngineError, Issue, RuleError, Severity, Span, UsageError
from tiercel.tables import TABLES
from tiercel.tables.places import located
from tiercel.telemetry import importer
from tiercel.telemetry.storage import keep_quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tiercel.engines.engine import Engine
    from tiercel.engines.spark import Cluster
    from tiercel.kql import Source
    from tiercel.plan.compiler import Probe
    from tiercel.plan.plan import Plan
    from tiercel.rules import Rule
    from tiercel.tables import Table
    from tiercel.tables.lake import Dataset
    from tiercel.tables.places import Place
    from tiercel.telemetry.lake import LakeRows
    from tiercel.telemetry.report import ImportReport, Progress

    GivenFiles: TypeAlias = Mapping[str, str | os.PathLike[str]]
    """Files by the name of the table that each holds."""

__all__ = [
    "CHANNELS",
    "LAKE_HOUSE",
    "Telemetry",
    "compile_query",
    "compile_rule",
    "naive",
    "open_telemetry",
    "refuse_other_languages",
    "render_sql",
]

CHANNELS: Final = ("sysmon", "security")
"""What `channels` can name."""

LAKE_HOUSE: Final = "_tiercel"
"""What a folder holds that is a lake: `tiercel.tables.lake.storage.HOUSE`."""


@dataclass(frozen=True)
class Telemetry:
    """Telemetry ready for queries, read from files or standing in a lake. `now` is naive UTC, as the engine's times."""

    engine: Engine
    report: ImportReport
    now: datetime
    kept: KeptStatements = field(default_factory=lambda: KeptStatements(default_folder()))
    tables: Mapping[str, Table] = field(default_factory=lambda: TABLES)
    """The tables that the engine holds: those that are filled from telemetry, and those that were given."""

    @cached_property
    def given(self) -> str:
        """What tells the shapes of the given tables apart; empty where none was given."""
        added = [(name, table.columns) for name, table in self.tables.items() if name not in TABLES]
        return f" {added}" if added else ""

    def unfilled(self, tables: Iterable[str]) -> tuple[Issue, ...]:
        """A warning for each of the tables that holds no rows: what was asked of it has no answer here."""
        return tuple(
            Issue("table-empty", f"{table} holds no rows", None, "", Severity.WARNING)
            for table in tables
            if not self.report.tables.get(table, 0)
        )

    def compile(self, source: Source) -> Plan:
        """The plan of a KQL text over these tables. Raises RuleError with the issues that stop it."""
        return compile_query(source, self.now, tables=self.tables, probe=self.engine.probe, engine=self.engine.name)


def open_telemetry(
    paths: Iterable[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    as_of: datetime | None = None,
    channels: Iterable[str] | None = None,
    tables: GivenFiles | None = None,
    watchlists: GivenFiles | None = None,
    memory_bytes: int | None = None,
    spark: Cluster | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Telemetry:
    """The telemetry at these paths, read into an engine, which the caller closes. Arguments as those of `hunt`."""
    places = [located(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    files = [path for path in places if isinstance(path, Path)]
    for path in files:
        if not path.exists():
            raise UsageError(f"there is no file or folder at {path}")
    clock = naive(as_of)
    if spark is not None:
        return _open_in_spark(
            places, spark, clock=clock, channels=channels, tables=tables or {}, watchlists=watchlists or {}
        )
    spill = Spill.begin()
    try:
        connection = spill.connect(memory_bytes)
        keep_quiet(connection)
        lake: LakeRows | None = None
        if len(files) < len(places) or any(_is_lake(path) for path in files):
            from tiercel.telemetry.lake import attach  # noqa: PLC0415  as in `_is_lake`

            lake = _rows_of_lake(places, clock, channels)
            report = attach(lake.dataset, connection, ingestion_time=lake.ingestion_time)
        else:
            wanted = _channels(channels)
            report = importer.read(files, connection, channels=wanted, ingestion_time=clock, progress=progress)
            report = dataclasses.replace(report, issues=_input_issues(files, report))
    except duckdb.Error as error:
        spill.end()
        reason = trouble(error, str(spill.folder)) or "DuckDB failed while events were mapped"
        raise EngineError(f"{reason} (DuckDB: {error})") from error
    except BaseException:
        spill.end()
        raise
    now = clock or report.newest or datetime.now(UTC).replace(tzinfo=None)
    engine = DuckDBEngine(connection, lake)
    weakref.finalize(engine, spill.end)
    if not tables and not watchlists:
        return Telemetry(engine, report, now)
    from tiercel.telemetry.given import read_given  # noqa: PLC0415  most hunts are given none

    given = read_given(connection, tables=tables or {}, watchlists=watchlists or {}, now=now)
    rows = {name: count for name, (_, count) in given.items()}
    held = {**TABLES, **{name: table for name, (table, _) in given.items()}}
    report = dataclasses.replace(report, tables={**report.tables, **rows})
    return Telemetry(engine, report, now, tables=held)


def _input_issues(paths: Sequence[Path], report: ImportReport) -> tuple[Issue, ...]:
    """What is wrong with the inputs: what the import says, and each given path in which there was no event at all."""
    told = {issue.span.path for issue in report.issues if issue.span}
    # An event log without events is nothing odd: a copied log folder is full of them. That all are so is.
    found = any(file.read for file in report.files)
    told |= {file.path for file in report.files if file.read or (found and not file.reason)}
    above = {folder for each in told for folder in (Path(each), *Path(each).parents)}
    empty = [path for path in paths if path not in above]
    kinds = "EVTX, Windows events as JSON, Defender's records or CSV, Parquet; also in .gz, .zip, .7z and .tar.gz"
    issues = [
        Issue("input-no-events", f"no events were found in {path}", Span(str(path), 1, 1), f"what is read: {kinds}")
        for path in empty
    ]
    known = report.issues if len(empty) < len(paths) else [each for each in report.issues if each.span]
    return (*known, *issues)


def _is_lake(path: Path) -> bool:
    """Whether a lake stands there. Its room is loaded only for a folder that may hold one: most hunts read logs."""
    if not (path / LAKE_HOUSE).exists():
        return False
    from tiercel.tables.lake import is_lake  # noqa: PLC0415  see above

    return is_lake(path)


def _rows_of_lake(paths: Sequence[Place], clock: datetime | None, channels: Iterable[str] | None) -> LakeRows:
    """What the lake holds; all of it counts as ingested now."""
    from tiercel.telemetry.lake import LakeRows  # noqa: PLC0415  as in `_is_lake`

    lake = _the_lake(paths, channels)
    return LakeRows(lake, clock or (lake.span[1] if lake.span else None))


def _the_lake(paths: Sequence[Place], channels: Iterable[str] | None) -> Dataset:
    if len(paths) > 1:
        raise UsageError("a lake is hunted by itself; import the other files into it first")
    if channels is not None:
        raise UsageError("a lake holds tables, not channels; say in the rule or query which rows are wanted")
    from tiercel.tables.lake import Dataset  # noqa: PLC0415  as in `_is_lake`

    return Dataset.open(paths[0])


def _open_in_spark(
    paths: Sequence[Place],
    spark: Cluster,
    *,
    clock: datetime | None,
    channels: Iterable[str] | None,
    tables: GivenFiles,
    watchlists: GivenFiles,
) -> Telemetry:
    """The lake's tables in Spark; all of it counts as ingested now. Raw logs are not for Spark to read."""
    for path in paths:
        if isinstance(path, Path) and not _is_lake(path):
            hint = f"`tiercel import {path} --lake DIR` makes one"
            raise UsageError(f"Spark reads a lake, and {path} is none: {hint}")
    from tiercel.engines.spark import SparkEngine, attach_lake  # noqa: PLC0415  only for those who use Spark

    lake = _the_lake(paths, channels)
    engine = SparkEngine(spark.open())
    try:
        report = attach_lake(lake, engine.session, ingestion_time=clock or (lake.span[1] if lake.span else None))
        now = clock or report.newest or datetime.now(UTC).replace(tzinfo=None)
        held = dict(TABLES)
        if tables or watchlists:
            from tiercel.telemetry.given import read_given  # noqa: PLC0415  most hunts are given none

            with duckdb.connect() as connection:
                for name, (table, count) in read_given(
                    connection, tables=tables, watchlists=watchlists, now=now
                ).items():
                    engine.hold(name, connection.table(f'"{name}"').to_arrow_table())
                    held[name] = table
                    report = dataclasses.replace(report, tables={**report.tables, name: count})
    except BaseException:
        engine.close()
        raise
    return Telemetry(engine, report, now, tables=held)


def _channels(channels: Iterable[str] | None) -> frozenset[str] | None:
    if channels is None:
        return None
    named = frozenset(name.lower() for name in channels)
    for name in sorted(named - set(CHANNELS)):
        import difflib  # noqa: PLC0415  only for what is misspelt

        close = difflib.get_close_matches(name, CHANNELS, 1)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        raise UsageError(f"`{name}` is no channel{hint} (one of {', '.join(CHANNELS)})")
    return named or None


def compile_rule(
    rule: Rule,
    now: datetime,
    *,
    tables: Mapping[str, Table] = TABLES,
    probe: Probe | None = None,
    engine: str = "duckdb",
) -> Plan:
    """The plan of a rule's query for an engine. Raises RuleError with the issues that stop it."""
    refuse_other_languages(rule)
    from tiercel.kql import Source  # noqa: PLC0415  as in `compile_query`

    source = Source(rule.query.text, rule.path, rule.query.first_line)
    return compile_query(source, now, tables=tables, probe=probe, engine=engine)


def compile_query(
    source: Source,
    now: datetime,
    *,
    tables: Mapping[str, Table] = TABLES,
    probe: Probe | None = None,
    engine: str = "duckdb",
) -> Plan:
    """The plan of a KQL text over these tables, for an engine. Raises RuleError with the issues that stop it.

    `probe` runs a part of the query early, where its columns depend on the rows (`evaluate bag_unpack`, `pivot`).
    """
    from tiercel.engines.gaps import GAPS  # noqa: PLC0415  as below
    from tiercel.plan import compile_text  # noqa: PLC0415  the compiler is not loaded where every statement was kept
    from tiercel.plan.lacks import NOTHING  # noqa: PLC0415  as above

    compiled = compile_text(source, now=now, tables=tables, probe=probe, lacks=GAPS.get(engine, NOTHING))
    if compiled.plan is None:
        raise RuleError(f"{source.path}: the query is wrong", issues=tuple(compiled.issues))
    return compiled.plan


def render_sql(plan: Plan) -> str:
    """The SQL that DuckDB would run for a plan."""
    with duckdb.connect() as connection:
        return DuckDBEngine(connection).render(plan)


def refuse_other_languages(rule: Rule) -> None:
    """Raise RuleError for a rule that is not written in KQL."""
    if rule.language.lower() not in {"kusto", "kql"}:
        raise RuleError(
            f"the rule is written in {rule.language}",
            issues=(
                Issue(
                    "rule-language",
                    f"the rule is written in {rule.language}; only Kusto is run",
                    Span(rule.path, rule.query.first_line, 1),
                ),
            ),
        )


def naive(instant: datetime | None) -> datetime | None:
    """The instant in UTC without a zone; one without a zone is taken as UTC."""
    if instant is None:
        return None
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
