"""Nodes of what a pipeline starts from.

Beside these a source is a Name (table or let), a Call (function, materialize), a Parenthesized pipeline, or a Member,
as where Call and Member chains end in `database("x").T`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiercel.kql.syntax.expressions import Node

if TYPE_CHECKING:
    from tiercel.kql.syntax.expressions import ColumnDeclaration, Expression, Name, Named, WildcardName
    from tiercel.kql.syntax.operators import Pipeline

__all__ = ["Datatable", "ExternalData", "Find", "Hint", "Print", "Range", "Search", "Union"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Datatable(Node):
    """`datatable(columns) [values]`; values are constant expressions, row by row."""

    columns: tuple[ColumnDeclaration, ...]
    values: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalData(Node):
    """`externaldata(columns) [urls] with (properties)`."""

    columns: tuple[ColumnDeclaration, ...]
    uris: tuple[Expression, ...]
    properties: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Print(Node):
    """`print a, b = c`."""

    columns: tuple[Expression | Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(Node):
    """`range x from a to b step c`."""

    name: Name
    low: Expression
    high: Expression
    step: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint(Node):
    """`name = value` after an operator's word: `kind=inner`, `hint.strategy=shuffle`, `isfuzzy=true`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Union(Node):
    """`union T1, T2`, as a source, or after a pipe (then the input comes first)."""

    hints: tuple[Hint, ...]
    tables: tuple[Expression | Pipeline | WildcardName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Node):
    """`search [kind=...] [in (tables)] predicate`, as a source or after a pipe."""

    hints: tuple[Hint, ...]
    tables: tuple[Expression | WildcardName, ...]
    predicate: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Find(Node):
    """`find [withsource=x] [in (tables)] where predicate [project ...]`."""

    hints: tuple[Hint, ...]
    tables: tuple[Expression | WildcardName | Pipeline, ...]
    predicate: Expression
    columns: tuple[Expression | Named, ...] = ()
    project_smart: bool = False
