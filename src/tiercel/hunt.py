"""The conductor: telemetry, rules and an engine in, findings out. One failing rule or file never stops the others."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final, overload

from tiercel.engines.duckdb import DuckDBEngine
from tiercel.errors import EngineError, Issue, RuleError, Severity, Span, TiercelError
from tiercel.evidence import (
    Telemetry,
    compile_query,
    compile_rule,
    naive,
    open_telemetry,
    refuse_other_languages,
    render_sql,
)
from tiercel.findings import (
    FilterRun,
    Finding,
    MovementPath,
    Suppressed,
    as_arrow,
    assemble,
    findings_html,
    sift,
    trace,
    with_recurrence,
)
from tiercel.rules import Collection, Rule, read_catalog, read_collection
from tiercel.shown import plural
from tiercel.tables import TABLES
from tiercel.together import planned, run_ahead, statement_of, statements_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from tiercel.engines.engine import Statement
    from tiercel.engines.spark import Cluster
    from tiercel.evidence import GivenFiles
    from tiercel.filters import EnvironmentFilter, Filters, Injection, Sieve
    from tiercel.plan.plan import Plan
    from tiercel.tables import Table
    from tiercel.telemetry.report import ImportReport, Progress

__all__ = [
    "Attributing",
    "Findings",
    "Result",
    "RuleFailure",
    "RuleRows",
    "RuleRun",
    "Running",
    "Sharing",
    "Telemetry",
    "choose_rules",
    "compile_query",
    "compile_rule",
    "hunt",
    "inject_rule",
    "open_telemetry",
    "query",
    "render_sql",
    "run_rule",
]


_LARGE: Final = 5_000_000
"""Rows from which on a table is read once for all rules, where they need few of its rows."""


class Findings(Sequence[Finding]):
    """Findings in time order: a sequence of `Finding`, and an Arrow table for whoever takes one."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._findings = tuple(findings)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Finding]: ...
    def __getitem__(self, index: int | slice) -> Finding | Sequence[Finding]:
        return self._findings[index]

    def __len__(self) -> int:
        return len(self._findings)

    def __repr__(self) -> str:
        return f"<{len(self)} findings>"

    def _repr_html_(self) -> str:
        """The findings as a notebook shows them."""
        return findings_html(self._findings)

    def to_arrow(self) -> pa.Table:
        """The findings as an Arrow table of `tiercel.findings.SCHEMA`."""
        return as_arrow(self._findings)

    def to_pandas(self) -> pd.DataFrame:
        """The findings as a pandas data frame. Raises ImportError where pandas (`tiercel[pandas]`) is not installed."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> pl.DataFrame:
        """The findings as a Polars data frame. Raises ImportError where Polars (`tiercel[polars]`) is not installed."""
        import polars as pl  # noqa: PLC0415  it is an extra

        return pl.DataFrame(self.to_arrow())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """What `pyarrow.table(findings)` and other Arrow readers ask for."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)


@dataclass(frozen=True, slots=True)
class Running:
    """A rule is about to run: the `number`-th of `rules`."""

    rule_id: str
    number: int
    rules: int


@dataclass(frozen=True, slots=True)
class Attributing:
    """All rules have run; of so many findings it is now found out who called and what followed."""

    findings: int


@dataclass(frozen=True, slots=True)
class Sharing:
    """What several rules need of these large tables is about to be read, once for all."""

    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleRun:
    """A rule that ran: its findings' number, the rows of its result, how long it took."""

    rule: Rule
    findings: int
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that did not run, and why. `rule_id` is None where not even the document could be read."""

    path: str
    rule_id: str | None
    issues: tuple[Issue, ...]


@dataclass(frozen=True)
class Result:
    """What a hunt found and what it could not look at."""

    findings: Findings
    report: ImportReport
    rules_run: tuple[RuleRun, ...]
    rules_failed: tuple[RuleFailure, ...]
    warnings: tuple[Issue, ...]
    now: datetime
    """What `now()` was, UTC."""
    by_rule: Findings = field(default_factory=lambda: Findings(()))
    """What each rule found by itself, before those of one attack were made one: what a store of alerts takes."""
    filters: tuple[FilterRun, ...] = ()
    """Every environment filter that was given, and what became of it."""
    filter_issues: tuple[Issue, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    """The findings that environment filters took, each with its filter's id."""

    def _repr_html_(self) -> str:
        """The result as a notebook shows it: what was read, what ran, and the findings."""
        read = sum(file.read for file in self.report.files)
        told = f"{plural(read, 'record')} read, {plural(len(self.rules_run), 'rule')} ran"
        if self.rules_failed:
            told += f", {plural(len(self.rules_failed), 'rule')} did not run"
        if self.suppressed:
            told += f", {plural(len(self.suppressed), 'finding')} suppressed by filters"
        return findings_html(self.findings, f"{plural(len(self.findings), 'finding')}; {told}")

    @cached_property
    def paths(self) -> tuple[MovementPath, ...]:
        """How the findings chain from host to host, the longest chains first."""
        return trace(self.findings)

    @property
    def is_complete(self) -> bool:
        """Whether every input was read, every rule ran and no filter was wrong."""
        issues = (*self.report.issues, *self.filter_issues)
        return not self.rules_failed and not any(issue.severity is Severity.ERROR for issue in issues)


@dataclass(slots=True)
class _Tally:
    """What the rules gave so far."""

    findings: list[Finding] = field(default_factory=list)
    run: list[RuleRun] = field(default_factory=list)
    failed: list[RuleFailure] = field(default_factory=list)
    warnings: list[Issue] = field(default_factory=list)
    taken: list[Suppressed] = field(default_factory=list)
    empty: dict[str, list[tuple[str, bool]]] = field(default_factory=dict)
    """Tables without rows: which rules read each, and whether as the right side of an anti join."""


def hunt(
    paths: Iterable[str | os.PathLike[str]] | str | os.PathLike[str],
    rules: Iterable[str | os.PathLike[str] | Rule] | str | os.PathLike[str] | None = None,
    *,
    as_of: datetime | None = None,
    channels: Iterable[str] | None = None,
    filters: Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | Filters | None = None,
    tables: GivenFiles | None = None,
    watchlists: GivenFiles | None = None,
    attribution: bool = True,
    memory_bytes: int | None = None,
    spark: Cluster | None = None,
    progress: Callable[[Progress | Sharing | Running | Attributing], None] | None = None,
) -> Result:
    """What the rules find in the telemetry at these paths.

    Args:
        paths: files and folders of logs, exports, or a lake.
        rules: rule documents, folders of them, or rules read before; None for the shipped ones.
        as_of: what `now()` and `ingestion_time()` are; the newest event's time where not given.
        channels: read only these Windows channels: `sysmon`, `security` (with System). None for all.
        filters: files of environment filters, or filters read before. What they take is in the result's `suppressed`.
            They expire by today's date, or by `as_of` where it is given.
        tables: files that hold a table the telemetry does not fill, by its name: FileProfile, SigninLogs, any other.
        watchlists: files of watchlists by name, for `_GetWatchlist("name")`.
        attribution: whether to find out of each finding who called, by which logon, and what followed.
        memory_bytes: what the process may hold in memory; the rest goes to disk, under TMPDIR. None for DuckDB's own
            limit, four fifths of what there is.
        spark: the Spark that runs the rules, over a lake; None for DuckDB in this process.
        progress: called now and then with how far the import is, before each rule, and before the attribution.

    Raises:
        UsageError: for a path that does not exist, an unknown channel, and files given to Spark.
        EngineError: where Spark cannot be had.

    """
    collection = choose_rules(rules)
    sieve = _sieve(filters, collection, as_of)
    telemetry = open_telemetry(
        paths,
        as_of=as_of,
        channels=channels,
        tables=tables,
        watchlists=watchlists,
        memory_bytes=memory_bytes,
        spark=spark,
        progress=progress,
    )
    tally = _Tally(warnings=list(collection.warnings))
    tally.failed += [RuleFailure(document.path, None, document.issues) for document in collection.failed]
    with closing(telemetry.engine), planned(telemetry):
        with (
            _share(collection.rules, telemetry, tally, progress),
            run_ahead(() if sieve else collection.rules, telemetry),
        ):
            for number, rule in enumerate(collection.rules, 1):
                if progress:
                    progress(Running(rule.id, number, len(collection.rules)))
                _run(rule, telemetry, sieve, tally)
        sifted = sift(tally.findings, tally.taken)
        found = with_recurrence(sifted.shown, [each.finding for each in sifted.suppressed])
        if attribution and found:
            if progress:
                progress(Attributing(len(found)))
            found = _attributed(found, telemetry, tally)
    return Result(
        findings=Findings(found),
        report=telemetry.report,
        rules_run=tuple(tally.run),
        rules_failed=tuple(tally.failed),
        warnings=(*tally.warnings, *(_emptiness(table, readers) for table, readers in tally.empty.items())),
        now=telemetry.now.replace(tzinfo=UTC),
        by_rule=Findings(sifted.by_rule),
        filters=sieve.runs(each.filter for each in sifted.suppressed) if sieve else (),
        filter_issues=sieve.issues if sieve else (),
        suppressed=sifted.suppressed,
    )


def query(
    text: str,
    paths: Iterable[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    as_of: datetime | None = None,
    channels: Iterable[str] | None = None,
    tables: GivenFiles | None = None,
    watchlists: GivenFiles | None = None,
    memory_bytes: int | None = None,
    spark: Cluster | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> pa.Table:
    """The rows of a KQL query over the telemetry at these paths, as Arrow. Raises RuleError for KQL that is wrong."""
    from tiercel.kql import Source  # noqa: PLC0415  as in `compile_query`

    telemetry = open_telemetry(
        paths,
        as_of=as_of,
        channels=channels,
        tables=tables,
        watchlists=watchlists,
        memory_bytes=memory_bytes,
        spark=spark,
        progress=progress,
    )
    with closing(telemetry.engine):
        return telemetry.engine.run(telemetry.compile(Source(text)))


def choose_rules(
    rules: Iterable[str | os.PathLike[str] | Rule] | str | os.PathLike[str] | None,
) -> Collection:
    """The rules that were asked for: documents and folders are read, None stands for the shipped ones."""
    if rules is None:
        return read_catalog()
    given = [rules] if isinstance(rules, str | os.PathLike) else list(rules)
    read = [rule for rule in given if isinstance(rule, Rule)]
    collection = read_collection(path for path in given if not isinstance(path, Rule))
    return Collection((*read, *collection.rules), collection.failed, collection.warnings)


def _sieve(
    filters: Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | Filters | None,
    collection: Collection,
    as_of: datetime | None,
) -> Sieve | None:
    """The filters that were asked for; None for none. A filter may name a rule that is shipped and does not run now."""
    given = [filters] if isinstance(filters, str | os.PathLike) else filters
    if given is None or given in ((), []):
        return None
    from tiercel.filters import Filters, Sieve, read_filters  # noqa: PLC0415  filters need the compiler, see below

    read = given if isinstance(given, Filters) else read_filters(given)
    known = [rule.id for rule in (*collection.rules, *read_catalog().rules)]
    return Sieve(read, known, (naive(as_of) or datetime.now(UTC)).date())


def inject_rule(
    rule: Rule, sieve: Sieve, now: datetime, tables: Mapping[str, Table] = TABLES, engine: str = "duckdb"
) -> Injection:
    """The rule with its environment filters, its plan compiled. Raises RuleError with the issues that stop it."""
    refuse_other_languages(rule)
    from tiercel.engines.gaps import GAPS  # noqa: PLC0415  filters need the compiler, as in `_sieve`
    from tiercel.plan.lacks import NOTHING  # noqa: PLC0415  as above

    return sieve.inject(rule, now, tables, GAPS.get(engine, NOTHING))


def _share(
    rules: Sequence[Rule], telemetry: Telemetry, tally: _Tally, progress: Callable[[Sharing], None] | None
) -> AbstractContextManager[object, bool | None]:
    """While it is open, the rules read what they need of large tables from one pass over each of them."""
    engine = telemetry.engine
    large = tuple(table for table, rows in telemetry.report.tables.items() if rows >= _LARGE)
    if not large or len(rules) == 1 or not isinstance(engine, DuckDBEngine):
        return nullcontext()
    statements = statements_of(rules, telemetry)
    if progress:
        progress(Sharing(large))
    stack = ExitStack()
    try:
        stack.enter_context(engine.shared(statements, telemetry.now, large))
    except EngineError as error:
        message = f"what several rules read could not be read once for all, so each reads for itself: {error}"
        tally.warnings.append(Issue("sharing-failed", message, None, "", Severity.WARNING))
    return stack


def _run(rule: Rule, telemetry: Telemetry, sieve: Sieve | None, tally: _Tally) -> None:
    """Run one rule; whatever goes wrong is this rule's failure alone."""
    begun = time.perf_counter()
    try:
        ran = run_rule(rule, telemetry, sieve)
        findings, issues = assemble(rule, ran.rows, ran.told.tables, telemetry.engine.matching)
        suppressed = [
            Suppressed(one.id, finding, one.is_for_every_rule)
            for one, its in ran.taken
            for finding in assemble(rule, its, ran.told.tables, telemetry.engine.matching)[0]
        ]
    except RuleError as error:
        tally.failed.append(RuleFailure(rule.path, rule.id, error.issues))
        return
    except TiercelError as error:
        issue = Issue("rule-failed", str(error), Span(rule.path, rule.query.first_line, 1))
        tally.failed.append(RuleFailure(rule.path, rule.id, (issue,)))
        return
    except Exception as error:  # noqa: BLE001  a fault of ours in one rule must not hide what the others find
        message = f"an error of Tiercel's own, {type(error).__name__}: {error}"
        issue = Issue("internal-error", message, Span(rule.path, rule.query.first_line, 1), "please report it")
        tally.failed.append(RuleFailure(rule.path, rule.id, (issue,)))
        return
    tally.findings += findings
    tally.taken += suppressed
    tally.run.append(RuleRun(rule, len(findings), ran.rows.num_rows, time.perf_counter() - begun))
    tally.warnings += [*ran.told.warnings, *issues]
    for table in ran.told.tables:
        if not telemetry.report.tables.get(table, 0):
            tally.empty.setdefault(table, []).append((rule.id, table in ran.told.subtracted))


@dataclass(frozen=True, slots=True)
class RuleRows:
    """A rule's result: the rows that are left, those that filters took, and what was run."""

    rows: pa.Table
    taken: tuple[tuple[EnvironmentFilter, pa.Table], ...]
    told: Statement | Plan


def run_rule(rule: Rule, telemetry: Telemetry, sieve: Sieve | None) -> RuleRows:
    """The rule's result, sifted where an environment filter speaks of the rule. Raises RuleError, EngineError."""
    if sieve is None or not sieve.speaks_of(rule):
        statement = statement_of(rule, telemetry)
        return RuleRows(telemetry.engine.execute(statement, telemetry.now), (), statement)
    injection = inject_rule(rule, sieve, telemetry.now, telemetry.tables, telemetry.engine.name)
    rows, taken = injection.rows(telemetry.engine.run)
    by_filter = tuple(zip(injection.filters, taken, strict=True))
    for one, its in by_filter:
        sieve.took(one, its.num_rows)
    return RuleRows(rows, by_filter, injection.plan)


def _attributed(found: tuple[Finding, ...], telemetry: Telemetry, tally: _Tally) -> tuple[Finding, ...]:
    """The findings attributed; as they were where that fails, which is told as a rule's failure is."""
    from tiercel.attribution import attribute  # noqa: PLC0415  most hunts find nothing

    try:
        return attribute(found, telemetry.engine, telemetry.kept)
    except RuleError as error:
        issues = error.issues
    except TiercelError as error:
        issues = (Issue("attribution-failed", str(error), None),)
    except Exception as error:  # noqa: BLE001  a fault of ours here must not hide what the rules found
        message = f"an error of Tiercel's own, {type(error).__name__}: {error}"
        issues = (Issue("internal-error", message, None, "please report it; --no-attribution leaves this part out"),)
    tally.failed.append(RuleFailure("attribution", "attribution", issues))
    return found


def _emptiness(table: str, readers: Sequence[tuple[str, bool]]) -> Issue:
    """What a reader of the findings must know of a table that rules read and nothing filled."""
    message = f"{table} holds no rows; read by {_some([rule for rule, _ in readers])}"
    subtracting = [rule for rule, subtracts in readers if subtracts]
    if subtracting:
        message += f". The leftanti join on it in {_some(subtracting)} removes nothing: it may find more than it should"
    return Issue("table-empty", message, None, "", Severity.WARNING)


def _some(rules: Sequence[str]) -> str:
    named = ", ".join(f"`{rule}`" for rule in rules[:3])
    return named if len(rules) <= 3 else f"{named} and {len(rules) - 3} more"
