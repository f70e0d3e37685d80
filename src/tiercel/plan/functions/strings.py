"""Functions on text: joining, cutting, searching, rewriting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.functions.forms import (
    as_type,
    constant_integer,
    constant_text,
    copied,
    dynamic_of,
    long_of,
    text_of,
)
from tiercel.plan.functions.patterns import checked_rewrite, constant_pattern, group_count
from tiercel.plan.functions.registry import Environment, Function, name_of_first, prefixed, unsupported
from tiercel.plan.functions.routine_calls import call_routine, routine_function
from tiercel.plan.literals import cast, constant, null
from tiercel.plan.nodes import guards, json, strings
from tiercel.plan.values import Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FUNCTIONS"]


def _string(sql: exp.Expr) -> Typed:
    return Typed(sql, KustoType.STRING)


def _literal(text: str) -> exp.Expr:
    return exp.Literal.string(text)


def _never_null(sql: exp.Expr) -> Typed:
    return _string(exp.Coalesce(this=sql, expressions=[_literal("")]))


# --- joining ---------------------------------------------------------------------------------------------------------


def _joined(pieces: Sequence[Typed]) -> Typed:
    """The texts one after the other; constants side by side are joined at once."""
    merged: list[Typed] = []
    for piece in map(text_of, pieces):
        if merged and isinstance(piece.value, str) and isinstance(merged[-1].value, str):
            merged[-1] = constant(merged[-1].value + piece.value, KustoType.STRING)
        elif piece.value != "":
            merged.append(piece)
    if not merged:
        return constant("", KustoType.STRING)
    if len(merged) == 1:
        return merged[0]
    joined = merged[0].sql
    for piece in merged[1:]:
        joined = exp.DPipe(this=joined, expression=piece.sql)
    return _string(exp.Paren(this=joined))


def lower_strcat(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The texts of all arguments, one after the other; other types as `tostring` prints them, a null as nothing.

    Example: `strcat("a", 1, true)` is `a1True`.
    """
    return _joined(arguments)


def lower_strcat_delim(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The texts of all arguments but the first, which stands between them.

    Example: `strcat_delim("-", 1, "2", "A", 1s)` is `1-2-A-00:00:01`.
    """
    delimiter = arguments[0]
    pieces = [arguments[1]]
    for piece in arguments[2:]:
        pieces += [copied(delimiter), piece]
    return _joined(pieces)


def lower_strcat_array(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The texts of an array's elements with a delimiter between them; `array_strcat` is the same.

    Example: `strcat_array(dynamic([1, 2, 3]), "->")` is `1->2->3`.
    """
    array, delimiter = dynamic_of(arguments[0]), text_of(arguments[1])
    if not delimiter.is_constant:
        return call_routine("strcat_array", [array, delimiter])
    return _string(json.JoinArray(this=array.sql, expression=delimiter.sql))


# --- measuring -------------------------------------------------------------------------------------------------------


def lower_strlen(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The number of characters (Unicode code points) of a text.

    Example: `strlen("hello")` is 5.
    """
    value = text_of(arguments[0])
    if isinstance(value.value, str):
        return constant(len(value.value), KustoType.LONG)
    return Typed(cast(exp.Length(this=value.sql), KustoType.LONG), KustoType.LONG)


def lower_string_size(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The number of bytes of a text in UTF-8.

    Example: `string_size("é")` is 2.
    """
    return Typed(strings.ByteCount(this=text_of(arguments[0]).sql), KustoType.LONG)


def lower_strcmp(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """-1, 0 or 1 as the first text comes before, is equal to or comes after the second, byte by byte.

    Example: `strcmp("abc", "ABC")` is 1.
    """
    first, second = (text_of(one).sql for one in arguments)
    below = exp.LT(this=exp.Paren(this=first), expression=exp.Paren(this=second))
    above = exp.GT(this=exp.Paren(this=first.copy()), expression=exp.Paren(this=second.copy()))
    number = [constant(one, KustoType.LONG).sql for one in (-1, 1, 0)]
    branches = [exp.If(this=below, true=number[0]), exp.If(this=above, true=number[1])]
    return Typed(exp.Case(ifs=branches, default=number[2]), KustoType.LONG)


# --- cutting ---------------------------------------------------------------------------------------------------------


def lower_substring(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The part of a text from an index on, from 0, below zero from the end; a length may be given.

    Beyond the end, or further back than the text is long, it is empty.

    Example: `substring("ABCD", 1, 2)` is `BC`, `substring("123456", -2, 2)` is `56`.
    """
    text, start = text_of(arguments[0]), long_of(arguments[1])
    length = long_of(arguments[2]) if len(arguments) > 2 else None
    if (
        isinstance(text.value, str)
        and isinstance(start.value, int)
        and (length is None or isinstance(length.value, int))
    ):
        size = None if length is None else int(str(length.value))
        return constant(_cut(text.value, start.value, size), KustoType.STRING)
    size_sql = None if length is None else _not_negative(length)
    if isinstance(start.value, int) and start.value >= 0:
        return _never_null(strings.Part(this=text.sql, start=start.sql, length=size_sql))
    whole = exp.Length(this=text.sql.copy())
    begin: exp.Expr = exp.Add(this=whole, expression=exp.Paren(this=start.sql))
    if not isinstance(start.value, int):
        is_back = exp.LT(this=exp.Paren(this=start.sql.copy()), expression=exp.Literal.number(0))
        begin = exp.Case(ifs=[exp.If(this=is_back, true=begin)], default=start.sql.copy())
    part = strings.Part(this=text.sql, start=begin, length=size_sql)
    inside = exp.GTE(this=exp.Paren(this=begin.copy()), expression=exp.Literal.number(0))
    cut: exp.Expr = exp.Case(ifs=[exp.If(this=inside, true=part)], default=_literal(""))
    return _string(cut) if isinstance(start.value, int) else _never_null(guards.Attempt(this=cut))


def _cut(text: str, start: int, length: int | None) -> str:
    begin = start + len(text) if start < 0 else start
    if begin < 0:
        return ""
    return text[begin:] if length is None else text[begin : begin + max(0, length)]


def _not_negative(length: Typed) -> exp.Expr:
    if isinstance(length.value, int):
        return constant(max(0, length.value), KustoType.LONG).sql
    return exp.Greatest(this=length.sql, expressions=[constant(0, KustoType.LONG).sql], ignore_nulls=True)


def lower_split(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The array of a text's pieces between occurrences of a delimiter; with an index, of that piece alone.

    Example: `split("a,b,,c", ",")` is ["a", "b", "", "c"], `split("a_b_c", "_", 1)` is ["b"].
    """
    text, delimiter = text_of(arguments[0]), text_of(arguments[1])
    if len(arguments) > 2:
        return call_routine("split_at", [text, delimiter, arguments[2]])
    if delimiter.value == "":
        return Typed(json.JsonArray(expressions=[dynamic_of(text).sql]), KustoType.DYNAMIC)
    return Typed(json.SplitText(this=text.sql, expression=delimiter.sql), KustoType.DYNAMIC)


# --- cases and order -------------------------------------------------------------------------------------------------


def lower_tolower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The text in lower case.

    Example: `tolower("Hello")` is `hello`.
    """
    value = text_of(arguments[0])
    if isinstance(value.value, str) and value.value.isascii():
        return constant(value.value.lower(), KustoType.STRING)
    return _string(exp.Lower(this=value.sql))


def lower_toupper(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The text in upper case.

    Example: `toupper("Hello")` is `HELLO`.
    """
    value = text_of(arguments[0])
    if isinstance(value.value, str) and value.value.isascii():
        return constant(value.value.upper(), KustoType.STRING)
    return _string(exp.Upper(this=value.sql))


def lower_reverse(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The text from its end to its beginning; other types as `tostring` prints them.

    Example: `reverse(12345)` is `54321`.
    """
    value = text_of(arguments[0])
    if isinstance(value.value, str):
        return constant(value.value[::-1], KustoType.STRING)
    return _string(exp.Reverse(this=value.sql))


# --- searching -------------------------------------------------------------------------------------------------------


def lower_indexof(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Where a text first holds another, from 0; -1 where it does not.

    A start (below zero: from the end), a length (-1: to the end) and which occurrence may be given.

    Example: `indexof("abcdefg", "cde")` is 2.
    """
    if len(arguments) > 2:
        return call_routine("indexof", arguments)
    text, lookup = (text_of(one) for one in arguments)
    if isinstance(text.value, str) and isinstance(lookup.value, str):
        return constant(text.value.find(lookup.value), KustoType.LONG)
    found = exp.Sub(this=exp.StrPosition(this=text.sql, substr=lookup.sql), expression=exp.Literal.number(1))
    return Typed(cast(found, KustoType.LONG), KustoType.LONG)


def lower_indexof_regex(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """Where a text matches a constant pattern, from 0; -1 where it does not; start, length and occurrence may be given.

    Example: `indexof_regex("abcabc", @"a.c", 1)` is 3. A start below 0, a length below -1 and an occurrence below 1
    give null.
    """
    text, pattern = text_of(arguments[0]), constant_pattern("indexof_regex", 1, arguments)
    numbers = [constant_integer("indexof_regex", position, arguments) for position in range(2, len(arguments))]
    start, length, occurrence = (*numbers, *(0, -1, 1)[len(numbers) :])
    if start < 0 or length < -1 or occurrence < 1:
        return null(KustoType.LONG)
    rest = text.sql
    if start or length >= 0:
        rest = strings.Part(this=rest, start=exp.Literal.number(start))
        if length >= 0:
            rest.set("length", exp.Literal.number(length))
    earlier = f"(?:.*?(?:{pattern})){{{occurrence - 1}}}" if occurrence > 1 else ""
    before = strings.MatchGroup(
        this=rest.copy(), expression=_literal(f"(?s)^({earlier}.*?)(?:{pattern})"), group=exp.Literal.number(1)
    )
    if occurrence == 1:
        found: exp.Expr = exp.RegexpLike(this=rest, expression=_literal(pattern))
    else:
        count = strings.MatchCount(this=rest, expression=_literal(pattern))
        found = exp.GTE(this=count, expression=exp.Literal.number(occurrence))
    place = exp.Add(this=exp.Length(this=before), expression=exp.Literal.number(start))
    branches = [exp.If(this=found, true=cast(place, KustoType.LONG))]
    return Typed(exp.Case(ifs=branches, default=constant(-1, KustoType.LONG).sql), KustoType.LONG)


def lower_countof(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """How often a text holds another, overlapping ones counted; with "regex" how many matches follow one another.

    Example: `countof("aaaa", "aa")` is 3, `countof("aaaa", "aa", "regex")` is 2.
    """
    kind = constant_text("countof", 2, arguments).lower() if len(arguments) > 2 else "normal"
    if kind == "regex":
        pattern = constant_pattern("countof", 1, arguments)
        count = strings.MatchCount(this=text_of(arguments[0]).sql, expression=_literal(pattern))
        return Typed(count, KustoType.LONG)
    if kind != "normal":
        raise Refusal("kql-argument-value", f"`countof` knows no kind `{kind}`", 'it is "normal" or "regex"')
    text, lookup = text_of(arguments[0]), text_of(arguments[1])
    if isinstance(lookup.value, str) and lookup.value and not text.is_constant and not _overlaps(lookup.value):
        without = exp.Replace(this=text.sql.copy(), expression=lookup.sql, replacement=_literal(""))
        gone = exp.Sub(this=exp.Length(this=text.sql), expression=exp.Length(this=without))
        times = exp.IntDiv(this=exp.Paren(this=gone), expression=exp.Literal.number(len(lookup.value)))
        return Typed(cast(times, KustoType.LONG), KustoType.LONG)
    return call_routine("countof", [text, lookup])


def _overlaps(lookup: str) -> bool:
    """Whether two occurrences of the text can overlap: it begins with what it ends with."""
    return any(lookup.startswith(lookup[at:]) for at in range(1, len(lookup)))


# --- rewriting -------------------------------------------------------------------------------------------------------


def lower_replace_string(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """A text with every occurrence of another replaced by a third.

    Example: `replace_string("a cat", "cat", "dog")` is `a dog`.
    """
    text, lookup, replacement = (text_of(one).sql for one in arguments)
    return _string(exp.Replace(this=text, expression=lookup, replacement=replacement))


def _replaced(name: str, text: Typed, pattern: str, rewrite: str) -> Typed:
    checked = checked_rewrite(name, rewrite, group_count(pattern))
    parts = {"this": text_of(text).sql, "expression": _literal(pattern), "replacement": _literal(checked)}
    return _string(strings.SubstitutePattern(**parts))


def lower_replace_regex(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    r"""A text with every match of a constant pattern replaced; \0 to \9 there are the match and its groups.

    Example: `replace_regex("Number is 1", @"is (\d+)", @"was: \1")` is `Number was: 1`.
    """
    pattern = constant_pattern("replace_regex", 1, arguments)
    return _replaced("replace_regex", arguments[0], pattern, constant_text("replace_regex", 2, arguments))


def lower_replace(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    r"""As `replace_regex`, with its arguments in another order: pattern, replacement, text. It is the old form.

    Example: `replace(@"is (\d+)", @"was: \1", "Number is 1")` is `Number was: 1`.
    """
    pattern = constant_pattern("replace", 0, arguments)
    return _replaced("replace", arguments[2], pattern, constant_text("replace", 1, arguments))


_TRIMS: Final = {"trim": "^({0})|({0})$", "trim_start": "^({0})", "trim_end": "({0})$"}


def _trim_function(name: str, where: str, example: str) -> Function:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        pattern = constant_pattern(name, 0, arguments)
        if not pattern:
            raise Refusal("kql-argument-value", f"the pattern of `{name}` is empty")
        text = text_of(arguments[1])
        if isinstance(text.value, str) and re.escape(pattern) == pattern:
            return constant(_trimmed(name, text.value, pattern), KustoType.STRING)
        anchored = _literal(_TRIMS[name].replace("{0}", pattern))
        return _string(strings.SubstitutePattern(this=text.sql, expression=anchored, replacement=_literal("")))

    lower.__doc__ = f"""A text without the match of a constant pattern at its {where}, once.

    Example: {example}.
    """
    return Function(name, lower, 2, 2)


def _trimmed(name: str, text: str, plain: str) -> str:
    if name != "trim_end":
        text = text.removeprefix(plain)
    return text if name == "trim_start" else text.removesuffix(plain)


# --- extracting ------------------------------------------------------------------------------------------------------


def lower_extract(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    r"""The text of a group (0: all of it) of the first match of a constant pattern; empty where there is none.

    A type may be given, `typeof(long)`; what cannot be converted is then null.

    Example: `extract(@"x=([0-9.]+)", 1, "x=45.6|", typeof(real))` is 45.6.
    """
    pattern = constant_pattern("extract", 0, arguments)
    group = constant_integer("extract", 1, arguments)
    if not 0 <= group <= group_count(pattern):
        raise Refusal("kql-regex", f"the pattern of `extract` has no group {group}")
    text = text_of(arguments[2]).sql
    found = _never_null(strings.MatchGroup(this=text, expression=_literal(pattern), group=exp.Literal.number(group)))
    if len(arguments) < 4:
        return found
    kind = constant_text("extract", 3, arguments)
    return as_type(found, KustoType(kind)) if KustoType(kind) is not KustoType.DYNAMIC else dynamic_of(found)


def lower_extract_all(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    r"""The array of all matches of a constant pattern, each the text of its group, or an array of its groups' texts.

    Which groups, counted from 1, an array may tell. Null where there is no match.

    Example: `extract_all(@"(\w)(\d)", "a1b2")` is [["a", "1"], ["b", "2"]].
    """
    pattern = constant_pattern("extract_all", 0, arguments)
    count = group_count(pattern)
    if not 1 <= count <= 16:
        raise Refusal("kql-regex", f"the pattern of `extract_all` has {count} groups, it must have 1 to 16")
    groups = list(range(1, count + 1))
    if len(arguments) > 2:
        wanted = arguments[1].value
        if not isinstance(wanted, list) or not all(type(one) is int for one in wanted):
            raise Refusal("kql-not-constant", "argument 2 of `extract_all` must be a constant array of group numbers")
        groups = [one for one in wanted if 1 <= one <= count] or groups
    numbers = [exp.Literal.number(group) for group in groups]
    text = text_of(arguments[-1]).sql
    found = strings.MatchGroups(this=text, expression=_literal(pattern), groups=numbers)
    return Typed(found, KustoType.DYNAMIC)


FUNCTIONS: Final = (
    Function("strcat", lower_strcat, 1, 64),
    Function("strcat_delim", lower_strcat_delim, 2, 64),
    Function("strcat_array", lower_strcat_array, 2, 2),
    Function("array_strcat", lower_strcat_array, 2, 2),
    Function("strlen", lower_strlen, 1, 1, naming=prefixed("strlen")),
    Function("string_size", lower_string_size, 1, 1, naming=prefixed("string_size")),
    Function("strcmp", lower_strcmp, 2, 2),
    routine_function("strrep", 2, 3),
    Function("substring", lower_substring, 2, 3),
    Function("split", lower_split, 2, 3, naming=name_of_first),
    Function("tolower", lower_tolower, 1, 1),
    Function("toupper", lower_toupper, 1, 1),
    Function("reverse", lower_reverse, 1, 1),
    Function("indexof", lower_indexof, 2, 5),
    Function("indexof_regex", lower_indexof_regex, 2, 5),
    Function("countof", lower_countof, 2, 3),
    routine_function("has_any_index", 2, 2),
    Function("replace_string", lower_replace_string, 3, 3),
    routine_function("replace_strings", 3, 3),
    Function("replace_regex", lower_replace_regex, 3, 3),
    Function("replace", lower_replace, 3, 3),
    _trim_function("trim", "beginning and end", r'`trim("--", "--https://bing.com--")` is `https://bing.com`'),
    _trim_function("trim_start", "beginning", r'`trim_start("www.", "www.bing.com")` is `bing.com`'),
    _trim_function("trim_end", "end", r'`trim_end(".com", "bing.com")` is `bing`'),
    routine_function("translate", 3, 3),
    routine_function("regex_quote", 1, 1),
    Function("extract", lower_extract, 3, 4),
    Function("extract_all", lower_extract_all, 2, 3),
    Function("extractall", lower_extract_all, 2, 3),
    routine_function("unicode_codepoints_from_string", 1, 1),
    routine_function("to_utf8", 1, 1, routine="unicode_codepoints_from_string"),
    routine_function("unicode_codepoints_to_string", 1, None),
    routine_function("make_string", 1, None, routine="unicode_codepoints_to_string"),
    routine_function("punycode_from_string", 1, 1),
    routine_function("punycode_to_string", 1, 1),
    routine_function("punycode_domain_from_string", 1, 1),
    routine_function("punycode_domain_to_string", 1, 1),
    unsupported(
        "datetime_to_locale_string", "it prints by the cultures of .NET, which are not at hand: use format_datetime()"
    ),
)
