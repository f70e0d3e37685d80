"""How the planner's tests run a query and compare rows with what Kusto gives."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tiercel.engines.duckdb import DuckDBEngine
from tiercel.engines.gaps import GAPS
from tiercel.kql import Source
from tiercel.kql.literals import read_timespan, timespan_text
from tiercel.plan import PASSES, compile_text
from tiercel.plan.lacks import NOTHING
from tiercel.plan.values import SQL_TYPES
from tiercel.tables import INGESTION_TIME, SOURCE, Column, KustoType, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tiercel.errors import Issue

NOW = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)


@dataclass
class Answer:
    """What came of a query: its columns as (name, type), its rows as plain values, or its issues."""

    columns: list[tuple[str, str]]
    rows: list[list[Any]]
    issues: tuple[Issue, ...]
    sql: str = ""


class Desk:
    """A DuckDB with tables, on which queries are run."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.engine = DuckDBEngine(self.connection)
        self.tables: dict[str, Table] = {}
        self.now = NOW

    def add(self, name: str, columns: list[tuple[str, str]], rows: list[list[Any]], ingested: list[Any] | None = None):
        table = Table(name, tuple(Column(n, KustoType(t)) for n, t in columns), (INGESTION_TIME, SOURCE))
        self.tables[name] = table
        declared = ", ".join(f'"{c.name}" {SQL_TYPES[c.type]}' for c in (*table.columns, *table.hidden))
        self.connection.execute(f'CREATE OR REPLACE TABLE "{name}" ({declared})')
        for at, row in enumerate(rows):
            hidden = [ingested[at] if ingested else None, f"{name}#{at}"]
            values = [_stored(value, kind) for value, (_, kind) in zip(row, columns, strict=True)] + hidden
            places = ", ".join("?" for _ in values)
            self.connection.execute(f'INSERT INTO "{name}" VALUES ({places})', values)

    def ask(self, text: str, *, passes: tuple = PASSES, parameters: Mapping[str, object] | None = None) -> Answer:
        source = Source(text, path="case.kql")
        compiled = compile_text(
            source,
            now=self.now,
            tables=self.tables,
            passes=passes,
            parameters=parameters,
            probe=self.engine.probe,
            lacks=GAPS.get(self.engine.name, NOTHING),
        )
        if compiled.plan is None:
            return Answer([], [], compiled.issues)
        plan = compiled.plan
        found = self.engine.run(plan)
        columns = [(column.name, column.type.value) for column in plan.columns]
        lists = [[shown(value, kind) for value in found.column(at).to_pylist()] for at, (_, kind) in enumerate(columns)]
        rows = [list(row) for row in zip(*lists, strict=True)]
        return Answer(columns, rows, compiled.issues, self.engine.render(plan))


def _stored(value: Any, kind: str) -> Any:
    if kind == "dynamic":
        return None if value is None else json.dumps(value)
    if kind == "string":
        return "" if value is None else value
    if kind == "timespan" and isinstance(value, str):
        return _ticks(value)
    return value


def _ticks(text: str) -> int:
    ticks = read_timespan(text)
    assert ticks is not None, text
    return ticks


def shown(value: Any, kind: str) -> Any:
    """The value as the recorded answers write it."""
    if value is None:
        return None
    if kind == "datetime":
        return _iso(value)
    if kind == "timespan":
        return timespan_text(value)
    if kind == "dynamic":
        return json.loads(value)
    if kind == "decimal":
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return value


def _iso(value: datetime) -> str:
    text = value.isoformat()
    return text.rstrip("0") + "Z" if "." in text else text + "Z"


def _moment(value: str) -> str:
    """A recorded datetime in one form: trailing zeros and a space for the T are equal."""
    text = value.replace(" ", "T").rstrip("Z")
    text = text if "T" in text else text + "T00:00:00"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "Z"


def alike(found: Any, wanted: Any, kind: str = "dynamic", *, unordered: bool = False) -> bool:
    """Whether two values are the same: numbers within rounding, datetimes to the microsecond that we keep."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        return found == wanted or math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-12)
    if kind == "datetime" and isinstance(found, str) and isinstance(wanted, str):
        return _moment(found)[:26].rstrip("Z0") == _moment(wanted)[:26].rstrip("Z0")
    if kind == "timespan" and isinstance(found, str) and isinstance(wanted, str):
        return _ticks(found) == _ticks(wanted)
    if isinstance(found, list) and isinstance(wanted, list):
        if unordered:
            found, wanted = sorted(found, key=json.dumps), sorted(wanted, key=json.dumps)
        return len(found) == len(wanted) and all(
            alike(a, b, unordered=unordered) for a, b in zip(found, wanted, strict=True)
        )
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(alike(found[k], wanted[k], unordered=unordered) for k in found)
    return bool(found == wanted)


def same_rows(
    found: list[list[Any]], wanted: list[list[Any]], kinds: list[str], *, ordered: bool, unordered_sets: bool
) -> bool:
    """Whether the rows are the same, in this order or in any."""

    def same(a: list[Any], b: list[Any]) -> bool:
        return all(alike(x, y, kind, unordered=unordered_sets) for x, y, kind in zip(a, b, kinds, strict=True))

    if len(found) != len(wanted):
        return False
    if ordered:
        return all(same(a, b) for a, b in zip(found, wanted, strict=True))
    rest = list(wanted)
    for row in found:
        match = next((at for at, other in enumerate(rest) if same(row, other)), None)
        if match is None:
            return False
        del rest[match]
    return True


@pytest.fixture(scope="session")
def one_desk() -> Iterator[Desk]:
    """A DuckDB for all tests: opening one takes longer than a query."""
    one = Desk()
    yield one
    one.connection.close()


@pytest.fixture
def desk(one_desk: Desk) -> Desk:
    """A DuckDB without tables to run queries on."""
    for name in one_desk.tables:
        one_desk.connection.execute(f'DROP TABLE "{name}"')
    one_desk.tables.clear()
    one_desk.now = NOW
    return one_desk


@pytest.fixture(scope="session")
def compare() -> Any:
    """`same_rows`."""
    return same_rows
