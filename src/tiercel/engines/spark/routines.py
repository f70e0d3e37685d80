"""Routines as Spark's user functions over Arrow columns, offered to a session when a query needs them."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tiercel.engines.routines import over_columns
from tiercel.engines.spark.patterns import JAVA_PATTERN, java_pattern
from tiercel.plan.routines import ROUTINES
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SPARK_TYPES", "RoutineFunctions"]

_CALL: Final = re.compile(rf"\b(?:KUSTO_([A-Z0-9_]+)|{JAVA_PATTERN})\(")

SPARK_TYPES: Final[dict[KustoType, str]] = {
    KustoType.BOOL: "BOOLEAN",
    KustoType.INT: "INT",
    KustoType.LONG: "BIGINT",
    KustoType.REAL: "DOUBLE",
    KustoType.DECIMAL: "DECIMAL(38, 17)",
    KustoType.STRING: "STRING",
    KustoType.DATETIME: "TIMESTAMP",
    KustoType.TIMESPAN: "BIGINT",
    KustoType.GUID: "STRING",
    KustoType.DYNAMIC: "STRING",
}
"""Spark's type for each Kusto type; TIMESTAMP is an instant, read and printed in UTC."""


class RoutineFunctions:
    """The routines that a session knows: `prepare` adds those that a query calls.

    They run in Python on the executors, which need Tiercel installed for them.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._known: set[str] = set()

    def prepare(self, sql: str) -> None:
        """Offers every routine that the text calls."""
        called = {(match[1] or "").lower() for match in _CALL.finditer(sql)} - self._known
        for name in called:
            if not name:
                self._offer(JAVA_PATTERN, _java_patterns, "STRING")
            elif name in ROUTINES:
                routine = ROUTINES[name]
                self._offer(f"KUSTO_{name.upper()}", over_columns(routine), SPARK_TYPES[routine.returns])
        self._known |= called

    def _offer(self, name: str, function: Callable[..., pa.Array], returns: str) -> None:
        functions = importlib.import_module("pyspark.sql.functions")  # pyspark is imported when a session is opened
        kinds = importlib.import_module("pyspark.util").PythonEvalType
        self._session.udf.register(name, functions.arrow_udf(function, returns, kinds.SQL_SCALAR_ARROW_UDF))


def _java_patterns(patterns: pa.Array) -> pa.Array:
    return pa.array([None if one is None else java_pattern(one) for one in patterns.to_pylist()], pa.string())
