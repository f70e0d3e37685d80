"""String operators: `=~`, has, contains, startswith, endswith, matches regex, and their kin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.expressions.operands import bare
from tiercel.plan.functions.forms import text_of
from tiercel.plan.functions.patterns import checked_pattern
from tiercel.plan.literals import constant
from tiercel.plan.nodes.text import HasTerm, HasTermPrefix, HasTermSuffix, MatchesRegex
from tiercel.plan.values import Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["STRING_OPERATORS", "folded", "matches"]

_TEXTUAL: Final = frozenset({KustoType.STRING, KustoType.DYNAMIC, KustoType.GUID})


def _equal(text: exp.Expr, needle: exp.Expr) -> exp.Expr:
    return exp.EQ(this=text, expression=needle)


def _contains(text: exp.Expr, needle: exp.Expr) -> exp.Expr:
    return exp.Contains(this=text, expression=needle)


def _starts(text: exp.Expr, needle: exp.Expr) -> exp.Expr:
    return exp.StartsWith(this=text, expression=needle)


def _ends(text: exp.Expr, needle: exp.Expr) -> exp.Expr:
    return exp.EndsWith(this=text, expression=needle)


def _has(text: exp.Expr, needle: exp.Expr) -> exp.Expr:
    return HasTerm(this=text, expression=needle)


def _has_prefix(text: exp.Expr, needle: exp.Expr) -> exp.Expr:
    return HasTermPrefix(this=text, expression=needle)


def _has_suffix(text: exp.Expr, needle: exp.Expr) -> exp.Expr:
    return HasTermSuffix(this=text, expression=needle)


def _regex(text: exp.Expr, needle: exp.Expr) -> exp.Expr:
    return MatchesRegex(this=text, expression=needle)


_TESTS: Final[dict[str, tuple[Callable[[exp.Expr, exp.Expr], exp.Expr], bool]]] = {
    "=~": (_equal, False),
    "has": (_has, False),
    "has_cs": (_has, True),
    ":": (_has, False),
    "contains": (_contains, False),
    "contains_cs": (_contains, True),
    "startswith": (_starts, False),
    "startswith_cs": (_starts, True),
    "endswith": (_ends, False),
    "endswith_cs": (_ends, True),
    "hasprefix": (_has_prefix, False),
    "hasprefix_cs": (_has_prefix, True),
    "hassuffix": (_has_suffix, False),
    "hassuffix_cs": (_has_suffix, True),
    "matches regex": (_regex, True),
    "like": (_contains, False),
}
"""What each operator tests, and whether it tells cases apart."""

_NEGATED: Final = {"!~": "=~", "notcontains": "contains", "notcontains_cs": "contains_cs"}

STRING_OPERATORS: Final = frozenset({*_TESTS, *(f"!{name}" for name in _TESTS), *_NEGATED}) - {":", "!:"}
"""Every string operator, as `syntax.Binary.operator` spells it."""


def folded(value: Typed) -> exp.Expr:
    """The text in lower case, for a comparison that does not tell cases apart; constants are lowered here."""
    if isinstance(value.value, str) and value.value.isascii():
        return exp.Literal.string(value.value.lower())
    return exp.Lower(this=value.sql)


def matches(operator: str, text: Typed, needle: Typed) -> Typed:
    """The string operator on two values. A dynamic or guid stands for its text."""
    negated = operator in _NEGATED or operator.startswith("!")
    name = _NEGATED.get(operator) or operator.removeprefix("!")
    test, case_sensitive = _TESTS[name]
    for one in (text, needle):
        if one.type not in _TEXTUAL:
            raise Refusal(
                "kql-type", f"`{operator}` takes strings, found a {one.type}", "convert it first: `tostring(...)`"
            )
    text, needle = text_of(text), text_of(needle)
    if name == "matches regex" and isinstance(needle.value, str):
        needle = constant(checked_pattern(operator, needle.value), KustoType.STRING)
    if name == "like" and isinstance(needle.value, str) and set(needle.value) & set("%*"):
        plain = needle.value.strip("%*")
        hint = f'write `contains "{plain}"`' if plain.isprintable() and not set(plain) & set('%*"\\') else ""
        message = "what a `%` or `*` means to `like` is not documented"
        raise Refusal("kql-unsupported", message, hint or "write `contains` or `matches regex`")
    sql = test(bare(text), bare(needle)) if case_sensitive else test(folded(text), folded(needle))
    return Typed(exp.Not(this=exp.Paren(this=sql)) if negated else sql, KustoType.BOOL)
