"""Recent rows that rules need, in memory from one step to the next: a step reads of the lake only what is new.

What a rule's statement demands of each row it uses (`Statement.reads`) is checked once, when the row comes in. That
tells which rules a commit can matter to, and when its rows happened; and those rows, with the columns that are looked
at, stay in memory, each with a mark of the rules that it is for. So a rule looks at few rows, and none is read from
Parquet again and again.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import duckdb

from tiercel.engines.arrow import result_table
from tiercel.engines.clock import has_clock, with_clock
from tiercel.engines.duckdb import DuckDBEngine, Spill
from tiercel.engines.duckdb.calls import called_routines
from tiercel.errors import EngineError, InputError, TiercelError
from tiercel.evidence import Telemetry
from tiercel.tables import INGESTION_TIME, TABLES
from tiercel.tables.lake import Operation
from tiercel.telemetry.lake import rows_in
from tiercel.telemetry.report import ImportReport
from tiercel.telemetry.storage import STORED_TYPES
from tiercel.together import statement_of
from tiercel.watch.windows import REFERENCE_TABLES, Span, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

    from tiercel.engines.engine import Statement
    from tiercel.engines.kept import KeptStatements
    from tiercel.rules import Rule
    from tiercel.tables.lake import Dataset, Part
    from tiercel.watch.pieces import Pieces
    from tiercel.watch.schedule import Schedule
    from tiercel.watch.windows import Look

__all__ = ["Recent"]

_MOST_REACH: Final = timedelta(days=2)
"""Rules that look back further run rarely, and over more rows than should stay in memory."""
_MOST_COLUMNS: Final = 32
"""A rule that wants more of a table than this reads it from Parquet, which holds it in less room."""
_MOST_RULES: Final = 60
"""The bits of a mark. Rules beyond them read from Parquet."""
_LATE: Final = timedelta(days=1)
"""Rows that come in later than this are looked at in Parquet."""
_REFERENCE: Final = timedelta(days=31)
_REBUILT_EVERY: Final = 288
"""Commits between two times at which old rows are let go of."""
_TRIED_EVERY: Final = 12
"""Steps until all is read again after it failed."""
_MEMORY: Final = 2 * 10**9
_MARK: Final = "_ForRules"
_NOT_HELD: Final = "nobody said that this column is needed:"


@dataclass(frozen=True, slots=True)
class _Reader:
    """A rule's statement. `bit` is its place in the rows' marks, `back` how far back its rows stay in memory."""

    statement: Statement
    bit: int
    back: timedelta
    is_held: bool


class Recent:
    """The rows that rules need of a lake, up to one of its commits. One thread calls `follow`, any call `rows`."""

    def __init__(self, rules: Sequence[Rule], schedules: Mapping[str, Schedule], kept: KeptStatements) -> None:
        self._spill = Spill.begin()
        self._connection = self._spill.connect(_MEMORY)
        self._connection.execute("SET enable_progress_bar = false")
        self._version = -1
        self._as_of = datetime.min  # noqa: DTZ901  until rows are held
        self._rebuilt = self._waits = 0
        self._relevant: dict[int, dict[str, tuple[Span, ...]]] = {}
        self._local = threading.local()
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        self._lock = threading.Lock()
        engine = DuckDBEngine(self._connection)
        telemetry = Telemetry(engine, ImportReport((), {}), self._as_of, kept=kept)
        self._readers = dict(_readers(rules, schedules, telemetry))
        self._checks = {table: _checks(table, self._readers.values()) for table in TABLES}
        self._columns = {table: _columns(table, self._readers.values()) for table in TABLES}

    def close(self) -> None:
        """Let go of the rows. Nothing runs any more."""
        for connection in (*self._cursors, self._connection):
            connection.close()
        self._spill.end()

    def interrupt(self) -> None:
        """Whatever runs ends."""
        for connection in (*self._cursors, self._connection):
            connection.interrupt()

    def follow(self, dataset: Dataset, now: datetime, pieces: Pieces) -> None:
        """Takes in what came into the lake since the last time; where that fails, rules read Parquet for now.

        Pieces that the new rows may change are forgotten.
        """
        self._waits -= 1
        if not self._readers or self._waits > 0:
            return
        try:
            if self._version < 0 or dataset.version < self._version or self._version + 1 < dataset.oldest_commit:
                self._fill(dataset, now)
                pieces.forget()
            for commit in dataset.commits(self._version):
                if commit.operation is Operation.IMPORT:
                    self._relevant[commit.version] = self._add(dataset, commit.adds, pieces)
                self._version = commit.version
            self._rebuilt += 1
            if self._rebuilt >= _REBUILT_EVERY:
                self._rebuild(now)
        except (InputError, duckdb.Error):
            # A part is away, or there is no room: the rules' runs say so where it matters to them.
            self._version, self._waits = -1, _TRIED_EVERY
            self._relevant.clear()

    def follows(self, version: int) -> bool:
        """Whether what came in up to this commit was looked at, and nothing later."""
        return self._version == version

    def forget(self, version: int) -> None:
        """What commits up to this one brought is not asked for any more."""
        for each in [each for each in self._relevant if each <= version]:
            del self._relevant[each]

    def spans(self, version: int, rule: str) -> tuple[Span, ...] | None:
        """When those rows of a commit happened that the rule can use; None where that is not known."""
        relevant = self._relevant.get(version)
        return None if relevant is None or rule not in self._readers else relevant.get(rule, ())

    def holds(self, rule: str, look: Look, version: int) -> bool:
        """Whether all rows that the rule may use for the look are here, of the lake as of the commit."""
        reader = self._readers.get(rule)
        if reader is None or not reader.is_held or self._version != version:
            return False
        return look.reads.first >= self._as_of - reader.back

    def tables(self, rule: str) -> set[str]:
        """The tables that the rule reads."""
        return {each.table for each in self._readers[rule].statement.reads}

    def rows(self, rule: str, look: Look, now: datetime) -> tuple[pa.Table, Statement]:
        """The rule's result over the look's rows, and its statement. Raises EngineError."""
        reader = self._readers[rule]
        connection = self._cursor()
        statement = reader.statement
        try:
            for table in self.tables(rule):
                connection.execute(self._view(table, reader, look, now))
            # A relation would be bound twice, and for few rows that is most of the work.
            connection.execute(f"CREATE OR REPLACE TEMP TABLE found AS {with_clock(statement.sql, now)}")
            found = connection.table("found").to_arrow_table()
        except duckdb.Error as error:
            reason = str(error).split("\n\nLINE ", maxsplit=1)[0].strip()
            raise EngineError(f"DuckDB failed: {reason}") from error
        return result_table(found, statement.columns, ""), statement

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """The thread's own connection to the rows, where its views are."""
        found: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if found is None:
            with self._lock:
                found = self._local.cursor = self._connection.cursor()
                self._cursors.append(found)
            found.execute("SET enable_progress_bar = false")
            DuckDBEngine(found)  # gives the connection the settings that statements count on
        return found

    def _view(self, table: str, reader: _Reader, look: Look, now: datetime) -> str:
        held = self._columns[table]
        values = []
        for column in (*TABLES[table].columns, *TABLES[table].hidden):
            kind = STORED_TYPES[column.type]
            if column == INGESTION_TIME:
                value = _moment(now)
            elif column.name in held:
                value = f'"{column.name}"'
            else:  # a null would be a lie
                value = f"error('{_NOT_HELD} {column.name}')::{kind}"
            values.append(f'{value} AS "{column.name}"')
        kept = f'"{_MARK}" & {reader.bit} <> 0'
        if table not in REFERENCE_TABLES:
            kept += f' AND "Timestamp" BETWEEN {_moment(look.reads.first)} AND {_moment(look.reads.last)}'
        return f'CREATE OR REPLACE TEMP VIEW "{table}" AS SELECT {", ".join(values)} FROM held."{table}" WHERE {kept}'

    def _fill(self, dataset: Dataset, now: datetime) -> None:
        """Everything that is to be held is read anew."""
        self._relevant.clear()
        self._connection.execute("CREATE SCHEMA IF NOT EXISTS held")
        farthest = max((each.back for each in self._readers.values() if each.is_held), default=timedelta())
        for table, checks in self._checks.items():
            if checks:
                since = now - farthest - (_REFERENCE if table in REFERENCE_TABLES else timedelta())
                selected = self._selected(dataset, table, dataset.parts(table, since=since))
                held = f'"{_MARK}" & {self._held} <> 0'
                self._connection.execute(f'CREATE OR REPLACE TABLE held."{table}" AS FROM ({selected}) WHERE {held}')
        self._version, self._as_of, self._rebuilt = dataset.version, now, 0

    def _add(self, dataset: Dataset, parts: Iterable[Part], pieces: Pieces) -> dict[str, tuple[Span, ...]]:
        """When the parts' rows happened that each rule can use, after those that are to be held were taken in."""
        by_table: dict[str, list[Part]] = defaultdict(list)
        for part in parts:
            if part.table in TABLES:
                by_table[part.table].append(part)
        spans: dict[str, list[Span]] = defaultdict(list)
        for table, its in by_table.items():
            if "Timestamp" in TABLES[table].by_name:
                for rule, several in self._add_table(dataset, table, its, pieces).items():
                    spans[rule] += several
        return {rule: together(several) for rule, several in spans.items()}

    def _add_table(self, dataset: Dataset, table: str, parts: Sequence[Part], pieces: Pieces) -> dict[str, list[Span]]:
        spans: dict[str, list[Span]] = defaultdict(list)
        selected = self._selected(dataset, table, parts)
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS {selected}")
        dated = [part for part in parts if part.day and part.first and part.last]
        if not dated:
            return spans
        believed = Span(min(part.first for part in dated if part.first), max(part.last for part in dated if part.last))
        within = f'"Timestamp" BETWEEN {_moment(believed.first)} AND {_moment(believed.last)}'
        grouped = f'SELECT "{_MARK}", min("Timestamp"), max("Timestamp") FROM fresh WHERE {within}'
        by_hour = f"""{grouped} GROUP BY "{_MARK}", date_trunc('hour', "Timestamp")"""
        for mark, first, last in self._connection.execute(by_hour).fetchall():
            for rule, reader in self._readers.items():
                if mark & reader.bit:
                    spans[rule].append(Span(first, last))
        # A row that no rule uses may still be the raw event behind a piece that is known.
        if pieces:
            moments = self._connection.execute(f'SELECT DISTINCT "Timestamp" FROM fresh WHERE {within}').fetchall()
            for rule, moment in pieces.touched(moment for (moment,) in moments):
                spans[rule].append(Span(moment, moment))
        if self._checks[table]:
            held = f'"{_MARK}" & {self._held} <> 0'
            self._connection.execute(f'INSERT INTO held."{table}" FROM fresh WHERE {held}')
        return spans

    def _selected(self, dataset: Dataset, table: str, parts: Sequence[Part]) -> str:
        """SQL for the parts' rows with the columns that are held and their marks."""
        names = ", ".join(f'"{name}"' for name in self._columns[table])
        mark = " | ".join(f"CASE WHEN {check} THEN {bits} ELSE 0 END" for check, bits in self._checks[table].items())
        return f'SELECT {names}, ({mark or 0})::BIGINT AS "{_MARK}" FROM ({rows_in(dataset, TABLES[table], parts)})'

    @property
    def _held(self) -> int:
        return sum(each.bit for each in self._readers.values() if each.is_held)

    def _rebuild(self, now: datetime) -> None:
        """Rows that are too old for each of their rules are let go of."""
        backs: dict[timedelta, int] = defaultdict(int)
        for reader in self._readers.values():
            if reader.is_held:
                backs[reader.back] |= reader.bit
        for table, checks in self._checks.items():
            if not checks:
                continue
            more = _REFERENCE if table in REFERENCE_TABLES else timedelta()
            wanted = " OR ".join(
                f'("{_MARK}" & {bits} <> 0 AND "Timestamp" >= {_moment(now - back - more)})'
                for back, bits in backs.items()
            )
            kept = f'FROM held."{table}" WHERE {wanted or "false"} OR "Timestamp" IS NULL'
            self._connection.execute(f'CREATE OR REPLACE TABLE held."{table}" AS {kept}')
        self._as_of, self._rebuilt = now, 0


def _readers(
    rules: Sequence[Rule], schedules: Mapping[str, Schedule], telemetry: Telemetry
) -> Iterable[tuple[str, _Reader]]:
    """The rules that can be served. One that cannot be compiled is none of them: its run says why."""
    number = 0
    for rule in rules:
        try:
            statement = statement_of(rule, telemetry)
        except TiercelError:
            continue
        read = {each.table for each in statement.reads}
        if number == _MOST_RULES or not statement.is_lasting or called_routines(statement.sql):
            continue
        if not read or read != set(statement.tables) or not all("Timestamp" in TABLES[table].by_name for table in read):
            continue
        reach = schedules[rule.id].reach
        is_narrow = all(len(each.columns) <= _MOST_COLUMNS for each in statement.reads)
        yield rule.id, _Reader(statement, 1 << number, _LATE + 2 * reach, is_narrow and reach <= _MOST_REACH)
        number += 1


def _checks(table: str, readers: Iterable[_Reader]) -> dict[str, int]:
    """The bits of the rules that use a row of the table, by the SQL that says whether they do."""
    checks: dict[str, int] = defaultdict(int)
    for reader in readers:
        for read in reader.statement.reads:
            if read.table == table:
                # To a watch every row was ingested just now, whenever it runs; other clocks are left to the statement.
                lasting = [each for each in read.conditions if not has_clock(each) and INGESTION_TIME.name not in each]
                checks[" AND ".join(f"({each})" for each in lasting) or "true"] |= reader.bit
    return checks


def _columns(table: str, readers: Iterable[_Reader]) -> tuple[str, ...]:
    """The columns that are held of the table."""
    wanted = {"Timestamp"} if "Timestamp" in TABLES[table].by_name else set[str]()
    for reader in readers:
        if reader.is_held:
            wanted.update(name for read in reader.statement.reads if read.table == table for name in read.columns)
    return tuple(sorted(wanted - {INGESTION_TIME.name}))


def _moment(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"
