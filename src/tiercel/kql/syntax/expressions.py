"""Nodes of scalar expressions, and what every node has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from tiercel.kql.syntax.operators import Pipeline
    from tiercel.kql.syntax.statements import Argument, Statement
    from tiercel.tables import KustoType

__all__ = [
    "Between",
    "Binary",
    "Call",
    "ColumnDeclaration",
    "Expression",
    "In",
    "Index",
    "Lambda",
    "Literal",
    "Member",
    "Name",
    "Named",
    "Node",
    "Parameter",
    "Parenthesized",
    "Region",
    "Star",
    "ToTyped",
    "TypeOf",
    "Unary",
    "WildcardName",
]


class Region(NamedTuple):
    """Half-open range of character offsets in the text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything that was read from the text."""

    region: Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Node):
    """A value written down, as a Python value.

    bool -> bool, int and long -> int, real -> float, decimal -> decimal.Decimal, string -> str, guid -> str (lower
    case), datetime -> int (100 ns ticks since 0001-01-01), timespan -> int (100 ns ticks), dynamic -> the parsed JSON
    value, times and spans in it as Kusto's text of them. `None` is the typed null, `int(null)`.
    """

    value: object
    type: KustoType


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Node):
    """An unresolved name: a column, a let variable, a table. `quoted` for `['a b']`."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Star(Node):
    """`*` as an argument: all columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WildcardName(Node):
    """A name pattern with `*` in it: `Device*` in union, project-away and their kin."""

    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Node):
    """`base.name` or `base["name"]` with a literal text: a property of a dynamic value, or `$left.x`, `$right.x`."""

    base: Expression
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Index(Node):
    """`base[index]` where index is any expression but a literal text."""

    base: Expression
    index: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Node):
    """A function call. An argument may be a `Pipeline` (as in `toscalar(T | count)`), a `Named` or a `Star`.

    `target` is what stands before the dot of `cluster("c").database("d")`.
    """

    name: str
    name_region: Region
    arguments: tuple[Argument, ...]
    target: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unary(Node):
    """`-x` or `+x`. `not(x)` is a Call; a sign before a written number belongs to the Literal."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Node):
    """`left op right`, the operator as KQL writes it.

    `and or + - * / % == != < <= > >= =~ !~ has contains startswith endswith hasprefix hassuffix`, the last six with
    their `!` and `_cs` forms, `matches regex`, and the old `like notlike likecs notlikecs`. `<>` reads as `!=`.

    A chain of one of `and`, `or` is a tree of least depth (`a or b or c or d` as `(a or b) or (c or d)`): thousands in
    a row occur. `:` occurs in `search` only.
    """

    operator: str
    operator_region: Region
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Between(Node):
    """`operand between (low .. high)`, or `!between`."""

    operand: Expression
    low: Expression
    high: Expression
    negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class In(Node):
    """`operand in (items)`: operator is `in !in in~ !in~ has_any has_all`. An item may be a `Pipeline`.

    `operand` is a `Star` for `* in (...)`-like forms.
    """

    operator: str
    operator_region: Region
    operand: Expression
    items: tuple[Expression | Pipeline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Node):
    """`name = expression`, or `(a, b) = expression` with several names."""

    names: tuple[Name, ...]
    expression: Expression | Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Parenthesized(Node):
    """`(expression)`, kept since a pipeline in parentheses differs from one without."""

    expression: Expression | Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class ToTyped(Node):
    """`column: type` in the `project` of `find`."""

    expression: Expression
    type: KustoType


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeOf(Node):
    """`typeof(string)`; `typeof(*)` and row types in plugins have `type` None and the columns in `columns`."""

    type: KustoType | None
    columns: tuple[ColumnDeclaration, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDeclaration(Node):
    """`name: type` in datatable, a row type, or a parse pattern."""

    name: Name
    type: KustoType


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Node):
    """A function's or a query's parameter. Tabular when `columns` is not None (`(*)` gives an empty tuple)."""

    name: Name
    type: KustoType | None
    columns: tuple[ColumnDeclaration, ...] | None = None
    default: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lambda(Node):
    """`(parameters) { statements }`: what `let f = ...` binds. The last statement of `body` is the result."""

    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]
    view: bool = False


Expression: TypeAlias = (
    Literal
    | Name
    | Star
    | WildcardName
    | Member
    | Index
    | Call
    | Unary
    | Binary
    | Between
    | In
    | Parenthesized
    | ToTyped
    | TypeOf
    | Lambda
)
