"""Spark's SQL for the nodes on calendar and clock. The session's time zone is UTC, in which Spark counts and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.engines.spark.nodes.call import bound, quoted, trimmed
from tiercel.plan.nodes import moments as nodes
from tiercel.plan.nodes.routine import RoutineCall

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering
    from tiercel.plan.nodes.node import Node

__all__ = ["RENDERED"]

_EPOCH_MICROSECONDS: Final = 62_135_596_800_000_000
"""1970-01-01 in microseconds since 0001-01-01."""

_DAY: Final = 864_000_000_000
_MICROSECONDS: Final[dict[str, int]] = {
    "week": 604_800_000_000,
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}
_SUNDAY: Final = 345_600_000_000
"""1970-01-01 was a Thursday: four days after a Sunday."""

_ISO: Final = quoted(r"^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,7})?)?)?Z?\s*\z")

_MONTHS: Final = {"year": 12, "quarter": 3, "month": 1}
_FIELDS: Final[dict[str, str]] = {
    "year": "YEAR({0})",
    "quarter": "QUARTER({0})",
    "month": "MONTH({0})",
    "week": "WEEKOFYEAR({0})",
    "day": "DAY({0})",
    "dayofyear": "DAYOFYEAR({0})",
    "dayofweek": "DAYOFWEEK({0}) - 1",
    "hour": "HOUR({0})",
    "minute": "MINUTE({0})",
    "second": "SECOND({0})",
    "microsecond": "PMOD(UNIX_MICROS({0}), 1000000L)",
}
_PLAIN: Final = {"d", "dd", "h", "hh", "H", "HH", "m", "mm", "M", "MM", "s", "ss", "yyyy"}
"""Kusto's elements that Java's DateTimeFormatter spells alike."""


def _unit(node: Node) -> str:
    return str(node.args["unit"].name)


def render_bin_time(generator: Generator, node: nodes.BinTime) -> str:
    """Counted in microseconds from the year 1, where every remainder is positive."""
    value = generator.sql(node.this)
    if node.expression.name.isdigit() or isinstance(node.expression.this, exp.Literal):
        ticks = int(node.expression.name or node.expression.this.name)
        if ticks < 10:
            return value
        width = f"{ticks // 10}L"
    else:
        ticks_sql = generator.sql(node.expression)
        width = f"CASE WHEN {ticks_sql} > 0 THEN GREATEST(({ticks_sql}) DIV 10, 1L) END"
    moment = f"UNIX_MICROS({value})"
    return f"TIMESTAMP_MICROS({moment} - ({moment} + {_EPOCH_MICROSECONDS}L) % ({width}))"


def _floored(value: str, unit: str) -> str:
    """How many units lie between a fixed start of one and the instant: written twice, lambdas are not compiled."""
    moved = f"(UNIX_MICROS({value})" + (f" + {_SUNDAY}L)" if unit == "week" else ")")
    width = _MICROSECONDS[unit]
    return f"(({moved} - PMOD({moved}, {width}L)) DIV {width}L)" if width > 1 else moved


def render_boundaries(generator: Generator, node: nodes.Boundaries) -> str:
    """Spark's own difference counts whole units that have passed: the two counts of starts are subtracted."""
    unit, later, earlier = _unit(node), generator.sql(node.this), generator.sql(node.expression)
    if unit in _MONTHS:
        later, earlier = (f"((YEAR({one}) * 12 + MONTH({one}) - 1) DIV {_MONTHS[unit]})" for one in (later, earlier))
        return f"CAST({later} - {earlier} AS BIGINT)"
    return f"({_floored(later, unit)} - {_floored(earlier, unit)})"


def render_datetime_part(generator: Generator, node: nodes.DatetimePart) -> str:
    """Spark's weekdays count from 1 for Sunday."""
    return f"CAST({_FIELDS[_unit(node)].format(generator.sql(node.this))} AS BIGINT)"


def render_start_of(generator: Generator, node: nodes.StartOf) -> str:
    """Spark's weeks start on Mondays."""
    unit, value = _unit(node), generator.sql(node.this)
    if unit == "week":
        moment = f"UNIX_MICROS({value})"
        return f"TIMESTAMP_MICROS({moment} - PMOD({moment} + {_SUNDAY}L, {_MICROSECONDS[unit]}L))"
    return f"DATE_TRUNC('{unit.upper()}', {value})"


def render_add_units(generator: Generator, node: nodes.AddUnits) -> str:
    """By the forms that give NULL for what is out of range."""
    unit, value, amount = _unit(node), generator.sql(node.this), generator.sql(node.expression)
    if unit in _MONTHS:
        months = f"TRY_CAST(TRY_MULTIPLY({amount}, {_MONTHS[unit]}L) AS INT)"
        return f"TRY_ADD({value}, MAKE_YM_INTERVAL(0, {months}))"
    moved = f"TRY_ADD(UNIX_MICROS({value}), TRY_MULTIPLY({amount}, {_MICROSECONDS[unit]}L))"
    return f"TIMESTAMP_MICROS({moved})"


def render_datetime_text(generator: Generator, node: nodes.DatetimeText) -> str:
    """Six digits of fraction are all Spark holds; Kusto prints seven."""
    return f"CONCAT(DATE_FORMAT({generator.sql(node.this)}, 'yyyy-MM-dd\\'T\\'HH:mm:ss.SSSSSS'), '0Z')"


def render_timespan_text(generator: Generator, node: nodes.TimespanText) -> str:
    """The length without its sign is bound once."""
    value = generator.sql(node.this)
    parts = ", ".join(
        f"LPAD(CAST(_v DIV {ticks}L % {most} AS STRING), 2, '0')"
        for ticks, most in ((36_000_000_000, 24), (600_000_000, 60), (10_000_000, 60))
    )
    fraction = "CASE WHEN _v % 10000000 <> 0 THEN CONCAT('.', LPAD(CAST(_v % 10000000 AS STRING), 7, '0')) ELSE '' END"
    days = f"CASE WHEN _v >= {_DAY}L THEN CONCAT(CAST(_v DIV {_DAY}L AS STRING), '.') ELSE '' END"
    text = bound(f"ABS({value})", f"CONCAT({days}, CONCAT_WS(':', {parts}), {fraction})")
    return f"CONCAT(CASE WHEN {value} < 0 THEN '-' ELSE '' END, {text})"


def render_text_datetime(generator: Generator, node: nodes.TextDatetime) -> str:
    """ISO 8601 without an offset by Spark's cast; the other forms that Kusto reads by the routine."""
    text = generator.sql(node.this)
    other = exp.Case(ifs=[exp.If(this=_not_iso(node.this), true=node.this.copy())])
    routine = generator.sql(RoutineCall(this=exp.to_identifier("todatetime"), expressions=[other]))
    return f"CASE WHEN {text} RLIKE {_ISO} THEN TRY_CAST({trimmed(text)} AS TIMESTAMP) ELSE {routine} END"


def _not_iso(text: exp.Expr) -> exp.Expr:
    """The routine sees only what Spark's cast cannot read: Spark runs it for every row, whatever the branch."""
    return exp.Not(this=exp.RegexpLike(this=text.copy(), expression=exp.Literal.string(_ISO_PATTERN)))


_ISO_PATTERN: Final = r"^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,7})?)?)?Z?\s*\z"


def render_format_datetime(generator: Generator, node: nodes.FormatDatetime) -> str:
    """One DATE_FORMAT per run of elements that Java spells alike; the others by themselves."""
    value = generator.sql(node.this)
    pieces: list[str] = []
    plain = ""
    is_quoted = False
    for element in [*node.elements, ""]:
        special = _special(element, value)
        is_text = bool(element) and element not in _PLAIN and special is None
        if is_quoted is not is_text:
            plain += "'"  # other characters stand in quotes, all of a run in one pair
            is_quoted = is_text
        if element in _PLAIN or is_text:
            plain += "''" if element == "'" else element
            continue
        if plain:
            pieces.append(f"DATE_FORMAT({value}, {quoted(plain)})")
            plain = ""
        if special is not None:
            pieces.append(special)
    return f"CONCAT({', '.join(pieces)})" if pieces else f"DATE_FORMAT({value}, '')"


def _special(element: str, value: str) -> str | None:
    """The SQL for an element that Java spells otherwise or not at all; None for other characters."""
    match element:
        case "y":
            return f"CAST(YEAR({value}) % 100 AS STRING)"
        case "yy":
            return f"LPAD(CAST(YEAR({value}) % 100 AS STRING), 2, '0')"
        case "tt":
            return f"CASE WHEN HOUR({value}) < 12 THEN 'AM' WHEN HOUR({value}) >= 12 THEN 'PM' END"
        case _ if element and element[0] in "fF":
            digits = f"LEFT(CONCAT(DATE_FORMAT({value}, 'SSSSSS'), '0'), {len(element)})"
            none = "0" * len(element)
            return digits if element[0] == "f" else f"CASE WHEN {digits} = '{none}' THEN '' ELSE {digits} END"
    return None


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
