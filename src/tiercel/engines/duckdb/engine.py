"""The engine: a connection that holds the tables, and plans run on it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tiercel.engines.clock import with_clock
from tiercel.engines.duckdb.calls import called_routines
from tiercel.engines.duckdb.lookup import matching_rows
from tiercel.engines.duckdb.sound_json import sound_json
from tiercel.engines.duckdb.spill import trouble
from tiercel.engines.engine import Statement
from tiercel.errors import EngineError
from tiercel.tables import KustoType
from tiercel.tables.arrow import moments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.routines import RoutineFunctions
    from tiercel.plan import Plan
    from tiercel.tables import Column

__all__ = ["ARROW_TYPES", "DuckDBEngine"]

ARROW_TYPES: Final[dict[KustoType, pa.DataType]] = {
    KustoType.BOOL: pa.bool_(),
    KustoType.INT: pa.int32(),
    KustoType.LONG: pa.int64(),
    KustoType.REAL: pa.float64(),
    KustoType.DECIMAL: pa.decimal128(38, 17),
    KustoType.STRING: pa.string(),
    KustoType.DATETIME: pa.timestamp("us"),
    KustoType.TIMESPAN: pa.int64(),
    KustoType.GUID: pa.string(),
    KustoType.DYNAMIC: pa.string(),
}
"""How a result's column stands in Arrow: datetimes in UTC, timespans as ticks of 100 ns, dynamics as JSON text."""

_SETTINGS: Final = (
    "SET TimeZone = 'UTC'",
    "SET error_on_division_by_zero = false",
)


class DuckDBEngine:
    """Runs plans on a DuckDB connection that holds the tables of `tiercel.tables` by their names."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        for setting in _SETTINGS:
            connection.execute(setting)
        self._spill_folder = str(connection.execute("SELECT current_setting('temp_directory')").fetchall()[0][0])

    @property
    def name(self) -> str:
        """`duckdb`."""
        return "duckdb"

    def render(self, plan: Plan) -> str:
        """The SQL that `run` runs."""
        return with_clock(self.prepare(plan).sql, plan.now)

    def prepare(self, plan: Plan) -> Statement:
        """The plan in DuckDB's SQL. Writing it leaves the tree as it is, so that no copy is needed."""
        sql = self._generator.generate(plan.tree, copy=False)
        return Statement(sql, plan.columns, plan.tables, plan.warnings, plan.is_lasting, plan.subtracted)

    def run(self, plan: Plan, *, query: str = "") -> pa.Table:
        """The plan's rows. A column's field says its Kusto type in its metadata, under `kusto`."""
        return self.execute(self.prepare(plan), plan.now, query=query)

    def execute(self, statement: Statement, now: datetime, *, query: str = "") -> pa.Table:
        """The statement's rows, as `run` gives them."""
        try:
            sql = with_clock(statement.sql, now)
            self._offer_routines(sql)
            found = self._connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise self._error(error, query) from error
        return _as_declared(found, statement.columns, query)

    def stream(self, plan: Plan, *, rows_at_once: int = 10_000) -> Iterator[pa.Table]:
        """The plan's rows as `run` gives them, some at a time: a result of any size needs no memory of its size.

        There is at least one table, which may be empty.
        """
        statement = self.prepare(plan)
        try:
            sql = with_clock(statement.sql, plan.now)
            self._offer_routines(sql)
            reader = self._connection.sql(sql).to_arrow_reader(rows_at_once)
            yield _as_declared(reader.schema.empty_table(), statement.columns, "")
            for batch in reader:
                yield _as_declared(pa.Table.from_batches([batch]), statement.columns, "")
        except duckdb.Error as error:
            raise self._error(error, "") from error
        except (pa.ArrowException, OSError) as error:  # what DuckDB says while the rows are read comes by way of Arrow
            told = duckdb.Error(str(error))
            raise self._error(told, "") from error

    def matching(self, table: str, keys: pa.Table, columns: Sequence[str]) -> pa.Table:
        """These columns of a stored table's rows that equal a row of `keys` in the columns of `keys`."""
        try:
            return matching_rows(self._connection, table, keys, columns)
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

    def _offer_routines(self, sql: str) -> None:
        if names := called_routines(sql):
            self._routines.offer(names)

    def _error(self, error: duckdb.Error, query: str) -> EngineError:
        """DuckDB's own words without the SQL that it quotes: nobody wrote that."""
        reason = str(error).split("\n\nLINE ", maxsplit=1)[0].strip()
        of_query = f" running `{query}`" if query else ""
        if full := trouble(error, self._spill_folder):
            return EngineError(f"{full} (DuckDB: {reason})", query=query)
        return EngineError(f"DuckDB failed{of_query}: {reason}", query=query)


def _as_declared(found: pa.Table, columns: Sequence[Column], query: str) -> pa.Table:
    """The rows with the columns' types. Raises EngineError for a value that its type cannot hold."""
    fields = [
        pa.field(column.name, ARROW_TYPES[column.type], metadata={"kusto": column.type.value}) for column in columns
    ]
    try:
        arrays = [_as_type(found.column(at), column.type) for at, column in enumerate(columns)]
    except pa.ArrowInvalid as error:
        raise EngineError(f"a value does not fit its type: {error}", query=query) from error
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _as_type(array: pa.ChunkedArray, kind: KustoType) -> pa.ChunkedArray:
    if isinstance(array.type, pa.BaseExtensionType):
        array = pa.chunked_array([chunk.storage for chunk in array.chunks], type=array.type.storage_type)
    if kind is KustoType.DATETIME:
        array = _within_years(array)
    array = array if array.type == ARROW_TYPES[kind] else array.cast(ARROW_TYPES[kind])
    return sound_json(array) if kind is KustoType.DYNAMIC else array


_YEARS: Final = (datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999))  # noqa: DTZ001  UTC without a zone, as in the tables
"""What Kusto's datetime can hold; DuckDB's goes beyond."""


def _within_years(array: pa.ChunkedArray) -> pa.ChunkedArray:
    """The instants, those that Kusto cannot hold as nulls."""
    low, high = moments(_YEARS)
    extremes = pc.min_max(array)
    if not extremes["min"].is_valid:
        return array
    if pc.and_(pc.greater_equal(extremes["min"], low), pc.less_equal(extremes["max"], high)).as_py():
        return array
    inside = pc.and_(pc.greater_equal(array, low), pc.less_equal(array, high))
    return pc.if_else(inside, array, pa.scalar(None, array.type))
