"""The building blocks of a rendering."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["Rendering", "call", "lambda_", "number", "text"]

Rendering: TypeAlias = Callable[[Any, Any], str]
"""From the generator and the node to DuckDB's SQL."""


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A call of DuckDB's function `name`. Arguments that already stand in a tree are copied."""
    return exp.Anonymous(this=name, expressions=[a.copy() if a.parent else a for a in arguments])


def lambda_(name: str, body: exp.Expr) -> exp.Expr:
    """`lambda name: body`; within `body` the parameter is `exp.to_identifier(name)`."""
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name)], colon=True)


def text(value: str) -> exp.Expr:
    """A text literal."""
    return exp.Literal.string(value)


def number(value: float) -> exp.Expr:
    """A number literal."""
    return exp.Literal.number(value)
