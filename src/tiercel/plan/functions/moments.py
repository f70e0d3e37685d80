"""Functions on instants and durations: the clock, calendar units, fields, formats, time zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.kql.literals import TICKS_PER_DAY, TICKS_PER_SECOND
from tiercel.plan.functions.forms import (
    INTEGERS,
    constant_text,
    datetime_of,
    datetime_of_ticks,
    long_of,
    number_of,
    refuse_type,
    timespan_of,
)
from tiercel.plan.functions.registry import Environment, Function, name_of_first
from tiercel.plan.functions.routine_calls import call_routine, routine_function
from tiercel.plan.literals import EPOCH_TICKS, TICKS_PER_MICROSECOND, cast, constant
from tiercel.plan.nodes import guards, moments
from tiercel.plan.nodes.time import FromMicroseconds, Microseconds, RunClock
from tiercel.plan.routines.moments import add_units, format_datetime, part_of, start_of, units_between
from tiercel.plan.values import Clocked, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["FUNCTIONS"]

_UNITS: Final = (
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "hour",
    "minute",
    "second",
    "millisecond",
    "microsecond",
    "nanosecond",
)
_LONG: Final = 2**63 - 1
_PARTS: Final = {
    **{unit: unit for unit in _UNITS if unit != "week"},
    "week_of_year": "week",
    "weekofyear": "week",
    "dayofyear": "dayofyear",
    "day_of_year": "dayofyear",
}


def _instant(name: str, position: int, arguments: Sequence[Typed]) -> Typed:
    value = arguments[position]
    if value.type in {KustoType.DATETIME, KustoType.STRING, KustoType.DYNAMIC}:
        return datetime_of(value)
    raise refuse_type(name, position, value, "a datetime")


def _unit(name: str, arguments: Sequence[Typed]) -> str:
    unit = constant_text(name, 0, arguments).lower()
    if unit not in _UNITS:
        near = next((one for one in _UNITS if len(unit) > 1 and one.startswith(unit.rstrip("s"))), None)
        hint = f"did you mean `{near}`?" if near else f"one of {', '.join(_UNITS)}"
        raise Refusal("kql-argument-value", f"`{name}` knows no unit `{unit}`", hint)
    return unit


def _literal(text: str) -> exp.Expr:
    return exp.Literal.string(text)


def _number(value: int) -> exp.Expr:
    return cast(exp.Literal.number(value), KustoType.LONG)


# --- the clock -------------------------------------------------------------------------------------------------------


def _now_ticks(environment: Environment) -> int:
    moment = environment.now
    whole = (moment.toordinal() - 1) * TICKS_PER_DAY
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return whole + seconds * TICKS_PER_SECOND + moment.microsecond * TICKS_PER_MICROSECOND


def _at(environment: Environment, offset: int) -> Typed:
    """`now` moved by ticks: known in this run, and still to be filled in by the next one."""
    instant = _now_ticks(environment) + offset
    number = exp.Literal.number(abs(offset))
    clock = RunClock(this=exp.Neg(this=number) if offset < 0 else number)
    return Clocked(clock, KustoType.DATETIME, instant, environment.on_clock)


def _moved(environment: Environment, offset: Typed, sign: int) -> Typed:
    ticks = timespan_of(offset)
    if ticks.is_constant:
        if ticks.value is None:
            return constant(None, KustoType.DATETIME)
        return _at(environment, sign * int(str(ticks.value)))
    environment.on_clock()
    instant = _now_ticks(environment)
    operation = exp.Add if sign > 0 else exp.Sub
    moved = operation(this=_number(instant), expression=exp.Paren(this=ticks.sql))
    return Typed(datetime_of_ticks(moved), KustoType.DATETIME)


def lower_now(environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The current time in UTC, moved by a timespan if one is given; the same all through a query.

    Example: `now(-1h)`. Where we differ: a run may be told what time it is, so that old logs are hunted as of then.
    """
    return _moved(environment, arguments[0], 1) if arguments else _at(environment, 0)


def lower_ago(environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The current time less a timespan.

    Example: `where Timestamp > ago(7d)`. Where we differ: as `now()`.
    """
    return _moved(environment, arguments[0], -1)


# --- units -----------------------------------------------------------------------------------------------------------


def lower_datetime_diff(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """How many boundaries of a unit lie between two instants: the first less the second, both cut to the unit.

    So it is no elapsed time: from 23:59:59 to 00:00:00 a day passes. Weeks start on Sundays. The units are year,
    quarter, month, week, day, hour, minute, second, millisecond, microsecond and nanosecond. Of weeks it is a real.

    Example: `datetime_diff("second", datetime(23:00:10.1), datetime(23:00:00.9))` is 10.
    Where we differ: instants in data have whole microseconds.
    """
    if not arguments[0].is_constant and arguments[0].type is KustoType.STRING:
        return _difference_by_column(arguments)
    unit = _unit("datetime_diff", arguments)
    later, earlier = (_instant("datetime_diff", at, arguments) for at in (1, 2))
    kind = KustoType.REAL if unit == "week" else KustoType.LONG
    if isinstance(later.value, int) and isinstance(earlier.value, int):
        count = units_between(unit, later.value, earlier.value)
        return constant(float(count) if kind is KustoType.REAL else count, kind)
    counted = "microsecond" if unit == "nanosecond" else unit
    count_sql: exp.Expr = moments.Boundaries(this=later.sql, expression=earlier.sql, unit=_literal(counted))
    if unit == "nanosecond":
        count_sql = exp.Mul(this=count_sql, expression=exp.Literal.number(1000))
    return Typed(cast(count_sql, kind) if kind is KustoType.REAL else count_sql, kind)


def _difference_by_column(arguments: Sequence[Typed]) -> Typed:
    """The difference in a unit that differs from row to row; null where it is no unit."""
    later, earlier = (_instant("datetime_diff", at, arguments) for at in (1, 2))
    unit = exp.Lower(this=arguments[0].sql)
    branches = []
    for one in _UNITS:
        counted = "microsecond" if one == "nanosecond" else one
        count: exp.Expr = moments.Boundaries(
            this=later.sql.copy(), expression=earlier.sql.copy(), unit=_literal(counted)
        )
        if one == "nanosecond":
            count = exp.Mul(this=count, expression=exp.Literal.number(1000))
        branches.append(exp.If(this=exp.EQ(this=unit.copy(), expression=exp.Literal.string(one)), true=count))
    return Typed(exp.Case(ifs=branches), KustoType.LONG)


def lower_datetime_add(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """An instant moved by a number of units (as in `datetime_diff`); a day that a month lacks becomes its last one.

    Example: `datetime_add("month", -15, datetime(2017-01-01))` is 2015-10-01.
    """
    unit = _unit("datetime_add", arguments)
    amount, instant = long_of(arguments[1]), _instant("datetime_add", 2, arguments)
    return _added(unit, amount, instant)


def _added(unit: str, amount: Typed, instant: Typed) -> Typed:
    if isinstance(amount.value, int) and isinstance(instant.value, int):
        return constant(add_units(unit, amount.value, instant.value), KustoType.DATETIME)
    if unit == "nanosecond":
        amount = Typed(exp.IntDiv(this=exp.Paren(this=amount.sql), expression=exp.Literal.number(1000)), KustoType.LONG)
        unit = "microsecond"
    moved: exp.Expr = moments.AddUnits(this=instant.sql, expression=amount.sql, unit=_literal(unit))
    if not isinstance(amount.value, int):
        moved = guards.Attempt(this=moved)
    return Typed(moved, KustoType.DATETIME)


def lower_datetime_part(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """A field of an instant, a long: year, quarter, month, week_of_year (ISO), day, dayOfYear, hour, minute, second.

    Also millisecond, microsecond and nanosecond, all within the second.

    Example: `datetime_part("week_of_year", datetime(2017-10-30))` is 44.
    """
    name = constant_text("datetime_part", 0, arguments).lower()
    unit = _PARTS.get(name)
    if unit is None:
        known = "year, quarter, month, week_of_year, day, dayOfYear, hour, minute, second, millisecond, ..."
        raise Refusal("kql-argument-value", f"`datetime_part` knows no part `{name}`", f"one of {known}")
    return _field(unit, _instant("datetime_part", 1, arguments))


def _field(unit: str, instant: Typed) -> Typed:
    if isinstance(instant.value, int):
        return constant(part_of(unit, instant.value), KustoType.LONG)
    scale = {"millisecond": exp.IntDiv, "nanosecond": exp.Mul}.get(unit)
    if scale is None:
        return Typed(moments.DatetimePart(this=instant.sql, unit=_literal(unit)), KustoType.LONG)
    micros = moments.DatetimePart(this=instant.sql, unit=_literal("microsecond"))
    return Typed(scale(this=micros, expression=exp.Literal.number(1000)), KustoType.LONG)


def _field_function(name: str, unit: str, documentation: str) -> Function:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        return _field(unit, _instant(name, 0, arguments))

    lower.__doc__ = documentation
    return Function(name, lower, 1, 1)


def lower_dayofweek(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The timespan since the Sunday on or before the instant, in whole days: 0d on a Sunday, 6d on a Saturday.

    Example: `dayofweek(datetime(1970-05-11))` is 1d, a Monday.
    """
    day = _field("dayofweek", _instant("dayofweek", 0, arguments))
    if isinstance(day.value, int):
        return constant(day.value * TICKS_PER_DAY, KustoType.TIMESPAN)
    return Typed(exp.Mul(this=day.sql, expression=_number(TICKS_PER_DAY)), KustoType.TIMESPAN)


def _start(unit: str, instant: Typed, offset: Typed | None) -> Typed:
    if isinstance(instant.value, int):
        start = constant(start_of(unit, instant.value), KustoType.DATETIME)
    else:
        start = Typed(moments.StartOf(this=instant.sql, unit=_literal(unit)), KustoType.DATETIME)
    return start if offset is None else _added(unit, offset, start)


def _start_function(unit: str) -> Function:
    name = f"startof{unit}"

    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        offset = long_of(arguments[1]) if len(arguments) > 1 else None
        return _start(unit, _instant(name, 0, arguments), offset)

    week = " Weeks start on Sundays." if unit == "week" else ""
    lower.__doc__ = f"""The first instant of the {unit} that an instant lies in, moved by so many {unit}s.{week}

    Example: `startof{unit}(datetime(2017-01-01 10:10:17), -1)`.
    """
    return Function(name, lower, 1, 2, naming=name_of_first) if unit == "day" else Function(name, lower, 1, 2)


def _end_function(unit: str) -> Function:
    name = f"endof{unit}"

    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        offset = long_of(arguments[1]) if len(arguments) > 1 else constant(0, KustoType.LONG)
        if isinstance(offset.value, int):
            following = constant(offset.value + 1, KustoType.LONG)
        else:
            next_one = exp.Add(this=exp.Paren(this=offset.sql), expression=exp.Literal.number(1))
            following = Typed(next_one, KustoType.LONG)
        end = _start(unit, _instant(name, 0, arguments), following)
        if isinstance(end.value, int):
            return constant(end.value - 1, KustoType.DATETIME)
        before = exp.Sub(this=Microseconds(this=end.sql), expression=exp.Literal.number(1))
        return Typed(FromMicroseconds(this=before), KustoType.DATETIME)

    week = " Weeks end on Saturdays." if unit == "week" else ""
    lower.__doc__ = f"""The last instant of the {unit} that an instant lies in, moved by so many {unit}s.{week}

    Example: `endof{unit}(datetime(2017-01-01 10:10:17))`.
    Where we differ: of instants in data it is the last microsecond, not the last 100 ns.
    """
    return Function(name, lower, 1, 2, "of instants in data the last microsecond, not the last 100 ns")


# --- texts, parts and epochs -----------------------------------------------------------------------------------------


def lower_format_datetime(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The instant as text, by a constant format of these elements: d dd M MM y yy yyyy h hh H HH m mm s ss tt f.. F..

    f to fffffff are the digits of the fraction, F the same or nothing if all are zero; other characters stay.

    Example: `format_datetime(datetime(2017-01-29 09:00:05), "yy-MM-dd [HH:mm:ss]")` is `17-01-29 [09:00:05]`.
    """
    pattern = constant_text("format_datetime", 1, arguments)
    if not pattern:
        raise Refusal("kql-argument-value", "the format of `format_datetime` is empty")
    instant = _instant("format_datetime", 0, arguments)
    node = moments.FormatDatetime(this=instant.sql, format=_literal(pattern))
    if instant.is_constant:
        value = instant.value
        return constant(format_datetime(value, node.elements) if isinstance(value, int) else "", KustoType.STRING)
    return Typed(exp.Coalesce(this=node, expressions=[_literal("")]), KustoType.STRING)


def lower_make_datetime(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The datetime of its parts: year, month, day, then hour, minute and second, which may have a fraction.

    One argument is converted as by `todatetime`; what is no date or time is null.

    Example: `make_datetime(2017, 10, 1, 12, 10)` is 2017-10-01 12:10.
    """
    return datetime_of(arguments[0]) if len(arguments) == 1 else call_routine("make_datetime", arguments)


def lower_make_timespan(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The timespan of its parts: hours and minutes; hours, minutes, seconds; or days, hours, minutes, seconds.

    One argument is converted as by `totimespan`; hours from 24, minutes and seconds from 60 are null.

    Example: `make_timespan(1, 12, 30, 55.123)` is 1.12:30:55.123.
    """
    if len(arguments) == 1:
        return timespan_of(arguments[0])
    zero = constant(0, KustoType.LONG)
    parts = list(arguments) if len(arguments) == 4 else [zero, *arguments, zero][:4]
    return call_routine("make_timespan", parts)


def _unixtime_function(unit: str, per_second: int) -> Function:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        value = number_of(f"unixtime_{unit}_todatetime", 0, arguments)
        low, high = -EPOCH_TICKS, 3_155_378_975_999_999_999 - EPOCH_TICKS
        if isinstance(value.value, int | float):
            ticks = round(value.value * TICKS_PER_SECOND / per_second) if isinstance(value.value, float) else 0
            if isinstance(value.value, int):
                ticks = value.value * TICKS_PER_SECOND // per_second
            return constant(ticks + EPOCH_TICKS if low <= ticks <= high else None, KustoType.DATETIME)
        inside = exp.Between(
            this=exp.Paren(this=value.sql),
            low=_number(max(low * per_second // TICKS_PER_SECOND, -_LONG)),
            high=_number(min(high * per_second // TICKS_PER_SECOND, _LONG)),
        )
        moment = FromMicroseconds(this=_microseconds(value, per_second))
        return Typed(exp.Case(ifs=[exp.If(this=inside, true=moment)]), KustoType.DATETIME)

    lower.__doc__ = f"""The instant so many {unit} after 1970-01-01 00:00 UTC; null beyond the years 1 to 9999.

    Example: `unixtime_{unit}_todatetime({1546300800 * per_second})` is 2019-01-01.
    """
    return Function(f"unixtime_{unit}_todatetime", lower, 1, 1)


def _microseconds(value: Typed, per_second: int) -> exp.Expr:
    sql = exp.Paren(this=value.sql.copy())
    if value.type in INTEGERS:
        wide = cast(sql, KustoType.LONG)
        if per_second > 1_000_000:
            return exp.IntDiv(this=wide, expression=exp.Literal.number(per_second // 1_000_000))
        return exp.Mul(this=wide, expression=exp.Literal.number(1_000_000 // per_second))
    scaled = exp.Mul(
        this=cast(sql, KustoType.REAL), expression=cast(exp.Literal.number(1_000_000 / per_second), KustoType.REAL)
    )
    return cast(exp.Round(this=scaled), KustoType.LONG)


_PART_PAGES: Final = (
    ("getyear", "year", "The year of an instant.\n\n    Example: `getyear(datetime(2015-10-12))` is 2015."),
    ("getmonth", "month", "The month of an instant, 1 to 12.\n\n    Example: `getmonth(datetime(2015-10-12))` is 10."),
    (
        "monthofyear",
        "month",
        "The month of an instant, 1 to 12.\n\n    Example: `monthofyear(datetime(2015-10-12))` is 10.",
    ),
    ("dayofmonth", "day", "The day of the month, 1 to 31.\n\n    Example: `dayofmonth(datetime(2015-12-14))` is 14."),
    (
        "dayofyear",
        "dayofyear",
        "The day of the year, 1 to 366.\n\n    Example: `dayofyear(datetime(2015-12-14))` is 348.",
    ),
    ("hourofday", "hour", "The hour, 0 to 23.\n\n    Example: `hourofday(datetime(2015-12-14 18:54))` is 18."),
    (
        "week_of_year",
        "week",
        "The week by ISO 8601.\n\n    Example: `week_of_year(datetime(2020-12-31))` is 53.",
    ),
    (
        "weekofyear",
        "week",
        "The week of the year by ISO 8601.\n\n    Example: `weekofyear(datetime(2020-12-31))` is 53.",
    ),
)

FUNCTIONS: Final = (
    Function("now", lower_now, 0, 1, "a run may be told what time it is"),
    Function("ago", lower_ago, 1, 1, "a run may be told what time it is"),
    Function("datetime_diff", lower_datetime_diff, 3, 3, "instants in data have whole microseconds"),
    Function("datetime_add", lower_datetime_add, 3, 3),
    Function("datetime_part", lower_datetime_part, 2, 2),
    Function("datepart", lower_datetime_part, 2, 2),
    *(_field_function(*page) for page in _PART_PAGES),
    Function("dayofweek", lower_dayofweek, 1, 1),
    *(_start_function(unit) for unit in ("day", "week", "month", "year")),
    *(_end_function(unit) for unit in ("day", "week", "month", "year")),
    Function("format_datetime", lower_format_datetime, 2, 2, naming=name_of_first),
    routine_function("format_timespan", 2, 2, naming=name_of_first),
    Function("make_datetime", lower_make_datetime, 1, 6),
    Function("make_timespan", lower_make_timespan, 1, 4),
    _unixtime_function("seconds", 1),
    _unixtime_function("milliseconds", 1_000),
    _unixtime_function("microseconds", 1_000_000),
    _unixtime_function("nanoseconds", 1_000_000_000),
    routine_function("datetime_utc_to_local", 2, 2),
    routine_function("datetime_local_to_utc", 2, 2),
    routine_function("datetime_list_timezones", 0, 0, differs="the machine's own list"),
)
