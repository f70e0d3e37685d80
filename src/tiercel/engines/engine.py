"""What every engine offers: it runs a plan over tables and hands back Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
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
