"""parse, parse-where and parse-kv: columns taken out of a text."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.kql import syntax
from tiercel.plan.functions.forms import as_type, text_of
from tiercel.plan.functions.patterns import checked_pattern, group_count
from tiercel.plan.literals import null
from tiercel.plan.nodes.search import RegexGroup
from tiercel.plan.nodes.text import MatchesRegex
from tiercel.plan.operators.columns import field_of, ready
from tiercel.plan.relation import Field, Relation
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from tiercel.plan.context import Context

__all__ = ["parse", "parse_kv"]

_NUMBER: Final = {
    KustoType.INT: r"[-+]?\d+",
    KustoType.LONG: r"[-+]?\d+",
    KustoType.REAL: r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?",
    KustoType.DECIMAL: r"[-+]?(?:\d+\.?\d*|\.\d+)",
}


def parse(context: Context, rows: Relation, node: syntax.Parse) -> Relation:
    """New columns, taken out of a text by a pattern of literals, columns and `*` (which skips).

    `kind=simple`: literals are plain, and where one column does not convert to its type all stay empty.
    `kind=relaxed`: only that column stays empty. `kind=regex`: literals are regular expressions, and a column takes as
    much as it can (flags: i, m, s, U). `parse-where` drops the rows that do not match.

    Example: `parse AdditionalFields with * '"PipeName":"' PipeName:string '"' *`.
    """
    hints = {hint.name: hint.value for hint in node.hints}
    kind = hints.get("kind", "simple").lower()
    if kind not in {"simple", "relaxed", "regex"}:
        raise Refusal("kql-argument-type", f"parse is of kind simple, relaxed or regex, not {kind}")
    rows = ready(context, rows, [node.expression])
    value = context.over(rows).lower(node.expression)
    if isinstance(value, Broken):
        empty = [Field(one.name.text, one.type, exp.Null(), broken=True) for one in _columns(node)]
        return _with(rows, empty)
    text = text_of(value)
    pattern, groups = _pattern(node, kind, hints.get("flags", ""))
    # The pieces are computed once, in a scope of their own: the test whether all convert reads them again.
    pieces = [
        Field(
            f"$part{at}", KustoType.STRING, RegexGroup(this=text.sql.copy(), expression=pattern, group=_number(group))
        )
        for at, group in enumerate(groups)
    ]
    matched = Field("$matched", KustoType.BOOL, MatchesRegex(this=text.sql.copy(), expression=pattern))
    kept = len(rows.hidden)
    rows = context.compiler.seal(replace(rows, hidden=(*rows.hidden, matched, *pieces)))
    found, parts = rows.hidden[kept], rows.hidden[kept + 1 :]
    values = [as_type(part.typed(), one.type) for one, part in zip(_columns(node), parts, strict=True)]
    complete: exp.Expr = found.sql.copy()
    if kind != "relaxed":
        needed = [
            exp.Not(this=exp.Is(this=exp.Paren(this=v.sql.copy()), expression=exp.Null()))
            for v in values
            if _can_fail(v)
        ]
        complete = reduce(lambda a, b: exp.And(this=a, expression=b), needed, complete)
    if node.filtering:
        rows = replace(rows, where=(complete,))
    else:
        values = [_unless(complete, one) for one in values]
    made = [field_of(one.name.text, v) for one, v in zip(_columns(node), values, strict=True)]
    return replace(_with(rows, made), hidden=rows.hidden[:kept])


def _can_fail(value: Typed) -> bool:
    return value.type is not KustoType.STRING


def _unless(complete: exp.Expr, value: Typed) -> Typed:
    """The value where the whole pattern fits, else nothing."""
    chosen = exp.Case(ifs=[exp.If(this=complete.copy(), true=value.sql)], default=null(value.type).sql)
    return Typed(chosen, value.type)


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


class _Column(syntax.ParseColumn):
    """A column of the pattern, its name known."""

    name: syntax.Name


def _columns(node: syntax.Parse) -> list[_Column]:
    return [one for one in node.pattern if isinstance(one, syntax.ParseColumn) and one.name is not None]  # type: ignore[misc]  # the name was just tested


def _pattern(node: syntax.Parse, kind: str, flags: str) -> tuple[exp.Expr, list[int]]:
    """The regular expression of a pattern, and the number of each column's group."""
    is_regex = kind == "regex"
    unknown = set(flags) - set("imsU")
    if unknown:
        raise Refusal("kql-argument-type", f"parse knows the flags i, m, s and U, not {''.join(sorted(unknown))}")
    written = ["^"] if not is_regex or isinstance(node.pattern[0], syntax.ParseColumn) else []
    groups: list[int] = []
    count = 0
    for at, one in enumerate(node.pattern):
        last = at == len(node.pattern) - 1
        if isinstance(one, syntax.Literal):
            literal = str(one.value)
            written.append(literal if is_regex else re.escape(literal))
            count += group_count(literal) if is_regex else 0
        elif one.name is None:
            written.append(".*" if last or is_regex else ".*?")
        else:
            count += 1
            groups.append(count)
            written.append(f"({_piece(one, kind, last=last)})")
    if isinstance(node.pattern[-1], syntax.ParseColumn):
        written.append("$")
    letters = "".join(sorted({*flags} if is_regex else {"s"}))
    pattern = checked_pattern("parse", (f"(?{letters})" if letters else "") + "".join(written))
    return exp.Literal.string(pattern), groups


def _piece(one: syntax.ParseColumn, kind: str, *, last: bool) -> str:
    if one.type in _NUMBER:
        return f"{_NUMBER[one.type]}|.*?" if kind == "relaxed" else _NUMBER[one.type]
    return ".*" if last or kind == "regex" else ".*?"


def _with(rows: Relation, made: list[Field]) -> Relation:
    """The rows with more columns, each in the place of one of its name where there is one."""
    fields = list(rows.fields)
    for one in made:
        at = next((at for at, other in enumerate(fields) if other.name == one.name), None)
        if at is None:
            fields.append(one)
        else:
            fields[at] = one
    return rows.with_fields(fields)


# --- key and value ---------------------------------------------------------------------------------------------------


def parse_kv(context: Context, rows: Relation, node: syntax.ParseKv) -> Relation:
    """New columns, taken out of a text of keys and values, by the keys' names.

    `with (pair_delimiter=" ", kv_delimiter="=", quote='"')`; the first value of a key counts.

    Example: `parse-kv Message as (user:string, port:int) with (pair_delimiter=" ", kv_delimiter="=")`.
    """
    rows = ready(context, rows, [node.expression])
    value = context.over(rows).lower(node.expression)
    options = _options(context, node)
    if "regex" in options:
        raise Refusal("kql-unsupported", "parse-kv with a regular expression is not supported")
    made: list[Field] = []
    for one in node.columns:
        if isinstance(value, Broken):
            made.append(Field(one.name.text, one.type, exp.Null(), broken=True))
            continue
        text = text_of(value)
        made.append(field_of(one.name.text, as_type(_value_of(text, one.name.text, options), one.type)))
    return _with(rows, made)


def _options(context: Context, node: syntax.ParseKv) -> dict[str, str]:
    options: dict[str, str] = {}
    for one in node.properties:
        if isinstance(one.expression, syntax.Pipeline):
            raise Refusal("kql-not-scalar", "a value is expected here, not a table", region=one.region)
        value = context.over(None).lower(one.expression)
        options[one.names[0].text] = str(value.value)
    return options


def _value_of(text: Typed, key: str, options: dict[str, str]) -> Typed:
    """The value of the key: quoted, or as far as the next pair."""
    pair, delimiter = re.escape(options.get("pair_delimiter", " ")), re.escape(options.get("kv_delimiter", "="))
    plain = rf"(?s)(?:^|{pair})\s*{re.escape(key)}\s*{delimiter}\s*"
    end = f"(?:{pair}|$)"
    quote = options.get("quote")
    if not quote:
        pattern = exp.Literal.string(f"{plain}(.*?){end}")
        return Typed(RegexGroup(this=text.sql, expression=pattern, group=_number(1)), KustoType.STRING)
    opening, closing = re.escape(quote[0]), re.escape(quote[-1])
    pattern = exp.Literal.string(f"{plain}(?:{opening}(.*?){closing}|(.*?){end})")
    groups = [RegexGroup(this=text.sql.copy(), expression=pattern.copy(), group=_number(at)) for at in (1, 2)]
    return Typed(exp.Concat(expressions=groups, safe=True), KustoType.STRING)
