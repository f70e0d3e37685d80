"""Operators that work on groups of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.kql.operators.hints import read_hints
from tiercel.kql.operators.rows import ENDS, read_ordered
from tiercel.kql.syntax import (
    MakeSeries,
    MakeSeriesAggregate,
    Name,
    Named,
    Parameter,
    Partition,
    Pipeline,
    Scan,
    ScanStep,
    Summarize,
)
from tiercel.kql.tokens import NAME

if TYPE_CHECKING:
    from tiercel.kql.expressions import Expressions
    from tiercel.kql.syntax import Expression

__all__ = ["read_make_series", "read_partition", "read_scan", "read_summarize"]


def read_summarize(read: Expressions, first: int) -> Summarize:
    """`summarize a = count(), (b, c) = arg_max(t, x) by d, bin(t, 1h)`."""
    hints = read_hints(read)
    aggregates: tuple[Expression | Named, ...] = ()
    groups: tuple[Expression | Named, ...] = ()
    if not read.is_word("by"):
        if read.kinds[read.at] in ENDS:
            raise read.unexpected("an aggregate or `by`", where="after `summarize`")
        aggregates = read.named_expressions()
    if read.accept_word("by"):
        groups = read.named_expressions()
    return Summarize(region=read.region_from(first), hints=hints, aggregates=aggregates, groups=groups)


def read_make_series(read: Expressions, first: int) -> MakeSeries:
    """`make-series n = count() default = 0 on t from a to b step c by x`, or `on t in range(a, b, c)`."""
    hints = read_hints(read, ("kind",))
    aggregates = [_series_aggregate(read)]
    while read.accept(","):
        aggregates.append(_series_aggregate(read))
    read.expect_word("on", where="and the axis")
    names, at = read.names_before_equals()
    path = read.path()
    axis = Named(region=read.region_from(at), names=names, expression=path) if names else path
    low: Expression | None = None
    high: Expression | None = None
    if read.accept_word("in"):
        read.expect_word("range", where="after `in`")
        opener = read.expect("(")
        low = read.expression()
        read.expect(",")
        high = read.expression()
        read.expect(",")
        step = read.expression()
        read.close(opener)
    else:
        if read.accept_word("from"):
            low = read.expression()
        if read.accept_word("to"):
            high = read.expression()
        read.expect_word("step", where="and the width of a step")
        step = read.expression()
    groups = read.named_expressions() if read.accept_word("by") else ()
    return MakeSeries(
        region=read.region_from(first),
        hints=hints,
        aggregates=tuple(aggregates),
        axis=axis,
        low=low,
        high=high,
        step=step,
        groups=groups,
    )


def _series_aggregate(read: Expressions) -> MakeSeriesAggregate:
    at = read.at
    aggregate = read.named_expression()
    default: Expression | None = None
    if read.accept_word("default"):
        read.expect("=", where="after `default`")
        default = read.expression()
    return MakeSeriesAggregate(region=read.region_from(at), aggregate=aggregate, default=default)


def read_partition(read: Expressions, first: int) -> Partition:
    """`partition [hints] by key (operators)`, or the older `by key { T | operators }`."""
    hints = read_hints(read)
    read.expect_word("by", where="after `partition`")
    key = _key(read)
    opener = read.at
    if read.accept("{"):
        read.enter()
        source = read.tabular()
        read.depth -= 1
        read.close(opener)
        if not isinstance(source, Pipeline):
            source = Pipeline(region=source.region, source=source, operators=())
        return Partition(region=read.region_from(first), hints=hints, key=key, operators=(), source=source)
    read.expect("(", where="after the key")
    read.enter()
    operators = read.operators()
    read.depth -= 1
    read.close(opener)
    return Partition(region=read.region_from(first), hints=hints, key=key, operators=operators)


def _key(read: Expressions) -> Expression:
    """A column's name; not an expression, since a bracket after it opens the operators."""
    if read.kinds[read.at] == NAME and read.kinds[read.at + 1] != "(":
        return read.path()
    return read.name("a column")


# --- scan ------------------------------------------------------------------------------------------------------------


def read_scan(read: Expressions, first: int) -> Scan:
    """`scan [with_match_id = m] [partition by ..] [order by ..] [declare (..)] with (step a: cond => x = y; ...)`."""
    match_id: Name | None = None
    read_hints(read, ("with_step_name", "kind"))
    if read.is_word("with_match_id") and read.kinds[read.at + 1] == "=":
        read.at += 2
        match_id = read.name()
    partition_by: tuple[Expression, ...] = ()
    order_by = []
    declarations: tuple[Parameter, ...] = ()
    while not read.is_word("with"):
        if read.accept_word("partition"):
            read.expect_word("by")
            partition_by = read.expressions()
        elif read.accept_word("order") or read.accept_word("sort"):
            read.expect_word("by")
            order_by.append(read_ordered(read))
            while read.accept(","):
                order_by.append(read_ordered(read))
        elif read.accept_word("declare"):
            declarations = read.parameters()
        else:
            raise read.unexpected("`with`", where="and the steps")
    read.expect_word("with")
    opener = read.expect("(", where="before the steps")
    read.enter()
    steps = [_scan_step(read)]
    while read.is_word("step"):
        steps.append(_scan_step(read))
    read.depth -= 1
    read.close(opener)
    return Scan(
        region=read.region_from(first),
        match_id=match_id,
        declarations=declarations,
        steps=tuple(steps),
        partition_by=partition_by,
        order_by=tuple(order_by),
    )


def _scan_step(read: Expressions) -> ScanStep:
    at = read.expect_word("step", where="in `scan`")
    name = read.name("the step's name")
    optional = read.accept_word("optional")
    output: str | None = None
    if read.accept_word("output"):
        read.expect("=")
        output = read.texts[read.expect(NAME)]
    read.expect(":", where="before the step's condition")
    condition = read.expression()
    assignments: list[Named] = []
    if read.accept("=>"):
        while True:
            names, first = read.names_before_equals()
            if not names:
                raise read.unexpected("`column = value`", where="after `=>`")
            value = read.expression()
            assignments.append(Named(region=read.region_from(first), names=names, expression=value))
            if not read.accept(","):
                break
    step = ScanStep(
        region=read.region_from(at),
        name=name,
        optional=optional,
        output=output,
        condition=condition,
        assignments=tuple(assignments),
    )
    read.expect(";", where="after a step")
    return step
