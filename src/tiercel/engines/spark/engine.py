"""The engine: a Spark session that holds the tables as views, and plans run on it."""

from __future__ import annotations

import importlib
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tiercel.engines.arrow import result_table
from tiercel.engines.clock import with_clock
from tiercel.engines.engine import Statement
from tiercel.engines.spark.dialect import TiercelSpark
from tiercel.engines.spark.lookup import held_rows, matching_rows
from tiercel.engines.spark.routines import RoutineFunctions
from tiercel.engines.spark.session import spark_warnings
from tiercel.engines.spark.subqueries import beside_rows
from tiercel.errors import EngineError
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tiercel.engines.spark.session import Opened
    from tiercel.plan import Plan

__all__ = ["SparkEngine"]

_SQLSTATE: Final = re.compile(r"\s*SQLSTATE: \w+")
_QUOTED_SQL: Final = re.compile(r"\n?== SQL.*", re.DOTALL)


class SparkEngine:
    """Runs plans on a Spark session that holds the tables of `tiercel.tables` as views of their names."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._session = opened.session
        self._generator = TiercelSpark().generator(pretty=True)
        self._routines = RoutineFunctions(opened.session)

    @property
    def name(self) -> str:
        """`spark`."""
        return "spark"

    @property
    def session(self) -> Any:
        """The session that plans run in."""
        return self._session

    def close(self) -> None:
        """Stop Spark if it was started for this engine."""
        self._opened.close()

    def render(self, plan: Plan) -> str:
        """The SQL that `run` runs."""
        return with_clock(self.prepare(plan).sql, plan.now)

    def prepare(self, plan: Plan) -> Statement:
        """The plan in Spark's SQL."""
        sql = self._generator.generate(beside_rows(plan.tree), copy=False)
        return Statement(sql, plan.columns, plan.tables, plan.warnings, plan.is_lasting, plan.subtracted)

    def run(self, plan: Plan, *, query: str = "") -> pa.Table:
        """The plan's rows. A column's field says its Kusto type in its metadata, under `kusto`."""
        return self.execute(self.prepare(plan), plan.now, query=query)

    def execute(self, statement: Statement, now: datetime, *, query: str = "") -> pa.Table:
        """The statement's rows, as `run` gives them."""
        found = self._collected(with_clock(statement.sql, now), query)
        return result_table(found, statement.columns, query)

    def stream(self, plan: Plan) -> Iterator[pa.Table]:
        """The plan's rows as `run` gives them; Spark hands them over as a whole."""
        yield self.run(plan)

    def matching(self, table: str, keys: pa.Table, columns: Sequence[str]) -> pa.Table:
        """These columns of a stored table's rows that equal a row of `keys` in the columns of `keys`."""
        with spark_warnings():
            try:
                found = matching_rows(self._session, table, keys, columns)
            except _failures() as error:
                raise self._error(error, "") from error
        return _without_zones(found)

    def hold(self, name: str, rows: pa.Table) -> None:
        """Plans can read these rows as a stored table of that name from now on."""
        with spark_warnings():
            try:
                held_rows(self._session, name, rows)
            except _failures() as error:
                raise self._error(error, "") from error

    @contextmanager
    def offered(self, name: str, rows: pa.Table) -> Iterator[None]:
        """While it is open, plans can read these rows as a stored table of that name."""
        self.hold(name, rows)
        try:
            yield
        finally:
            self._session.catalog.dropTempView(name)

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
        """How Spark would run the plan: its physical plan before it adapts it to what it finds."""
        with spark_warnings():
            try:
                sql = self.render(plan)
                self._routines.prepare(sql)
                rows = self._session.sql(f"EXPLAIN FORMATTED {sql}").toArrow()
            except _failures() as error:
                raise self._error(error, "") from error
        return str(rows.column(0)[0].as_py())

    def _collected(self, sql: str, query: str) -> pa.Table:
        with spark_warnings():
            try:
                self._routines.prepare(sql)
                return _without_zones(self._session.sql(sql).toArrow())
            except _failures() as error:
                raise self._error(error, query) from error

    def _error(self, error: Exception, query: str) -> EngineError:
        """Spark's own words without the SQL that it quotes, nobody wrote that, and without its stack."""
        words = _QUOTED_SQL.sub("", _SQLSTATE.sub("", str(error))).strip()
        reason = words.split("\n\n", maxsplit=1)[0].split("JVM stacktrace", maxsplit=1)[0].strip()
        of_query = f" running `{query}`" if query else ""
        return EngineError(f"Spark failed{of_query}: {reason}", query=query)


def _failures() -> tuple[type[Exception], ...]:
    """What Spark raises: its own errors, and those of the bridge to Java."""
    raised = importlib.import_module("pyspark.errors"), importlib.import_module("py4j.protocol")
    return (raised[0].PySparkException, raised[1].Py4JError)


def _without_zones(found: pa.Table) -> pa.Table:
    """The rows with instants as everywhere: UTC without a zone."""
    naive = pa.timestamp("us")
    for at, field in enumerate(found.schema):
        if pa.types.is_timestamp(field.type):
            found = found.set_column(at, field.name, found.column(at).cast(naive))
    return found
