"""What every engine offers: it runs a plan over tables and hands back Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from tiercel.plan.plan import Plan

__all__ = ["Engine"]


class Engine(Protocol):
    """Runs plans. The tables it holds carry the columns of `tiercel.tables`, in the SQL forms of `plan.values`."""

    @property
    def name(self) -> str:
        """`duckdb`, `spark`, `kusto`."""
        ...

    def render(self, plan: Plan) -> str:
        """The SQL text that the engine would run for the plan."""
        ...

    def run(self, plan: Plan) -> pa.Table:
        """The plan's rows, columns named and ordered as `plan.columns`. Raises EngineError."""
        ...

    def matching(self, table: str, keys: pa.Table, columns: Sequence[str]) -> pa.Table:
        """These columns of a stored table's rows that equal a row of `keys` in the columns of `keys`.

        Hidden columns can be asked for. It is how a finding gets back to its raw events. Raises EngineError.
        """
        ...
