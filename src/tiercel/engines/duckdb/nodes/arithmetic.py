"""DuckDB's SQL for the operators on numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.engines.duckdb.nodes.call import call, number
from tiercel.plan.nodes import arithmetic as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_divide(generator: Generator, node: nodes.Divide) -> str:
    """`/` of DOUBLEs; written here since sqlglot's own division asks for the types of both sides."""
    return f"({generator.sql(exp.Paren(this=node.this))} / {generator.sql(exp.Paren(this=node.expression))})"


def render_quotient(generator: Generator, node: nodes.Quotient) -> str:
    """`//`, which cuts integers towards zero; DuckDB makes an error of the divisor 0, so it is taken away first."""
    left, right = exp.Paren(this=node.this), call("nullif", node.expression, number(0))
    return f"({generator.sql(left)} // {generator.sql(right)})"


def render_modulo(generator: Generator, node: nodes.Modulo) -> str:
    """DuckDB's `%` has the sign of the dividend: the divisor is added once more."""
    divisor = generator.sql(call("nullif", call("abs", node.expression), number(0)))
    return f"(((({generator.sql(node.this)}) % {divisor}) + {divisor}) % {divisor})"


RENDERED: Final[dict[type, Rendering]] = {
    nodes.Divide: render_divide,
    nodes.Quotient: render_quotient,
    nodes.Modulo: render_modulo,
}
