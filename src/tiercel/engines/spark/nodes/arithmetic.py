"""Spark's SQL for the operators on numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.nodes import arithmetic as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering

__all__ = ["RENDERED"]


def render_divide(generator: Generator, node: nodes.Divide) -> str:
    """Spark makes an error of the divisor 0 even among reals; the infinity is found by the sign of the dividend."""
    left, right = (generator.sql(exp.Paren(this=one)) for one in (node.this, node.expression))
    infinite = f"CASE WHEN {left} = 0 OR ISNAN({left}) THEN DOUBLE('NaN') ELSE SIGN({left}) * DOUBLE('Infinity') END"
    of_zero = f"CASE WHEN {left} IS NULL THEN NULL ELSE {infinite} END"
    return f"CASE WHEN {right} = 0 THEN {of_zero} ELSE TRY_DIVIDE({left}, {right}) END"


def render_quotient(generator: Generator, node: nodes.Quotient) -> str:
    """`DIV` cuts BIGINTs towards zero; of DECIMALs there is `/`. The divisor 0 is taken away first."""
    left, right = (generator.sql(exp.Paren(this=one)) for one in (node.this, node.expression))
    return f"({left} DIV NULLIF({right}, 0))"


def render_modulo(generator: Generator, node: nodes.Modulo) -> str:
    """Spark's `PMOD` of the absolute of the divisor is never negative."""
    return f"PMOD({generator.sql(node.this)}, NULLIF(ABS({generator.sql(node.expression)}), 0))"


_TRIED: Final = {"+": "TRY_ADD", "-": "TRY_SUBTRACT", "*": "TRY_MULTIPLY"}
_HALF: Final = 1 << 63
_WHOLE: Final = 1 << 64


def render_wrapped(generator: Generator, node: nodes.Wrapped) -> str:
    """Plain arithmetic, and in decimals where that leaves 64 bits: in its strict mode Spark makes an error of it."""
    left, right, operator = generator.sql(node.this), generator.sql(node.expression), node.args["operator"]
    wide = f"CAST({left} AS DECIMAL(19, 0)) {operator} CAST({right} AS DECIMAL(19, 0))"
    low = f"CAST(PMOD(({wide}) + {_HALF}BD, {_WHOLE}BD) - {_HALF}BD AS BIGINT)"
    return f"COALESCE({_TRIED[operator]}({left}, {right}), {low})"


def render_low_bits(generator: Generator, node: nodes.LowBits) -> str:
    """The sum in decimals, which Spark widens by ten places: in its strict mode a BIGINT that overflows is an error."""
    wide = node.this.copy()
    for total in wide.find_all(exp.Sum):
        total.set("this", exp.Cast(this=total.this, to=exp.DataType.build("DECIMAL(19, 0)")))
    return f"CAST(PMOD({generator.sql(wide)} + {_HALF}BD, {_WHOLE}BD) - {_HALF}BD AS BIGINT)"


RENDERED: Final[dict[type, Rendering]] = {
    nodes.Divide: render_divide,
    nodes.Quotient: render_quotient,
    nodes.Wrapped: render_wrapped,
    nodes.LowBits: render_low_bits,
    nodes.Modulo: render_modulo,
}
