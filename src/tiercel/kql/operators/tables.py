"""Operators and sources that bring tables together, make them, or hand them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.kql.operators.columns import column_list, read_properties
from tiercel.kql.operators.hints import JOINING, SEARCHING, UNITING, read_hints
from tiercel.kql.operators.rows import ENDS
from tiercel.kql.syntax import (
    As,
    Call,
    Datatable,
    Evaluate,
    ExternalData,
    Find,
    Fork,
    Invoke,
    Join,
    Name,
    Named,
    Print,
    Range,
    Render,
    Search,
    ToTyped,
    Union,
)
from tiercel.kql.tokens import NAME

if TYPE_CHECKING:
    from tiercel.kql.expressions import Expressions
    from tiercel.kql.syntax import Expression, Operator

__all__ = [
    "read_as",
    "read_datatable",
    "read_evaluate",
    "read_external_data",
    "read_find",
    "read_fork",
    "read_invoke",
    "read_join",
    "read_lookup",
    "read_print",
    "read_range",
    "read_render",
    "read_search",
    "read_union",
]


# --- tables come together --------------------------------------------------------------------------------------------


def read_join(read: Expressions, first: int, *, is_lookup: bool = False) -> Join:
    """`join [kind=inner] [hints] T on a, $left.b == $right.c`."""
    hints = read_hints(read, JOINING, strict=True)
    right = read.path()
    on: tuple[Expression, ...] = ()
    if read.accept_word("on"):
        on = read.expressions()
    elif is_lookup or read.kinds[read.at] not in ENDS:
        raise read.unexpected("`on` and the columns", where=f"after the table of `{read.texts[first]}`")
    kind = next((hint.value for hint in hints if hint.name == "kind"), None)
    return Join(region=read.region_from(first), is_lookup=is_lookup, kind=kind, hints=hints, right=right, on=on)


def read_lookup(read: Expressions, first: int) -> Join:
    """`lookup [kind=leftouter] T on a`."""
    return read_join(read, first, is_lookup=True)


def read_union(read: Expressions, first: int) -> Union:
    """`union [kind=outer] [withsource=x] [isfuzzy=true] T1, (T2 | ...), Device*`."""
    hints = read_hints(read, UNITING, strict=True)
    tables = [_table(read)]
    while read.accept(","):
        tables.append(_table(read))
    return Union(region=read.region_from(first), hints=hints, tables=tuple(tables))


def _table(read: Expressions) -> Expression:
    """A table's name, a pattern of names, a call, a pipeline in brackets."""
    at = read.at
    if read.kinds[at] == "*" or (read.kinds[at] == NAME and read.kinds[at + 1] == "*" and read.touches(at + 1)):
        return read.name_pattern()
    return read.path()


def _tables_in(read: Expressions) -> tuple[Expression, ...]:
    """`in (T1, T2*)`, if it stands next."""
    if not (read.is_word("in") and read.kinds[read.at + 1] == "("):
        return ()
    read.at += 1
    opener = read.expect("(")
    read.enter()
    tables = [_table(read)]
    while read.accept(","):
        tables.append(_table(read))
    read.depth -= 1
    read.close(opener)
    return tuple(tables)


def _predicate(read: Expressions) -> Expression:
    """A condition in which `column : "term"` is an operator."""
    outside = read.in_search
    read.in_search = True
    try:
        return read.expression()
    finally:
        read.in_search = outside


def read_search(read: Expressions, first: int) -> Search:
    """`search [kind=case_sensitive] [in (T1, T2)] "term" and column : "term"`."""
    hints = read_hints(read, SEARCHING)
    tables = _tables_in(read)
    predicate = _predicate(read)
    return Search(region=read.region_from(first), hints=hints, tables=tables, predicate=predicate)


def read_find(read: Expressions, first: int) -> Find:
    """`find [withsource=x] [in (T1, T2)] where predicate [project a, b:string, pack(*)]`."""
    hints = read_hints(read, SEARCHING)
    tables = _tables_in(read)
    if not read.accept_word("where") and tables:
        raise read.unexpected("`where`", where="after the tables of `find`")
    predicate = _predicate(read)
    columns: list[Expression] = []
    project_smart = False
    if read.is_word("project"):
        word, last = read.hyphenated()
        read.at = last + 1
        if word == "project":
            columns.append(_find_column(read))
            while read.accept(","):
                columns.append(_find_column(read))
        elif word == "project-smart":
            project_smart = True
        else:
            read.at -= 1
            raise read.unexpected("`project` or `project-smart`")
    return Find(
        region=read.region_from(first),
        hints=hints,
        tables=tables,
        predicate=predicate,
        columns=tuple(columns),
        project_smart=project_smart,
    )


def _find_column(read: Expressions) -> Expression:
    """A column, maybe with the type that it is read as: `a`, `b: string`, `pack(*)`."""
    at = read.at
    column = read.path()
    if not read.accept(":"):
        return column
    kusto_type = read.type_word()
    return ToTyped(region=read.region_from(at), expression=column, type=kusto_type)


# --- tables are made -------------------------------------------------------------------------------------------------


def read_datatable(read: Expressions, first: int) -> Datatable:
    """`datatable (a: string, b: long) ["x", 1]`."""
    read_hints(read)
    columns = column_list(read)
    opener = read.expect("[", where="before the values")
    read.enter()
    values: list[Expression] = []
    while read.kinds[read.at] != "]":
        values.append(read.expression())
        if not read.accept(","):
            break
    read.depth -= 1
    read.close(opener)
    return Datatable(region=read.region_from(first), columns=columns, values=tuple(values))


def read_external_data(read: Expressions, first: int) -> ExternalData:
    """`externaldata (a: string) [h"https://..."] with (format = "csv")`."""
    read_hints(read)
    columns = column_list(read)
    opener = read.expect("[", where="before the addresses")
    uris: list[Expression] = []
    while read.kinds[read.at] != "]":
        uris.append(read.expression())
        if not read.accept(","):
            break
    read.close(opener)
    properties = read_properties(read) if read.accept_word("with") else ()
    return ExternalData(region=read.region_from(first), columns=columns, uris=tuple(uris), properties=properties)


def read_print(read: Expressions, first: int) -> Print:
    """`print a, b = c`."""
    columns = read.named_expressions()
    return Print(region=read.region_from(first), columns=columns)


def read_range(read: Expressions, first: int) -> Range:
    """`range x from a to b step c`."""
    name = read.name()
    read.expect_word("from", where="after the column's name")
    low = read.expression()
    read.expect_word("to", where="and the last value")
    high = read.expression()
    read.expect_word("step", where="and the step")
    step = read.expression()
    return Range(region=read.region_from(first), name=name, low=low, high=high, step=step)


# --- tables are handed on --------------------------------------------------------------------------------------------


def _call(read: Expressions) -> Call:
    at = read.at
    call = read.path()
    if not isinstance(call, Call):
        read.at = at + 1
        raise read.unexpected("`(` and the arguments", where=f"after {read.found(at)}")
    return call


def read_invoke(read: Expressions, first: int) -> Invoke:
    """`invoke f(args)`."""
    call = _call(read)
    return Invoke(region=read.region_from(first), call=call)


def read_evaluate(read: Expressions, first: int) -> Evaluate:
    """`evaluate plugin(args) [: (a: string)]`."""
    hints = read_hints(read)
    call = _call(read)
    columns = column_list(read) if read.accept(":") else None
    return Evaluate(region=read.region_from(first), hints=hints, call=call, columns=columns)


def read_as(read: Expressions, first: int) -> As:
    """`as [hint.materialized=true] name`."""
    hints = read_hints(read)
    name = read.name()
    return As(region=read.region_from(first), name=name, hints=hints)


def read_render(read: Expressions, first: int) -> Render:
    """`render timechart [with (title = "x")]`, or the older `render timechart title="x"`."""
    at = read.expect(NAME, where="after `render`")
    properties: tuple[Named, ...] = ()
    if read.is_word("with") and read.kinds[read.at + 1] == "(":
        read.at += 1
        properties = read_properties(read)
    else:
        properties = _old_properties(read)
        if read.accept_word("by"):
            read.expressions()
    return Render(region=read.region_from(first), kind=read.texts[at], properties=properties)


def _old_properties(read: Expressions) -> tuple[Named, ...]:
    """`kind=stacked title="x"` without brackets, as older queries have it."""
    properties: list[Named] = []
    while True:
        names, first = read.names_before_equals()
        if not names:
            return tuple(properties)
        value = read.operand()
        properties.append(Named(region=read.region_from(first), names=names, expression=value))


def read_fork(read: Expressions, first: int) -> Fork:
    """`fork name=(operators) (operators)`."""
    branches: list[tuple[Name | None, tuple[Operator, ...]]] = []
    while True:
        name: Name | None = None
        if read.kinds[read.at] != "(":
            name = read.name()
            read.expect("=")
        opener = read.expect("(", where="before a branch")
        read.enter()
        branches.append((name, read.operators()))
        read.depth -= 1
        read.close(opener)
        if read.kinds[read.at] in ENDS:
            return Fork(region=read.region_from(first), branches=tuple(branches))
