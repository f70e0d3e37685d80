"""Rules run over a window: each worker holds a connection of its own, and the views of the window it looked at last."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tiercel.engines.duckdb import DuckDBEngine, Spill
from tiercel.engines.kept import KeptStatements, default_folder
from tiercel.errors import InputError, Issue, RuleError, Severity, Span, TiercelError
from tiercel.evidence import Telemetry
from tiercel.findings import Suppressed, assemble_rows
from tiercel.hunt import run_rule
from tiercel.telemetry.lake import attach
from tiercel.telemetry.report import ImportReport
from tiercel.watch.ledger import Found
from tiercel.watch.pieces import Pieces
from tiercel.watch.recent import Recent
from tiercel.watch.windows import REFERENCE_TABLES, looks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb
    import pyarrow as pa

    from tiercel.filters import Filters, Sieve
    from tiercel.findings import Finding
    from tiercel.hunt import RuleRows
    from tiercel.rules import Rule
    from tiercel.tables.lake import Dataset, Part
    from tiercel.watch.schedule import Schedule
    from tiercel.watch.windows import Look, Window

__all__ = ["Ran", "Runner"]

_REFERENCE_REACH: Final = timedelta(days=30)
"""What Defender keeps of them for hunting (Microsoft Learn, data retention in advanced hunting)."""
_MEMORY: Final = 10**9


@dataclass(frozen=True, slots=True)
class Ran:
    """A rule's run over a window: what it found, or why it did not run."""

    rule: Rule
    window: Window
    found: tuple[Found, ...] = ()
    rows: int = 0
    seconds: float = 0.0
    issues: tuple[Issue, ...] = ()
    is_partial: bool = False
    """Whether parts of the lake were missing: what was found counts, and the window is to be looked at again."""

    taken: Mapping[str, int] = field(default_factory=dict)
    """How many rows of the result each environment filter took, by its id."""

    @property
    def failed(self) -> bool:
        """Whether it must be tried again."""
        return self.is_partial or any(issue.severity is Severity.ERROR for issue in self.issues)


@dataclass(slots=True)
class _Bench:
    """One worker's connection and what its views show."""

    connection: duckdb.DuckDBPyConnection
    telemetry: Telemetry
    shows: tuple[object, ...] = ()
    broken: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class _Quick:
    """What a look at the rows in memory found."""

    pieces: tuple[Finding, ...]
    issues: tuple[Issue, ...]
    rows: int


@dataclass(slots=True)
class Runner:
    """Runs rules, in as many threads as it is called from."""

    lateness: timedelta
    filters: Filters | None = None
    known_rules: frozenset[str] = frozenset()
    kept: KeptStatements = field(default_factory=lambda: KeptStatements(default_folder()))
    recent: Recent | None = None
    pieces: Pieces = field(default_factory=Pieces)
    _benches: threading.local = field(default_factory=threading.local)
    _connections: list[duckdb.DuckDBPyConnection] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _spill: Spill | None = None

    def interrupt(self) -> None:
        """Whatever runs ends, as a failure: the watcher is to stop and the rule to be run again."""
        for connection in self._connections:
            connection.interrupt()
        if self.recent is not None:
            self.recent.interrupt()

    def close(self) -> None:
        """Let go of the connections, and of what went to disk. Nothing runs any more."""
        for connection in self._connections:
            connection.close()
        if self.recent is not None:
            self.recent.close()
        if self._spill is not None:
            self._spill.end()

    def follow(self, rules: Sequence[Rule], schedules: Mapping[str, Schedule], dataset: Dataset, now: datetime) -> None:
        """Takes in what came into the lake, so that these rules find it in memory."""
        if self.recent is None:
            # What an environment filter speaks of is another query each day.
            sieve = self._sieve(now)
            free = [rule for rule in rules if sieve is None or not sieve.speaks_of(rule)]
            self.recent = Recent(free, schedules, self.kept)
        self.recent.follow(dataset, now, self.pieces)

    def run(self, rule: Rule, schedule: Schedule, window: Window, dataset: Dataset) -> Ran:
        """What the rule finds for the rows of the window. Whatever goes wrong is this rule's failure alone."""
        begun = time.perf_counter()
        ran = Ran(rule, window)
        try:
            taken: dict[str, int] = {}
            found, rows, issues, broken = self._look(rule, schedule, window, dataset, taken)
            ran = Ran(rule, window, tuple(found), rows, issues=(*issues, *broken), is_partial=bool(broken), taken=taken)
        except RuleError as error:
            ran = replace(ran, issues=error.issues)
        except TiercelError as error:
            ran = replace(ran, issues=(Issue("rule-failed", str(error), Span(rule.path, rule.query.first_line, 1)),))
        except Exception as error:  # noqa: BLE001  a fault of ours in one rule must not hide what the others find
            message = f"an error of Tiercel's own, {type(error).__name__}: {error}"
            place = Span(rule.path, rule.query.first_line, 1)
            ran = replace(ran, issues=(Issue("internal-error", message, place, "please report it"),))
        return replace(ran, seconds=time.perf_counter() - begun)

    def _look(
        self, rule: Rule, schedule: Schedule, window: Window, dataset: Dataset, taken: dict[str, int]
    ) -> tuple[list[Found], int, list[Issue], tuple[Issue, ...]]:
        bench = self._bench()
        found, rows, issues = [], 0, dict[Issue, None]()
        broken: tuple[Issue, ...] = ()
        sieve = self._sieve(window.now)
        for look in looks(window.spans, schedule.reach, now=window.now, lateness=self.lateness):
            quick = self._quick(bench, rule, look, window, dataset)
            if quick is not None:
                rows += quick.rows
                issues |= dict.fromkeys(quick.issues)
                found.append(Found(look.settles, tuple(_begun(quick.pieces, look))))
                continue
            _show(bench, dataset, look, window)
            broken += tuple(issue for issue in bench.broken if issue not in broken)
            result = run_rule(rule, bench.telemetry, sieve)
            keeps = window.before is None and not bench.broken
            assembled = self.pieces.assembled if keeps else assemble_rows
            pieces, told = assembled(rule, result.rows, result.told.tables, bench.telemetry.engine.matching)
            if self.recent is None or not self.recent.follows(dataset.version):
                self.pieces.forget()
            rows += result.rows.num_rows
            issues |= dict.fromkeys((*result.told.warnings, *told))
            suppressed = tuple(
                Suppressed(one.id, piece)
                for one, its in result.taken
                for piece in _begun(_pieces_of(rule, its, result, bench), look)
            )
            kept = tuple(_begun(pieces, look))
            found.append(Found(look.settles, kept, is_partial=bool(bench.broken), taken=suppressed))
        if sieve is not None:
            issues |= dict.fromkeys(sieve.issues)
            taken.update({run.id: run.rows for run in sieve.runs() if run.rows})
        return found, rows, list(issues), broken

    def _quick(self, bench: _Bench, rule: Rule, look: Look, window: Window, dataset: Dataset) -> _Quick | None:
        """What the rule finds in memory; None where rows are not there, or a part of the lake is away."""
        recent = self.recent
        if recent is None or window.before is not None or not recent.holds(rule.id, look, dataset.version):
            return None
        within = _recent(dataset, look)

        def lookup(table: str, keys: pa.Table, columns: Sequence[str]) -> pa.Table:
            _show(bench, dataset, look, window)
            if bench.broken:
                raise InputError(bench.broken[0].message)
            return bench.telemetry.engine.matching(table, keys, columns)

        try:
            for table in recent.tables(rule.id):
                within.files(within.tables[table])
            result, statement = recent.rows(rule.id, look, window.now)
            pieces, issues = self.pieces.assembled(rule, result, statement.tables, lookup)
        except InputError:
            return None
        if not recent.holds(rule.id, look, dataset.version):
            self.pieces.forget()  # what came in meanwhile may have changed some of them
            return None
        return _Quick(pieces, (*statement.warnings, *issues), result.num_rows)

    def _sieve(self, now: datetime) -> Sieve | None:
        """The filters that are in force on the day; None where there are none."""
        if self.filters is None:
            return None
        from tiercel.filters import Sieve  # noqa: PLC0415  filters need the compiler

        return Sieve(self.filters, self.known_rules, now.date())

    def _bench(self) -> _Bench:
        bench: _Bench | None = getattr(self._benches, "bench", None)
        if bench is None:
            with self._lock:
                self._spill = self._spill or Spill.begin()
            connection = self._spill.connect(_MEMORY)
            connection.execute("SET enable_progress_bar = false")
            self._connections.append(connection)
            nothing = ImportReport((), {})
            telemetry = Telemetry(DuckDBEngine(connection), nothing, datetime.min, kept=self.kept)  # noqa: DTZ901  until a window is shown
            bench = self._benches.bench = _Bench(connection, telemetry)
        return bench


def _show(bench: _Bench, dataset: Dataset, look: Look, window: Window) -> None:
    """Makes the views of the look, unless they stand."""
    shows = (str(dataset.storage), dataset.version, look, window.now, window.before)
    if bench.shows == shows:
        return
    bench.shows, bench.broken = (), ()
    recent = _recent(dataset, look)
    try:
        report = _attach(bench.connection, recent, look, window)
    except InputError:
        whole, bench.broken = _whole(recent)
        if not bench.broken:
            raise
        report = _attach(bench.connection, whole, look, window)
    bench.telemetry = replace(bench.telemetry, report=report, now=window.now)
    bench.shows = shows


def _attach(connection: duckdb.DuckDBPyConnection, dataset: Dataset, look: Look, window: Window) -> ImportReport:
    return attach(
        dataset,
        connection,
        ingestion_time=window.now,
        since=look.reads.first,
        until=look.reads.last,
        is_exact=True,
        whole=REFERENCE_TABLES,
        before=window.before,
    )


def _pieces_of(rule: Rule, rows: pa.Table, result: RuleRows, bench: _Bench) -> tuple[Finding, ...]:
    """What the rows would have told, had no filter taken them."""
    return assemble_rows(rule, rows, result.told.tables, bench.telemetry.engine.matching)[0]


def _begun(pieces: tuple[Finding, ...], look: Look) -> Iterator[Finding]:
    """The pieces that begin where the look settles; those without a time belong to every look."""
    for piece in pieces:
        begins = piece.first_time.replace(tzinfo=None) if piece.first_time else None
        if begins is None or look.settles.holds(begins):
            yield piece


def _recent(dataset: Dataset, look: Look) -> Dataset:
    """The lake's parts that the look reads: reference tables with what they said in the month before."""
    since, until = look.reads.first, look.reads.last
    earlier = look.reads.wider(_REFERENCE_REACH).first
    tables = {
        name: dataset.parts(name, since=earlier)
        if name in REFERENCE_TABLES
        else dataset.parts(name, since=since, until=until)
        for name in dataset.tables
    }
    return replace(dataset, tables=tables)


def _whole(dataset: Dataset) -> tuple[Dataset, tuple[Issue, ...]]:
    """The lake without parts that are missing or cut, and an issue for each of them."""
    issues = []
    tables: dict[str, tuple[Part, ...]] = {}
    for name, parts in dataset.tables.items():
        sound = list(parts)
        for part in parts:
            try:
                dataset.files([part])
            except InputError as error:
                hint = "restore it from a copy; until then its rows are not hunted, and the time is looked at again"
                issues.append(Issue("watch-part-gone", error.message, hint=hint))
                sound.remove(part)
        tables[name] = tuple(sound)
    return replace(dataset, tables=tables), tuple(issues)
