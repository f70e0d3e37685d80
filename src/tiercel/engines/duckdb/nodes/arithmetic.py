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


_HALF: Final = 1 << 63
_LOW_BITS: Final = (1 << 64) - 1


def _low_bits(wide: str) -> str:
    """The HUGEINT's low 64 bits as a BIGINT."""
    return f"CAST(((({wide}) + {_HALF}) & {_LOW_BITS}) - {_HALF} AS BIGINT)"


def render_wrapped(generator: Generator, node: nodes.Wrapped) -> str:
    """In 128 bits: DuckDB makes an error of a BIGINT that leaves its range, and TRY takes no aggregate or subquery."""
    left, right = generator.sql(node.this), generator.sql(node.expression)
    return _low_bits(f"CAST({left} AS HUGEINT) {node.args['operator']} CAST({right} AS HUGEINT)")


def render_low_bits(generator: Generator, node: nodes.LowBits) -> str:
    """DuckDB sums whole numbers in 128 bits."""
    return _low_bits(generator.sql(node.this))


RENDERED: Final[dict[type, Rendering]] = {
    nodes.Divide: render_divide,
    nodes.Quotient: render_quotient,
    nodes.LowBits: render_low_bits,
    nodes.Modulo: render_modulo,
    nodes.Wrapped: render_wrapped,
}
