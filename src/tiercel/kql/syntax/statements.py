"""Nodes of statements, and of a whole text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from tiercel.kql.syntax.expressions import Expression, Named, Node
from tiercel.kql.syntax.operators import Pipeline

if TYPE_CHECKING:
    from tiercel.kql.syntax.expressions import Lambda, Literal, Name, Parameter

__all__ = [
    "Alias",
    "Argument",
    "DeclarePattern",
    "DeclareQueryParameters",
    "ExpressionStatement",
    "Let",
    "PatternRule",
    "Query",
    "SetOption",
    "Statement",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Let(Node):
    """`let name = value;`. Whether a bare name is a table or a scalar is not known here."""

    name: Name
    value: Expression | Pipeline | Lambda


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareQueryParameters(Node):
    """`declare query_parameters(name:type = default, ...);`."""

    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRule(Node):
    """`("argument").["path"] = { statements }` in a pattern."""

    arguments: tuple[Literal, ...]
    path: Literal | None
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarePattern(Node):
    """`declare pattern name = (parameters)[path] { rules };`: a function whose body its arguments choose."""

    name: Name
    parameters: tuple[Parameter, ...]
    path: Parameter | None
    rules: tuple[PatternRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOption(Node):
    """`set name [= value];`."""

    name: str
    value: Literal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias(Node):
    """`alias database name = cluster(...).database(...);`."""

    name: Name
    expression: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionStatement(Node):
    """A query: what is left when every `let` is done. In a lambda's body it may be scalar."""

    expression: Expression | Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Node):
    """A whole text: its statements in order. Exactly the last one is an ExpressionStatement in a runnable query."""

    statements: tuple[Statement, ...]


Statement: TypeAlias = Let | DeclareQueryParameters | DeclarePattern | SetOption | Alias | ExpressionStatement
Argument: TypeAlias = Expression | Pipeline | Named
