"""Spark's SQL as sqlglot writes it, plus the plan's own nodes, and what sqlglot's Spark writes otherwise than meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.generators.spark import SparkGenerator

from tiercel.engines.spark.nodes import RENDERED
from tiercel.engines.spark.nodes.call import quoted
from tiercel.engines.spark.patterns import pattern_sql

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering

__all__ = ["TiercelSpark"]


def render_cast(generator: Generator, node: exp.Cast) -> str:
    """Dynamics are JSON text on both sides; sqlglot would read or write JSON here."""
    return f"CAST({generator.sql(node.this)} AS {generator.sql(node.to)})"


def render_try_cast(generator: Generator, node: exp.TryCast) -> str:
    """A TRY_CAST that is not marked as safe sqlglot takes for a CAST, which fails."""
    return f"TRY_CAST({generator.sql(node.this)} AS {generator.sql(node.to)})"


def render_common_table(generator: Generator, node: exp.CTE) -> str:
    """Spark knows no MATERIALIZED: it computes what is read twice once where it can, by reusing the exchange."""
    alias = generator.sql(node, "alias")
    return f"{alias} AS {generator.wrap(node)}"


def render_infinite(generator: Generator, node: exp.IsInf) -> str:
    """Spark has no such test."""
    return f"(ABS({generator.sql(node.this)}) = DOUBLE('Infinity'))"


def render_logarithm(generator: Generator, node: exp.Ln | exp.Log) -> str:
    """Spark gives NULL for the logarithm of 0."""
    if isinstance(node, exp.Ln):
        value = generator.sql(node.this)
        written = f"LN({value})"
    else:
        value = generator.sql(node.expression)
        written = f"LOG({generator.sql(node.this)}, {value})"
    return f"CASE WHEN {value} = 0 THEN -DOUBLE('Infinity') ELSE {written} END"


def render_like_pattern(generator: Generator, node: exp.RegexpLike) -> str:
    """The plan's patterns are RE2's."""
    return f"({generator.sql(node.this)} RLIKE {pattern_sql(generator, node.expression)})"


def render_round(generator: Generator, node: exp.Round) -> str:
    """Spark rounds to a constant number of places only: another is moved before the point and back."""
    value, places = generator.sql(node.this), node.args.get("decimals")
    if places is None or not places.find(exp.Column):
        return f"ROUND({value}{f', {generator.sql(places)}' if places is not None else ''})"
    power = f"POWER(10, {generator.sql(places)})"
    return f"(SIGN({value}) * FLOOR(ABS({value}) * {power} + 0.5D) / {power})"


def render_series(generator: Generator, node: exp.GenerateSeries) -> str:
    """Spark's sequence would count downwards where the end lies before the start."""
    start, end = generator.sql(node, "start"), generator.sql(node, "end")
    none = "CAST(ARRAY() AS ARRAY<BIGINT>)"
    return f"CASE WHEN {end} >= {start} THEN SEQUENCE({start}, {end}) ELSE {none} END"


def render_literal(_generator: Generator, node: exp.Literal) -> str:
    """A text with Spark's escapes; a number as it is."""
    return quoted(node.this) if node.is_string else str(node.this)


_RENDERED: Final[dict[type, Rendering]] = {
    exp.Cast: render_cast,
    exp.TryCast: render_try_cast,
    exp.CTE: render_common_table,
    exp.IsInf: render_infinite,
    exp.Ln: render_logarithm,
    exp.Log: render_logarithm,
    exp.RegexpLike: render_like_pattern,
    exp.Round: render_round,
    exp.GenerateSeries: render_series,
    exp.Literal: render_literal,
}


class _Generator(SparkGenerator):
    TRANSFORMS = {**SparkGenerator.TRANSFORMS, **_RENDERED, **RENDERED}  # noqa: RUF012  sqlglot's way to extend a generator
    TYPE_MAPPING = {**SparkGenerator.TYPE_MAPPING, exp.DType.JSON: "STRING"}  # noqa: RUF012  as above


class TiercelSpark(Spark):
    """sqlglot's Spark dialect that also knows the plan's own nodes."""

    Generator = _Generator
