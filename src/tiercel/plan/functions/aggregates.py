"""Aggregates that count, add, average and pick: one value of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.functions.forms import (
    INTEGERS,
    NUMBERS,
    bool_of,
    copied,
    long_of,
    number_of,
    real_of,
    refuse_type,
    text_of,
)
from tiercel.plan.functions.registry import Aggregate, Environment, name_of_first, prefixed, prefixed_by_both
from tiercel.plan.literals import cast, constant
from tiercel.plan.nodes.aggregates import AtExtreme, FirstOf
from tiercel.plan.nodes.arithmetic import LowBits
from tiercel.plan.nodes.json import DynamicIsNull
from tiercel.plan.nodes.time import FromMicroseconds, Microseconds
from tiercel.plan.values import Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["AGGREGATES", "filtered", "not_null", "with_condition"]

_ORDERED: Final = frozenset(KustoType) - {KustoType.DYNAMIC}


def filtered(aggregate: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    """The aggregate over the rows in which the condition is true."""
    return aggregate if condition is None else exp.Filter(this=aggregate, expression=exp.Where(this=condition))


def not_null(value: Typed) -> exp.Expr | None:
    """The condition that the value is not null; none for a string, which never is."""
    if value.type is KustoType.STRING:
        return None
    if value.type is KustoType.DYNAMIC:
        return exp.Not(this=DynamicIsNull(this=value.sql.copy()))
    return exp.Not(this=exp.Is(this=exp.Paren(this=value.sql.copy()), expression=exp.Null()))


def _condition(name: str, arguments: Sequence[Typed], position: int | None) -> exp.Expr | None:
    if position is None:
        return None
    value = arguments[position]
    if value.type in {KustoType.STRING, KustoType.DATETIME, KustoType.GUID}:
        raise refuse_type(name, position, value, "a bool")
    return bool_of(value).sql


def with_condition(
    name: str, arguments: Sequence[Typed], position: int | None, extra: exp.Expr | None
) -> exp.Expr | None:
    """The condition among the arguments, if the aggregate takes one, joined with another."""
    condition = _condition(name, arguments, position)
    if condition is None or extra is None:
        return extra if condition is None else condition
    return exp.And(this=exp.Paren(this=condition), expression=extra)


def _or(value: exp.Expr, default: object, kind: KustoType) -> Typed:
    return Typed(exp.Coalesce(this=value, expressions=[constant(default, kind).sql]), kind)


# --- counting --------------------------------------------------------------------------------------------------------


def lower_count(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The number of rows; with an argument, of the rows in which it is not null (of a bool: true).

    Example: `summarize count() by DeviceName`.
    """
    if not arguments:
        return Typed(exp.Count(this=exp.Star()), KustoType.LONG)
    value = arguments[0]
    condition = value.sql if value.type is KustoType.BOOL else not_null(value)
    return Typed(filtered(exp.Count(this=exp.Star()), condition), KustoType.LONG)


def lower_countif(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The number of rows in which a condition is true.

    Example: `summarize countif(RemotePort == 135)`.
    """
    return Typed(filtered(exp.Count(this=exp.Star()), _condition("countif", arguments, 0)), KustoType.LONG)


def _distinct_count(name: str, arguments: Sequence[Typed], position: int | None) -> Typed:
    value = arguments[0]
    counted = text_of(value) if value.type is KustoType.DYNAMIC else value
    extra = not_null(value) if value.type is KustoType.DYNAMIC else None
    count = exp.Count(this=exp.Distinct(expressions=[counted.sql]))
    return Typed(filtered(count, with_condition(name, arguments, position, extra)), KustoType.LONG)


def lower_dcount(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The number of different values, nulls not counted; an accuracy may be given and changes nothing.

    Example: `summarize dcount(DeviceId) by SHA1`. Where we differ: it is exact, Kusto's is an estimate.
    """
    return _distinct_count("dcount", arguments, None)


def lower_dcountif(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The number of different values in the rows in which a condition is true.

    Example: `summarize dcountif(RemoteIP, RemotePort == 135)`. Where we differ: it is exact.
    """
    return _distinct_count("dcountif", arguments, 1)


# --- adding and averaging --------------------------------------------------------------------------------------------


def _number(name: str, arguments: Sequence[Typed]) -> Typed:
    if arguments[0].type is KustoType.TIMESPAN:
        return arguments[0]
    return number_of(name, 0, arguments)


def _sum(name: str, arguments: Sequence[Typed], position: int | None) -> Typed:
    value = _number(name, arguments)
    kind = KustoType.LONG if value.type in INTEGERS else value.type
    total = filtered(exp.Sum(this=value.sql), _condition(name, arguments, position))
    zero = 0.0 if kind is KustoType.REAL else 0
    if kind in {KustoType.LONG, KustoType.TIMESPAN}:
        return _or(LowBits(this=total), zero, kind)
    return _or(total if kind is KustoType.REAL else cast(total, kind), zero, kind)


def lower_sum(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The sum of numbers or timespans, nulls passed over; 0 of nothing.

    Example: `summarize sum(SentBytes) by DeviceName`.
    """
    return _sum("sum", arguments, None)


def lower_sumif(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The sum over the rows in which a condition is true.

    Example: `summarize sumif(SentBytes, RemotePort == 445)`.
    """
    return _sum("sumif", arguments, 1)


def _average(name: str, arguments: Sequence[Typed], position: int | None) -> Typed:
    condition = _condition(name, arguments, position)
    value = arguments[0]
    if value.type is KustoType.DATETIME:
        mean = filtered(exp.Avg(this=Microseconds(this=value.sql)), condition)
        return Typed(FromMicroseconds(this=cast(exp.Trunc(this=mean), KustoType.LONG)), KustoType.DATETIME)
    value = _number(name, arguments)
    if value.type is KustoType.TIMESPAN:
        return Typed(cast(exp.Trunc(this=filtered(exp.Avg(this=value.sql), condition)), value.type), value.type)
    if value.type is KustoType.DECIMAL:
        return Typed(cast(filtered(exp.Avg(this=value.sql), condition), value.type), value.type)
    return _or(filtered(exp.Avg(this=real_of(value).sql), condition), float("nan"), KustoType.REAL)


def lower_avg(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The mean of numbers, timespans or datetimes, nulls passed over; NaN of no number at all.

    Example: `summarize avg(SentBytes)`.
    """
    return _average("avg", arguments, None)


def lower_avgif(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The mean over the rows in which a condition is true.

    Example: `summarize avgif(SentBytes, RemotePort == 445)`.
    """
    return _average("avgif", arguments, 1)


def _deviation(name: str, node: type[exp.AggFunc], position: int | None, page: str, *, rounded: bool) -> Aggregate:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        value = real_of(_number(name, arguments))
        spread = filtered(node(this=value.sql), _condition(name, arguments, position))
        if rounded:
            spread = exp.Round(this=spread, decimals=exp.Literal.number(10))
        return _or(spread, 0.0, KustoType.REAL)

    where = " over the rows in which a condition is true" if position else ""
    lower.__doc__ = f"""{page}{where}; nulls passed over; 0 of nothing.

    Example: `summarize {name}({"x, x > 0" if position else "x"})`.
    """
    count = 2 if position else 1
    return Aggregate(name, lower, count, count, prefixed(name))


def _covariance(name: str, node: type[exp.Binary | exp.AggFunc], page: str, position: int | None) -> Aggregate:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        first, second = (real_of(number_of(name, at, arguments)) for at in (0, 1))
        spread = node(this=first.sql, expression=second.sql)
        return _or(filtered(spread, _condition(name, arguments, position)), 0.0, KustoType.REAL)

    lower.__doc__ = f"""{page}

    Example: `summarize {name}(x, y{", x > 0" if position else ""})`.
    """
    count = 3 if position else 2
    return Aggregate(name, lower, count, count, prefixed_by_both(name))


# --- extremes --------------------------------------------------------------------------------------------------------


def _extreme(name: str, node: type[exp.AggFunc], arguments: Sequence[Typed], position: int | None) -> Typed:
    value = arguments[0]
    if value.type not in _ORDERED:
        raise Refusal("kql-argument-type", f"`{name}` cannot order dynamic values", "convert first, as by tolong()")
    return Typed(filtered(node(this=value.sql), _condition(name, arguments, position)), value.type)


def lower_max(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The largest value, nulls passed over; null of nothing.

    Example: `summarize max(Timestamp) by DeviceName`.
    """
    return _never_null(_extreme("max", exp.Max, arguments, None))


def lower_min(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The smallest value, nulls passed over; null of nothing.

    Example: `summarize min(Timestamp) by DeviceName`.
    """
    return _never_null(_extreme("min", exp.Min, arguments, None))


def lower_maxif(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The largest value in the rows in which a condition is true.

    Example: `summarize maxif(Timestamp, RemotePort == 135)`.
    """
    return _never_null(_extreme("maxif", exp.Max, arguments, 1))


def lower_minif(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The smallest value in the rows in which a condition is true.

    Example: `summarize minif(Timestamp, RemotePort == 135)`.
    """
    return _never_null(_extreme("minif", exp.Min, arguments, 1))


def _never_null(value: Typed) -> Typed:
    return _or(value.sql, "", KustoType.STRING) if value.type is KustoType.STRING else value


def _at(name: str, arguments: Sequence[Typed], value: Typed) -> Typed:
    """The value in the row where the first argument is extreme; in the first row where that is always null."""
    key = arguments[0]
    if key.type not in _ORDERED:
        raise Refusal("kql-argument-type", f"`{name}` cannot order dynamic values", "convert first, as by tolong()")
    maximum = name == "arg_max"
    found: exp.Expr = AtExtreme(this=value.sql, expression=key.sql.copy(), maximum=maximum)
    if key.type is not KustoType.STRING:
        node = exp.Max if maximum else exp.Min
        unknown = exp.Is(this=node(this=key.sql.copy()), expression=exp.Null())
        found = exp.Case(ifs=[exp.If(this=unknown, true=FirstOf(this=value.sql.copy()))], default=found)
    return _never_null(Typed(found, value.type))


def _arg_extreme(name: str, documentation: str) -> Aggregate:
    key_aggregate = lower_max if name == "arg_max" else lower_min
    prefix = name.removeprefix("arg_")

    def lower(environment: Environment, arguments: Sequence[Typed]) -> Typed:
        if len(arguments) == 1:
            return key_aggregate(environment, arguments)
        return _at(name, arguments, arguments[1])

    def results(
        environment: Environment, arguments: Sequence[Typed], names: Sequence[str]
    ) -> tuple[tuple[str, Typed], ...]:
        columns = [(names[0] or f"{prefix}_", key_aggregate(environment, [copied(arguments[0])]))]
        for position, (value, name_) in enumerate(zip(arguments[1:], names[1:], strict=True), 1):
            columns.append((name_ or f"{prefix}_{names[0]}_arg{position}", _at(name, arguments, value)))
        return tuple(columns)

    lower.__doc__ = documentation
    return Aggregate(name, lower, 1, None, name_of_first, "of several such rows the first one", results)


def lower_take_any(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The value of some row, one that is not null or empty if there is one; `any` is the same.

    Example: `summarize take_any(DeviceName) by DeviceId`. Kusto leaves open which; here it is always the smallest.
    """
    return _never_null(_any_of(arguments[0], None))


def _any_of(value: Typed, condition: exp.Expr | None) -> Typed:
    """The smallest value, so that the answer is the same every time."""
    sql = exp.Nullif(this=value.sql, expression=exp.Literal.string("")) if value.type is KustoType.STRING else value.sql
    return Typed(filtered(exp.Min(this=sql), condition), value.type)


def _take_any_results(
    environment: Environment, arguments: Sequence[Typed], names: Sequence[str]
) -> tuple[tuple[str, Typed], ...]:
    if len(arguments) == 1:
        return ((names[0] or "any_arg0", lower_take_any(environment, arguments)),)
    return tuple(
        (name or f"any_arg{at}", _never_null(Typed(FirstOf(this=value.sql), value.type)))
        for at, (value, name) in enumerate(zip(arguments, names, strict=True))
    )


def lower_take_anyif(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The value of some row in which a condition is true, one that is not null if there is one.

    Example: `summarize take_anyif(RemoteIP, RemotePort == 135) by DeviceId`. Kusto leaves open which; here it is always
    the smallest.
    """
    return _never_null(_any_of(arguments[0], _condition("take_anyif", arguments, 1)))


# --- bits ------------------------------------------------------------------------------------------------------------


def _bits(name: str, node: type[exp.AggFunc], word: str) -> Aggregate:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        value = number_of(name, 0, arguments)
        if value.type not in NUMBERS:
            raise refuse_type(name, 0, value, "a whole number")
        return Typed(node(this=long_of(value).sql), KustoType.LONG)

    lower.__doc__ = f"""All values joined bit by bit with {word}; null of nothing.

    Example: `summarize {name}(num)`.
    """
    return Aggregate(name, lower, 1, 1, name_of_first)


_ARG_MAX: Final = """The values of other columns in the row where an expression is largest; `*` stands for all of them.

    Rows in which the expression is null are passed over, unless it is null in all. Of several such rows the first.

    Example: `summarize arg_max(Timestamp, *) by DeviceId`.
    """
_ARG_MIN: Final = """The values of other columns in the row where an expression is smallest; `*` stands for all of them.

    Rows in which the expression is null are passed over, unless it is null in all. Of several such rows the first.

    Example: `summarize arg_min(Timestamp, *) by DeviceId`.
    """
_EXACT: Final = "exact, where Kusto estimates"

AGGREGATES: Final = (
    Aggregate("count", lower_count, 0, 1, prefixed("count")),
    Aggregate("cnt", lower_count, 0, 1, prefixed("cnt")),
    Aggregate("countif", lower_countif, 1, 1, prefixed("countif")),
    Aggregate("dcount", lower_dcount, 1, 2, prefixed("dcount"), _EXACT),
    Aggregate("dcountif", lower_dcountif, 2, 3, prefixed("dcountif"), _EXACT),
    Aggregate("count_distinct", lower_dcount, 1, 1, prefixed("count_distinct")),
    Aggregate("count_distinctif", lower_dcountif, 2, 2, prefixed("count_distinctif")),
    Aggregate("sum", lower_sum, 1, 1, prefixed("sum")),
    Aggregate("sumif", lower_sumif, 2, 2, prefixed("sumif")),
    Aggregate("avg", lower_avg, 1, 1, prefixed("avg")),
    Aggregate("avgif", lower_avgif, 2, 2, prefixed("avgif")),
    Aggregate("max", lower_max, 1, 1, prefixed("max")),
    Aggregate("maxif", lower_maxif, 2, 2, prefixed("maxif")),
    Aggregate("min", lower_min, 1, 1, prefixed("min")),
    Aggregate("minif", lower_minif, 2, 2, prefixed("minif")),
    _arg_extreme("arg_max", _ARG_MAX),
    _arg_extreme("arg_min", _ARG_MIN),
    Aggregate("take_any", lower_take_any, 1, None, name_of_first, results=_take_any_results),
    Aggregate("any", lower_take_any, 1, None, prefixed("any")),
    Aggregate("take_anyif", lower_take_anyif, 2, 2, name_of_first),
    Aggregate("anyif", lower_take_anyif, 2, 2, prefixed("anyif")),
    _deviation("stdev", exp.StddevSamp, None, "The standard deviation of a sample", rounded=False),
    _deviation("stdevif", exp.StddevSamp, 1, "The standard deviation of a sample", rounded=False),
    _deviation("stdevp", exp.StddevPop, None, "The standard deviation of a population", rounded=False),
    _deviation("stdevpif", exp.StddevPop, 1, "The standard deviation of a population", rounded=False),
    _deviation("variance", exp.Variance, None, "The variance of a sample, to ten decimals", rounded=True),
    _deviation("varianceif", exp.Variance, 1, "The variance of a sample, to ten decimals", rounded=True),
    _deviation("variancep", exp.VariancePop, None, "The variance of a population, to ten decimals", rounded=True),
    _deviation("variancepif", exp.VariancePop, 1, "The variance of a population, to ten decimals", rounded=True),
    _covariance("covariance", exp.CovarSamp, "The covariance of a sample of two columns; 0 of nothing.", None),
    _covariance("covarianceif", exp.CovarSamp, "The covariance of a sample where a condition is true.", 2),
    _covariance("covariancep", exp.CovarPop, "The covariance of a population of two columns; 0 of nothing.", None),
    _covariance("covariancepif", exp.CovarPop, "The covariance of a population where a condition is true.", 2),
    _bits("binary_all_and", exp.BitwiseAndAgg, "and"),
    _bits("binary_all_or", exp.BitwiseOrAgg, "or"),
    _bits("binary_all_xor", exp.BitwiseXorAgg, "exclusive or"),
)
