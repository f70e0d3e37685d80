"""What every engine offers: it runs a plan over tables and hands back Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    import pyarrow as pa

    from tiercel.errors import Issue
    from tiercel.plan.plan import Plan
    from tiercel.tables import Column

__all__ = ["Engine", "Statement", "TableRead"]


@dataclass(frozen=True, slots=True)
class TableRead:
    """A place of a statement that reads a table: the columns it may need, and what must hold of each row it uses."""

    table: str
    columns: tuple[str, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A plan as one engine's SQL: what is left of a query once it is compiled, and all that running it needs.

    `sql` has marks where the run's clock stands (`tiercel.engines.clock`), and so have the conditions in `reads`; the
    others are as in `Plan`.
    """

    sql: str
    columns: tuple[Column, ...]
    tables: tuple[str, ...]
    warnings: tuple[Issue, ...] = ()
    is_lasting: bool = False
    subtracted: tuple[str, ...] = ()
    reads: tuple[TableRead, ...] = ()


class Engine(Protocol):
    """Runs plans. The tables it holds carry the columns of `tiercel.tables`, in the SQL forms of `plan.values`."""

    @property
    def name(self) -> str:
        """`duckdb`, `spark`, `kusto`."""
        ...

    def render(self, plan: Plan) -> str:
        """The SQL text that the engine would run for the plan."""
        ...

    def prepare(self, plan: Plan) -> Statement:
        """The plan as a statement, which can be kept and run again."""
        ...

    def execute(self, statement: Statement, now: datetime) -> pa.Table:
        """The statement's rows, columns named and ordered as `statement.columns`; `now` is UTC. Raises EngineError."""
        ...

    def run(self, plan: Plan) -> pa.Table:
        """The plan's rows, columns named and ordered as `plan.columns`. Raises EngineError."""
        ...

    def stream(self, plan: Plan) -> Iterator[pa.Table]:
        """The plan's rows as `run` gives them, in one table or more, so that an engine need not hold all at once."""
        ...

    def probe(self, plan: Plan) -> list[tuple[object, ...]]:
        """The plan's rows as Python values, dynamics parsed: what the compiler asks while it compiles."""
        ...

    def close(self) -> None:
        """Give back what the engine holds; nothing is run on it afterwards."""
        ...

    def matching(self, table: str, keys: pa.Table, columns: Sequence[str]) -> pa.Table:
        """These columns of a stored table's rows that equal a row of `keys` in the columns of `keys`.

        Hidden columns can be asked for. It is how a finding gets back to its raw events. Raises EngineError.
        """
        ...

    def offered(self, name: str, rows: pa.Table) -> AbstractContextManager[None]:
        """While it is open, plans can read these rows as a stored table of that name. Raises EngineError."""
        ...
