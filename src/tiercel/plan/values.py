"""How Kusto's values stand in the plan: one SQL form a type, for every engine.

| Kusto    | SQL form in the plan                                   | null                                   |
|----------|--------------------------------------------------------|----------------------------------------|
| bool     | BOOLEAN                                                | NULL                                   |
| int      | INT                                                    | NULL                                   |
| long     | BIGINT                                                 | NULL                                   |
| real     | DOUBLE                                                 | NULL (NaN and infinities are values)   |
| decimal  | DECIMAL(38, 17)                                        | NULL                                   |
| string   | TEXT                                                   | never null: whatever may be is wrapped |
| datetime | TIMESTAMP, UTC, microseconds                           | NULL                                   |
| timespan | BIGINT, ticks of 100 ns                                | NULL                                   |
| guid     | TEXT, lower case, with hyphens                         | NULL                                   |
| dynamic  | JSON text (DuckDB JSON, Spark STRING); JSON `null` and SQL NULL are both dynamic(null) | NULL   |

A lowering receives and returns `Typed`. Constants keep their Python value, so that what can be folded is folded and
what must be literal (a unit name, a regex, a JSON path) can be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from tiercel.kql.syntax import Region

__all__ = ["NOT_CONSTANT", "SQL_TYPES", "Broken", "Clocked", "Refusal", "Typed"]


class _NotConstant:
    """The mark of a value that is known only when the query runs (None is a constant: the null)."""

    def __repr__(self) -> str:
        return "NOT_CONSTANT"


NOT_CONSTANT: Final = _NotConstant()

SQL_TYPES: Final[dict[KustoType, str]] = {
    KustoType.BOOL: "BOOLEAN",
    KustoType.INT: "INT",
    KustoType.LONG: "BIGINT",
    KustoType.REAL: "DOUBLE",
    KustoType.DECIMAL: "DECIMAL(38, 17)",
    KustoType.STRING: "TEXT",
    KustoType.DATETIME: "TIMESTAMP",
    KustoType.TIMESPAN: "BIGINT",
    KustoType.GUID: "TEXT",
    KustoType.DYNAMIC: "JSON",
}
"""The SQL type that holds a Kusto type, as sqlglot's default dialect writes it."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A lowered scalar: its SQL, its Kusto type, and its value where that is known at compile time.

    `value` holds what `syntax.Literal.value` holds for the type. `sql` is a fresh tree: whoever puts it into another
    tree twice copies it.
    """

    sql: exp.Expr
    type: KustoType
    value: object = field(default=NOT_CONSTANT)

    @property
    def is_constant(self) -> bool:
        """Whether `value` is known."""
        return self.value is not NOT_CONSTANT

    def with_sql(self, sql: exp.Expr) -> Typed:
        """The same value, standing in the plan as `sql`: a copy, or a wrapped one."""
        return Typed(sql, self.type, self.value)


@dataclass(frozen=True, slots=True)
class Broken(Typed):
    """What stands for an expression that is wrong and was reported: whatever takes it is not checked any further."""


@dataclass(frozen=True, slots=True)
class Clocked(Typed):
    """A moment counted from `now()`: a constant of one run. Whoever reads its value binds the plan to that run."""

    on_read: Callable[[], None] = field(default=lambda: None)

    def __getattribute__(self, name: str) -> object:
        if name == "value":
            object.__getattribute__(self, "on_read")()
        return object.__getattribute__(self, name)

    @property
    def is_constant(self) -> bool:
        """Always; asking reads no value."""
        return True

    def with_sql(self, sql: exp.Expr) -> Typed:
        """As of any value; it stays counted from `now()`, and copying reads nothing."""
        return Clocked(sql, self.type, object.__getattribute__(self, "value"), self.on_read)


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818  it is a refusal, turned into an Issue where the place is known
    """What a lowering raises when it cannot take what was written; the caller turns it into an Issue with its place.

    `region` is the place if it is not the whole call or operator. Codes: `kql-argument-type`, `kql-argument-count`,
    `kql-unsupported`, `kql-not-constant`, ... (documented in docs/kql-support.md).
    """

    code: str
    message: str
    hint: str = ""
    region: Region | None = None
