"""The engine: a connection that holds the tables, and plans run on it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa

from tiercel.engines.arrow import result_table
from tiercel.engines.clock import with_clock
from tiercel.engines.duckdb.ahead import run_ahead
from tiercel.engines.duckdb.calls import called_routines
from tiercel.engines.duckdb.fetching import arrow_rows
from tiercel.engines.duckdb.lookup import matching_rows
from tiercel.engines.duckdb.sharing import NOT_SHARED, SHARED, shared_tables
from tiercel.engines.duckdb.spill import trouble, unreadable
from tiercel.engines.engine import Statement, TableRead
from tiercel.errors import EngineError
from tiercel.tables import TABLES, KustoType
from tiercel.telemetry.storage import keep_quiet, planned_quickly

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.routines import RoutineFunctions
    from tiercel.plan import Plan
    from tiercel.telemetry.lake import LakeRows

__all__ = ["DuckDBEngine"]

_SETTINGS: Final = (
    "SET TimeZone = 'UTC'",
    "SET error_on_division_by_zero = false",
)


def _set_up(connection: duckdb.DuckDBPyConnection) -> None:
    for setting in _SETTINGS:
        connection.execute(setting)
    keep_quiet(connection)


class DuckDBEngine:
    """Runs plans on a DuckDB connection that holds the tables of `tiercel.tables` by their names.

    `lake` is where their rows stand, if they are views of a lake.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, lake: LakeRows | None = None) -> None:
        self._connection = connection
        self._lake = lake
        self._sharing: frozenset[str] = frozenset()
        self._ahead: Mapping[str, Future[pa.Table]] = {}
        _set_up(connection)
        self._spill_folder = str(connection.execute("SELECT current_setting('temp_directory')").fetchall()[0][0])

    @property
    def name(self) -> str:
        """`duckdb`."""
        return "duckdb"

    def close(self) -> None:
        """Close the connection, and with it all that is read into it."""
        self._connection.close()

    def render(self, plan: Plan) -> str:
        """The SQL that `run` runs."""
        return with_clock(self.prepare(plan).sql, plan.now)

    def prepare(self, plan: Plan) -> Statement:
        """The plan in DuckDB's SQL. Writing it leaves the tree as it is, so that no copy is needed."""
        from tiercel.plan.reads import reads  # noqa: PLC0415  only what is not kept is compiled

        sql = self._generator.generate(plan.tree, copy=False)
        told = tuple(
            TableRead(each.table, tuple(sorted(each.columns)), tuple(map(self._generator.generate, each.conditions)))
            for each in reads(plan.tree, TABLES)
        )
        return Statement(sql, plan.columns, plan.tables, plan.warnings, plan.is_lasting, plan.subtracted, told)

    def run(self, plan: Plan, *, query: str = "") -> pa.Table:
        """The plan's rows. A column's field says its Kusto type in its metadata, under `kusto`."""
        return self._execute(
            self.prepare(plan), plan.now, query, lambda sql: self._connection.sql(sql).to_arrow_table()
        )

    def execute(self, statement: Statement, now: datetime, *, query: str = "") -> pa.Table:
        """The statement's rows, as `run` gives them; for one that finds little, since its rows are copied once more."""
        return self._execute(statement, now, query, lambda sql: arrow_rows(self._connection, sql))

    def _execute(self, statement: Statement, now: datetime, query: str, fetch: Callable[[str], pa.Table]) -> pa.Table:
        try:
            sql = with_clock(statement.sql, now)
            self._offer_routines(sql)
            found = self._shared_rows(sql) if statement.sql in self._sharing else None
            if sql in self._ahead:
                found = self._ahead[sql].result()
            if found is None:
                found = fetch(sql)
        except duckdb.Error as error:
            raise self._error(error, query) from error
        return result_table(found, statement.columns, query)

    def stream(self, plan: Plan, *, rows_at_once: int = 10_000) -> Iterator[pa.Table]:
        """The plan's rows as `run` gives them, some at a time: a result of any size needs no memory of its size.

        There is at least one table, which may be empty.
        """
        statement = self.prepare(plan)
        try:
            sql = with_clock(statement.sql, plan.now)
            self._offer_routines(sql)
            reader = self._connection.sql(sql).to_arrow_reader(rows_at_once)
            yield result_table(reader.schema.empty_table(), statement.columns, "")
            for batch in reader:
                yield result_table(pa.Table.from_batches([batch]), statement.columns, "")
        except duckdb.Error as error:
            raise self._error(error, "") from error
        except (pa.ArrowException, OSError) as error:  # what DuckDB says while the rows are read comes by way of Arrow
            told = duckdb.Error(str(error))
            raise self._error(told, "") from error

    @contextmanager
    def shared(self, statements: Collection[Statement], now: datetime, large: Collection[str]) -> Iterator[None]:
        """While it is open, these statements read what they need of the large tables from one pass over each."""
        folder = Path(self._spill_folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with shared_tables(self._connection, folder, statements, now, large) as self._sharing:
                yield
        except duckdb.Error as error:
            raise self._error(error, "") from error
        finally:
            self._sharing = frozenset()

    @contextmanager
    def ahead(self, statements: Iterable[Statement], now: datetime) -> Iterator[None]:
        """While it is open, these statements run side by side, and `execute` hands over what they found."""
        with run_ahead(self._connection, _set_up, statements, now) as found:
            self._ahead = found
            try:
                yield
            finally:
                self._ahead = {}

    def planned_quickly(self) -> AbstractContextManager[None]:
        """While it is open, statements are planned for tables of few rows."""
        return planned_quickly(self._connection)

    def matching(self, table: str, keys: pa.Table, columns: Sequence[str]) -> pa.Table:
        """These columns of a stored table's rows that equal a row of `keys` in the columns of `keys`."""
        try:
            return matching_rows(self._connection, table, keys, columns, self._lake)
        except duckdb.Error as error:
            raise self._error(error, "") from error

    @contextmanager
    def offered(self, name: str, rows: pa.Table) -> Iterator[None]:
        """While it is open, plans can read these rows as a stored table of that name."""
        try:
            self._connection.register(name, rows)
        except duckdb.Error as error:
            raise self._error(error, "") from error
        try:
            yield
        finally:
            self._connection.unregister(name)

    def probe(self, plan: Plan) -> list[tuple[object, ...]]:
        """The plan's rows as Python values, dynamics parsed: what the compiler asks while it compiles."""
        found = self.run(plan)
        columns = [
            [None if one is None else json.loads(one) for one in array.to_pylist()]
            if column.type is KustoType.DYNAMIC
            else array.to_pylist()
            for column, array in zip(plan.columns, found.columns, strict=True)
        ]
        return list(zip(*columns, strict=True))

    def explain(self, plan: Plan) -> str:
        """How DuckDB would run the plan."""
        try:
            sql = self.render(plan)
            self._offer_routines(sql)
            rows = self._connection.execute(f"EXPLAIN {sql}").fetchall()
        except duckdb.Error as error:
            raise self._error(error, "") from error
        return "\n".join(str(row[1]) for row in rows)

    @cached_property
    def _generator(self) -> Generator:
        from tiercel.engines.duckdb.dialect import TiercelDuckDB  # noqa: PLC0415  only what is not kept is compiled

        return TiercelDuckDB().generator(pretty=True)

    @cached_property
    def _routines(self) -> RoutineFunctions:
        from tiercel.engines.duckdb.routines import RoutineFunctions  # noqa: PLC0415  few queries call any

        return RoutineFunctions(self._connection)

    def _shared_rows(self, sql: str) -> pa.Table | None:
        """The rows, large tables read from what is shared; None where a column is needed that is not."""
        self._connection.execute(f"SET search_path = '{SHARED},main'")
        try:
            return arrow_rows(self._connection, sql)
        except duckdb.Error as error:
            if NOT_SHARED in str(error):
                return None
            raise
        finally:
            self._connection.execute("RESET search_path")

    def _offer_routines(self, sql: str) -> None:
        if names := called_routines(sql):
            self._routines.offer(names)

    def _error(self, error: duckdb.Error, query: str) -> EngineError:
        """DuckDB's own words without the SQL that it quotes: nobody wrote that."""
        reason = str(error).split("\n\nLINE ", maxsplit=1)[0].strip()
        of_query = f" running `{query}`" if query else ""
        if lost := unreadable(error):
            return EngineError(lost, query=query)
        if full := trouble(error, self._spill_folder):
            return EngineError(f"{full} (DuckDB: {reason})", query=query)
        return EngineError(f"DuckDB failed{of_query}: {reason}", query=query)
