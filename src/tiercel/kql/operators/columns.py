"""Operators that make, name and take apart columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.kql.operators.hints import EXPANDING, read_hints
from tiercel.kql.operators.rows import ENDS, read_ordered
from tiercel.kql.syntax import (
    ColumnDeclaration,
    Extend,
    GetSchema,
    Literal,
    MvApply,
    MvExpand,
    MvItem,
    Name,
    Named,
    Ordered,
    Parse,
    ParseColumn,
    ParseKv,
    Project,
    WildcardName,
)
from tiercel.kql.tokens import NAME, STRING
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from tiercel.kql.expressions import Expressions
    from tiercel.kql.syntax import Expression

__all__ = [
    "column_list",
    "read_extend",
    "read_getschema",
    "read_mv_apply",
    "read_mv_expand",
    "read_parse",
    "read_parse_kv",
    "read_parse_where",
    "read_project",
    "read_project_names",
    "read_project_rename",
    "read_project_reorder",
    "read_properties",
]


def read_project(read: Expressions, first: int) -> Project:
    """`project a, b = c`; without columns it keeps none."""
    read_hints(read)
    items = () if read.kinds[read.at] in ENDS else read.named_expressions()
    return Project(region=read.region_from(first), kind="project", items=items)


def read_project_rename(read: Expressions, first: int) -> Project:
    """`project-rename new = old`."""
    items: list[Expression | Named] = []
    if read.kinds[read.at] not in ENDS:
        while True:
            at = read.at
            item = read.named_expression()
            if isinstance(item, Name):
                message = f"`{item.text}` keeps its name; Kusto may refuse a column that is not renamed here"
                read.warn("kql-syntax", message, item.region, "write `new = old`, or leave it out")
            elif isinstance(item, Named):
                items.append(item)
            else:
                raise read.fault("kql-syntax", "expected `new = old` here", at, at, "write `new = old`")
            if not read.accept(","):
                break
    return Project(region=read.region_from(first), kind="project-rename", items=tuple(items))


def read_project_names(read: Expressions, first: int) -> Project:
    """`project-away` and `project-keep`: names and patterns."""
    word = read.text[read.starts[first] : read.ends[read.at - 1]]
    items: list[Name | WildcardName] = []
    if read.kinds[read.at] not in ENDS:
        items.append(read.name_pattern())
        while read.accept(","):
            items.append(read.name_pattern())
    return Project(region=read.region_from(first), kind=word, items=tuple(items))


def read_project_reorder(read: Expressions, first: int) -> Project:
    """`project-reorder a, b* asc`."""
    items: list[Ordered] = []
    if read.kinds[read.at] not in ENDS:
        items.append(read_ordered(read, pattern=True))
        while read.accept(","):
            items.append(read_ordered(read, pattern=True))
    return Project(region=read.region_from(first), kind="project-reorder", items=tuple(items))


def read_extend(read: Expressions, first: int) -> Extend:
    """`extend a, b = c`."""
    read_hints(read)
    items = read.named_expressions()
    return Extend(region=read.region_from(first), items=items)


def read_getschema(read: Expressions, first: int) -> GetSchema:
    """`getschema [kind = csl]`."""
    read_hints(read, ("kind",))
    return GetSchema(region=read.region_from(first))


# --- arrays ----------------------------------------------------------------------------------------------------------


def _mv_items(read: Expressions) -> tuple[MvItem, ...]:
    items: list[MvItem] = []
    while True:
        at = read.at
        names, _ = read.names_before_equals()
        expression = read.expression()
        kusto_type = None
        if read.accept_word("to"):
            kusto_type = read.type_of().type
        name = names[0] if names else None
        items.append(MvItem(region=read.region_from(at), name=name, expression=expression, type=kusto_type))
        if not read.accept(","):
            return tuple(items)


def read_mv_expand(read: Expressions, first: int) -> MvExpand:
    """`mv-expand a, b = c to typeof(string) limit 10`."""
    hints = read_hints(read, EXPANDING)
    items = _mv_items(read)
    limit = read.expression() if read.accept_word("limit") else None
    return MvExpand(region=read.region_from(first), hints=hints, items=items, limit=limit)


def read_mv_apply(read: Expressions, first: int) -> MvApply:
    """`mv-apply x = y to typeof(long) limit 10 on (operators)`."""
    hints = read_hints(read, EXPANDING)
    items = _mv_items(read)
    limit = read.expression() if read.accept_word("limit") else None
    read.expect_word("on", where="and the operators in brackets")
    opener = read.expect("(", where="after `on`")
    read.enter()
    operators = read.operators()
    read.depth -= 1
    read.close(opener)
    return MvApply(region=read.region_from(first), hints=hints, items=items, limit=limit, operators=operators)


# --- texts -----------------------------------------------------------------------------------------------------------


def read_parse(read: Expressions, first: int, *, filtering: bool = False) -> Parse:
    """`parse [kind=regex [flags=i]] x with * "a" b:long "c" *`."""
    hints = read_hints(read, ("kind", "flags"))
    expression = read.expression()
    read.expect_word("with", where="and a pattern")
    pattern: list[Literal | ParseColumn] = []
    while read.kinds[read.at] not in ENDS:
        at = read.at
        if read.kinds[at] == STRING:
            pattern.append(read.string())
        elif read.accept("*"):
            pattern.append(ParseColumn(region=read.region_from(at), name=None))
        elif read.kinds[at] == NAME or read.is_next("[", STRING, "]"):
            name = read.name()
            kusto_type = read.type_word() if read.accept(":") else KustoType.STRING
            pattern.append(ParseColumn(region=read.region_from(at), name=name, type=kusto_type))
        else:
            raise read.unexpected("a text, a column or `*`", where="in the pattern")
    if not pattern:
        raise read.unexpected("a pattern", where="after `with`")
    return Parse(
        region=read.region_from(first), filtering=filtering, hints=hints, expression=expression, pattern=tuple(pattern)
    )


def read_parse_where(read: Expressions, first: int) -> Parse:
    """`parse-where`: as `parse`, rows that do not fit are dropped."""
    return read_parse(read, first, filtering=True)


def read_parse_kv(read: Expressions, first: int) -> ParseKv:
    """`parse-kv x as (a: string, b: long) with (pair_delimiter = ",")`."""
    expression = read.expression()
    read.expect_word("as", where="and the columns in brackets")
    columns = column_list(read)
    properties = read_properties(read) if read.accept_word("with") else ()
    return ParseKv(region=read.region_from(first), expression=expression, columns=columns, properties=properties)


# --- lists in brackets -----------------------------------------------------------------------------------------------


def column_list(read: Expressions) -> tuple[ColumnDeclaration, ...]:
    """`(a: string, b: long)`; a comma may stand at the end, and `*` for the columns that come in."""
    opener = read.expect("(", where="before the columns")
    columns: list[ColumnDeclaration] = []
    while read.kinds[read.at] != ")":
        if not read.accept("*"):
            columns.append(read.column_declaration())
        if not read.accept(","):
            break
    read.close(opener)
    return tuple(columns)


def read_properties(read: Expressions) -> tuple[Named, ...]:
    """`(name = value, ...)`; a value without a name belongs to the name before it: `ycolumns = a, b`."""
    opener = read.expect("(", where="before the properties")
    properties: list[Named] = []
    while read.kinds[read.at] != ")":
        names, first = read.names_before_equals()
        if not names and not properties:
            raise read.unexpected("`name = value`")
        value = read.expression()
        properties.append(Named(region=read.region_from(first), names=names, expression=value))
        if not read.accept(","):
            break
    read.close(opener)
    return tuple(properties)
