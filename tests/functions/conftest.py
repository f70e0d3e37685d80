"""A DuckDB on which an expression is worked out, of constants and of columns."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tiercel.engines.duckdb import DuckDBEngine
from tiercel.kql import Source, parse
from tiercel.kql.syntax import Call, Named, Print, Star
from tiercel.plan import compile_text
from tiercel.plan.values import SQL_TYPES
from tiercel.tables import Column, KustoType, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiercel.plan import Plan

NOW = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)

Shown = tuple[str, Any]
"""A value and its type: `("long", 5)`."""


class Refused(Exception):  # noqa: N818  it says what became of the query
    """A query that was refused: its text is the first issue's code."""


class Bench:
    """A DuckDB that works out expressions."""

    refused = Refused

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.engine = DuckDBEngine(self.connection)
        self.table: Table | None = None

    def plan(self, query: str) -> Plan:
        """The plan of a query."""
        tables = {} if self.table is None else {"T": self.table}
        compiled = compile_text(Source(query), now=NOW, tables=tables, probe=self.engine.probe)
        if compiled.plan is None:
            raise Refused(f"{compiled.issues[0].code}: {compiled.issues[0].message}")
        return compiled.plan

    def names(self, query: str) -> list[str]:
        """The names of a query's columns."""
        return [column.name for column in self.plan(query).columns]

    def run(self, query: str) -> list[list[Shown]]:
        """The rows of a query."""
        plan = self.plan(query)
        found = self.engine.run(plan)
        kinds = [column.type for column in plan.columns]
        lists = [[shown(value, kind) for value in found.column(at).to_pylist()] for at, kind in enumerate(kinds)]
        return [list(row) for row in zip(*lists, strict=True)]

    def values(self, expressions: Sequence[str]) -> list[Shown]:
        """What expressions of constants give."""
        if not expressions:
            return []
        return self.run("print " + ", ".join(f"c{at} = {one}" for at, one in enumerate(expressions)))[0]

    def over_columns(self, expressions: Sequence[str], *fixed: frozenset[int]) -> list[Shown]:
        """What the same expressions give when the arguments of the call come from the columns of a table.

        Arguments at the places `fixed` stay what they are, as do stars, types and names; one set for all, or one each.
        """
        texts = [arguments(one) for one in expressions]
        kept = fixed if len(fixed) == len(texts) else fixed * len(texts)
        moved = [
            (call, place, text)
            for call, (_, found) in enumerate(texts)
            for place, text in enumerate(found)
            if place not in kept[call] and not re.fullmatch(r"\*|typeof\(\w+\)|\w+ *=[^=].*", text)
        ]
        stored = self.values([text for _, _, text in moved])
        self._store([(f"a{call}_{place}", kind, value) for (call, place, _), (kind, value) in zip(moved, stored)])  # noqa: B905  of one length
        names = {(call, place): f"a{call}_{place}" for call, place, _ in moved}
        rewritten = [
            f"{name}({', '.join(names.get((call, place), text) for place, text in enumerate(found))})"
            for call, (name, found) in enumerate(texts)
        ]
        return self.run("T | project " + ", ".join(f"c{at} = {one}" for at, one in enumerate(rewritten)))[0]

    def _store(self, cells: list[tuple[str, str, Any]]) -> None:
        columns = [Column(name, KustoType(kind)) for name, kind, _ in cells] or [Column("none", KustoType.LONG)]
        self.table = Table("T", tuple(columns), ())
        declared = ", ".join(f'"{one.name}" {SQL_TYPES[one.type]}' for one in columns)
        self.connection.execute(f'CREATE OR REPLACE TABLE "T" ({declared})')
        values = [json.dumps(value) if kind == "dynamic" else value for _, kind, value in cells] or [None]
        self.connection.execute(f'INSERT INTO "T" VALUES ({", ".join("?" for _ in values)})', values)


def arguments(expression: str) -> tuple[str, list[str]]:
    """The name of the function that an expression calls, and the texts of its arguments."""
    text = f"print {expression}"
    parsed = parse(Source(text))
    assert parsed.query is not None, f"{expression}: {parsed.issues}"
    source = parsed.query.statements[-1].expression.source  # type: ignore[union-attr]
    assert isinstance(source, Print)
    call = source.columns[0]
    assert isinstance(call, Call), f"{expression} is no call of a function"
    assert not any(isinstance(one, Named | Star) for one in call.arguments), expression
    return call.name, [text[one.region.start : one.region.end] for one in call.arguments]


def shown(value: Any, kind: KustoType) -> Shown:
    """A value with its type; dynamic values as they are, not as JSON text."""
    if kind is KustoType.DYNAMIC:
        return kind.value, None if value is None else json.loads(value)
    return kind.value, value


def alike(found: Any, wanted: Any) -> bool:
    """Whether two values are the same, reals within rounding."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        if math.isnan(found) or math.isnan(wanted):
            return math.isnan(found) and math.isnan(wanted)
        return found == wanted or math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(found, list | tuple) and isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(alike(a, b) for a, b in zip(found, wanted, strict=True))
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(alike(found[key], wanted[key]) for key in found)
    return bool(found == wanted)


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """A DuckDB that works out expressions."""
    one = Bench()
    yield one
    one.connection.close()


@pytest.fixture(scope="session")
def same() -> Any:
    """`alike`."""
    return alike
