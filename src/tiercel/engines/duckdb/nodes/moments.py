"""DuckDB's SQL for the nodes on calendar and clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.nodes import moments as nodes
from tiercel.plan.nodes.routine import RoutineCall

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering
    from tiercel.plan.nodes.node import Node

__all__ = ["RENDERED"]

_EPOCH_MICROSECONDS: Final = 62_135_596_800_000_000
"""1970-01-01 in microseconds since 0001-01-01."""

_DAY: Final = 864_000_000_000
_ISO: Final = r"'\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,7})?)?)?Z?\s*'"

_ELEMENTS: Final[dict[str, str]] = {
    "d": "%-d",
    "dd": "%d",
    "h": "%-I",
    "hh": "%I",
    "H": "%-H",
    "HH": "%H",
    "m": "%-M",
    "mm": "%M",
    "M": "%-m",
    "MM": "%m",
    "s": "%-S",
    "ss": "%S",
    "y": "%-y",
    "yy": "%y",
    "yyyy": "%Y",
    "tt": "%p",
}
"""Kusto's format elements in strftime's spelling; fractions are not among them."""


def _unit(node: Node) -> str:
    return str(node.args["unit"].name)


def render_bin_time(generator: Generator, node: nodes.BinTime) -> str:
    """Counted in microseconds from the year 1, where every remainder is positive."""
    microseconds = f"EPOCH_US({generator.sql(node.this)})"
    if node.expression.name.isdigit() or isinstance(node.expression.this, exp.Literal):
        ticks = int(node.expression.name or node.expression.this.name)
        if ticks < 10:
            return generator.sql(node.this)
        width = str(ticks // 10)
    else:
        ticks_sql = generator.sql(node.expression)
        width = f"CASE WHEN {ticks_sql} > 0 THEN GREATEST(({ticks_sql}) // 10, 1) END"
    return f"MAKE_TIMESTAMP({microseconds} - ({microseconds} + {_EPOCH_MICROSECONDS}) % ({width}))"


def render_boundaries(generator: Generator, node: nodes.Boundaries) -> str:
    """DuckDB's date_diff counts boundaries, except of weeks."""
    unit, later, earlier = _unit(node), generator.sql(node.this), generator.sql(node.expression)
    if unit == "week":
        return f"(DATE_DIFF('day', {_week_start(earlier)}, {_week_start(later)}) // 7)"
    return f"DATE_DIFF('{unit}', {earlier}, {later})"


def _week_start(value: str) -> str:
    return f"(DATE_TRUNC('week', {value} + INTERVAL 1 DAY) - INTERVAL 1 DAY)"


def render_datetime_part(generator: Generator, node: nodes.DatetimePart) -> str:
    """DuckDB's microseconds hold the seconds too."""
    unit, value = _unit(node), generator.sql(node.this)
    if unit == "microsecond":
        return f"(DATE_PART('microsecond', {value}) % 1000000)"
    return f"DATE_PART('{unit}', {value})"


def render_start_of(generator: Generator, node: nodes.StartOf) -> str:
    """DuckDB's weeks start on Mondays."""
    unit, value = _unit(node), generator.sql(node.this)
    if unit == "week":
        return _week_start(value)
    return f"DATE_TRUNC('{unit}', {value})"


def render_add_units(generator: Generator, node: nodes.AddUnits) -> str:
    """DuckDB's interval constructors take INTEGER for calendar units."""
    unit, value, amount = _unit(node), generator.sql(node.this), generator.sql(node.expression)
    if unit == "quarter":
        unit, amount = "month", f"3 * ({amount})"
    narrow = "INTEGER" if unit in {"year", "month", "week", "day"} else "BIGINT"
    return f"({value} + TO_{unit.upper()}S(CAST({amount} AS {narrow})))"


def render_datetime_text(generator: Generator, node: nodes.DatetimeText) -> str:
    """Six digits of fraction are all DuckDB holds; Kusto prints seven."""
    return f"STRFTIME({generator.sql(node.this)}, '%Y-%m-%dT%H:%M:%S.%f0Z')"


def render_timespan_text(generator: Generator, node: nodes.TimespanText) -> str:
    """The length without its sign is bound once, in a list of one."""
    value = generator.sql(node.this)
    body = (
        f"CASE WHEN _t >= {_DAY} THEN (_t // {_DAY}) || '.' ELSE '' END "
        "|| PRINTF('%02d:%02d:%02d', _t // 36000000000 % 24, _t // 600000000 % 60, _t // 10000000 % 60) "
        "|| CASE WHEN _t % 10000000 <> 0 THEN PRINTF('.%07d', _t % 10000000) ELSE '' END"
    )
    return f"(CASE WHEN {value} < 0 THEN '-' ELSE '' END || LIST_TRANSFORM([ABS({value})], LAMBDA _t: {body})[1])"


def render_text_datetime(generator: Generator, node: nodes.TextDatetime) -> str:
    """ISO 8601 without an offset by DuckDB's cast; the other forms that Kusto reads by the routine."""
    text = generator.sql(node.this)
    other = generator.sql(RoutineCall(this=exp.to_identifier("todatetime"), expressions=[node.this.copy()]))
    return f"CASE WHEN REGEXP_FULL_MATCH({text}, {_ISO}) THEN TRY_CAST(TRIM({text}) AS TIMESTAMP) ELSE {other} END"


def render_format_datetime(generator: Generator, node: nodes.FormatDatetime) -> str:
    """One strftime per run of plain elements, one cut of the fraction per run of f or F."""
    value = generator.sql(node.this)
    pieces: list[str] = []
    plain = ""
    for element in node.elements:
        if element[0] not in "fF":
            plain += _ELEMENTS.get(element, element.replace("%", "%%").replace("'", "''"))
            continue
        if plain:
            pieces.append(f"STRFTIME({value}, '{plain}')")
            plain = ""
        digits = f"LEFT(STRFTIME({value}, '%f') || '0', {len(element)})"
        pieces.append(
            digits if element[0] == "f" else f"CASE WHEN {digits} = '{'0' * len(element)}' THEN '' ELSE {digits} END"
        )
    if plain or not pieces:
        pieces.append(f"STRFTIME({value}, '{plain}')")
    return f"({' || '.join(pieces)})"


RENDERED: Final[dict[type, Rendering]] = {
    nodes.BinTime: render_bin_time,
    nodes.Boundaries: render_boundaries,
    nodes.DatetimePart: render_datetime_part,
    nodes.StartOf: render_start_of,
    nodes.AddUnits: render_add_units,
    nodes.DatetimeText: render_datetime_text,
    nodes.TimespanText: render_timespan_text,
    nodes.TextDatetime: render_text_datetime,
    nodes.FormatDatetime: render_format_datetime,
}
