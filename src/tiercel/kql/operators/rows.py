"""Operators that choose, order and count rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.kql.operators.hints import read_hints
from tiercel.kql.syntax import (
    Consume,
    Count,
    Distinct,
    Name,
    Ordered,
    Sample,
    Serialize,
    Sort,
    Star,
    Take,
    Top,
    TopHitters,
    TopNested,
    TopNestedClause,
    Where,
)
from tiercel.kql.tokens import END, NAME

if TYPE_CHECKING:
    from tiercel.kql.expressions import Expressions
    from tiercel.kql.syntax import Expression, Named

__all__ = [
    "ENDS",
    "read_consume",
    "read_count",
    "read_distinct",
    "read_ordered",
    "read_sample",
    "read_sample_distinct",
    "read_serialize",
    "read_sort",
    "read_take",
    "read_top",
    "read_top_hitters",
    "read_top_nested",
    "read_where",
]

ENDS: Final = (END, "|", ";", ")", "}")
"""What an operator can end before."""

_ORDER_HABITS: Final = {"asc": "asc", "ascending": "asc", "desc": "desc", "descending": "desc"}


def read_where(read: Expressions, first: int) -> Where:
    """`where predicate`."""
    read_hints(read)
    predicate = read.expression()
    return Where(region=read.region_from(first), predicate=predicate)


def read_take(read: Expressions, first: int) -> Take:
    """`take n`."""
    read_hints(read)
    count = read.expression()
    return Take(region=read.region_from(first), count=count)


def read_ordered(read: Expressions, *, pattern: bool = False) -> Ordered:
    """`key [asc|desc] [nulls first|last]`. With `pattern` the key is a name pattern, and `granny-asc` is an order."""
    at = read.at
    key = read.name_pattern() if pattern else read.named_expression()
    descending: bool | None = None
    nulls_first: bool | None = None
    granny = False
    if read.accept_word("asc"):
        descending = False
    elif read.accept_word("desc"):
        descending = True
    elif pattern and read.is_word("granny"):
        word, last = read.hyphenated()
        if word not in ("granny-asc", "granny-desc"):
            raise read.unexpected("`granny-asc` or `granny-desc`")
        read.at = last + 1
        granny, descending = True, word == "granny-desc"
    elif read.kinds[read.at] == NAME and read.texts[read.at].lower() in _ORDER_HABITS:
        raise read.unexpected("`asc` or `desc`", hint=f"write `{_ORDER_HABITS[read.texts[read.at].lower()]}`")
    if read.accept_word("nulls"):
        if read.accept_word("first"):
            nulls_first = True
        else:
            read.expect_word("last", where="or `first` after `nulls`")
            nulls_first = False
    return Ordered(
        region=read.region_from(at), expression=key, descending=descending, nulls_first=nulls_first, granny=granny
    )


def _ordered_list(read: Expressions) -> tuple[Ordered, ...]:
    keys = [read_ordered(read)]
    while read.accept(","):
        keys.append(read_ordered(read))
    return tuple(keys)


def read_sort(read: Expressions, first: int) -> Sort:
    """`sort by key asc nulls first, key desc`."""
    hints = read_hints(read)
    read.expect_word("by", where=f"after `{read.texts[first]}`")
    keys = _ordered_list(read)
    return Sort(region=read.region_from(first), hints=hints, keys=keys)


def read_top(read: Expressions, first: int) -> Top:
    """`top n by key`."""
    hints = read_hints(read)
    count = read.expression()
    read.expect_word("by", where="after the number of rows")
    key = read_ordered(read)
    return Top(region=read.region_from(first), count=count, keys=(key,), hints=hints)


def read_top_nested(read: Expressions, first: int) -> TopNested:
    """`top-nested n of x [with others = y] by aggregate`, once a level."""
    clauses = [_top_nested_clause(read, first)]
    while read.accept(","):
        at = read.at
        word, last = read.hyphenated()
        if word != "top-nested":
            raise read.unexpected("`top-nested`")
        read.at = last + 1
        clauses.append(_top_nested_clause(read, at))
    return TopNested(region=read.region_from(first), clauses=tuple(clauses))


def _top_nested_clause(read: Expressions, first: int) -> TopNestedClause:
    count = None if read.is_word("of") else read.expression()
    read.expect_word("of", where="after `top-nested`")
    of = read.named_expression()
    others = None
    if read.accept_word("with"):
        read.expect_word("others", where="after `with`")
        read.expect("=")
        others = read.expression()
    read.expect_word("by", where="and an aggregate")
    ordered = read_ordered(read)
    return TopNestedClause(
        region=read.region_from(first),
        count=count,
        of=of,
        others=others,
        by=ordered.expression,
        descending=ordered.descending,
    )


def read_top_hitters(read: Expressions, first: int) -> TopHitters:
    """`top-hitters n of x [by y]`."""
    count = read.expression()
    read.expect_word("of", where="after the number of rows")
    of = read.expression()
    by = read.expression() if read.accept_word("by") else None
    return TopHitters(region=read.region_from(first), count=count, of=of, by=by)


def read_count(read: Expressions, first: int) -> Count:
    """`count [as name]`."""
    name: Name | None = None
    if read.accept_word("as"):
        name = read.name()
    return Count(region=read.region_from(first), name=name)


def read_distinct(read: Expressions, first: int) -> Distinct:
    """`distinct *`, `distinct a, b`."""
    hints = read_hints(read)
    columns: list[Expression | Named | Star] = []
    while True:
        at = read.at
        if read.accept("*"):
            columns.append(Star(region=read.region(at, at)))
        else:
            columns.append(read.named_expression())
        if not read.accept(","):
            return Distinct(region=read.region_from(first), hints=hints, columns=tuple(columns))


def read_sample(read: Expressions, first: int) -> Sample:
    """`sample n`."""
    read_hints(read)
    count = read.expression()
    return Sample(region=read.region_from(first), count=count)


def read_sample_distinct(read: Expressions, first: int) -> Sample:
    """`sample-distinct n of column`."""
    read_hints(read)
    count = read.expression()
    read.expect_word("of", where="after the number of values")
    of = read.expression()
    return Sample(region=read.region_from(first), count=count, of=of)


def read_serialize(read: Expressions, first: int) -> Serialize:
    """`serialize [name = expression, ...]`."""
    read_hints(read)
    items = () if read.kinds[read.at] in ENDS else read.named_expressions()
    return Serialize(region=read.region_from(first), items=items)


def read_consume(read: Expressions, first: int) -> Consume:
    """`consume [decodeblocks = true]`."""
    read_hints(read, ("decodeblocks",))
    return Consume(region=read.region_from(first))
