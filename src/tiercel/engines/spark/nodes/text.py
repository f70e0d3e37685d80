"""Spark's SQL for the nodes on text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.engines.spark.nodes.call import quoted
from tiercel.engines.spark.nodes.json import kind
from tiercel.engines.spark.patterns import pattern_sql
from tiercel.plan.nodes import text as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.spark.nodes.call import Rendering

__all__ = ["RENDERED"]

# The letters and digits that `HasTerm` means, the same blocks as for DuckDB.
_LETTERS: Final = (
    r"0-9A-Za-z\x{aa}\x{b5}\x{ba}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{2c1}\x{370}-\x{1fff}\x{2c00}-\x{2dff}"
    r"\x{3005}-\x{3007}\x{3040}-\x{d7ff}\x{f900}-\x{fdff}\x{fe70}-\x{fefc}\x{ff10}-\x{ff19}\x{ff21}-\x{ff3a}"
    r"\x{ff41}-\x{ff5a}\x{ff66}-\x{ffdc}\x{10000}-\x{1efff}\x{20000}-\x{3ffff}"
)
_EDGE_BEFORE: Final = f"(?:^|[^{_LETTERS}])"
_EDGE_AFTER: Final = rf"(?:\z|[^{_LETTERS}])"
_TERM: Final = f"^[{_LETTERS}]"


def render_has_term(generator: Generator, node: nodes.HasTerm) -> str:
    """Both edges."""
    return _edged(generator.sql(node.this), *_needle(generator, node.expression), before=True, after=True)


def render_has_term_prefix(generator: Generator, node: nodes.HasTermPrefix) -> str:
    """The edge before."""
    return _edged(generator.sql(node.this), *_needle(generator, node.expression), before=True, after=False)


def render_has_term_suffix(generator: Generator, node: nodes.HasTermSuffix) -> str:
    """The edge after."""
    return _edged(generator.sql(node.this), *_needle(generator, node.expression), before=False, after=True)


def render_matches_regex(generator: Generator, node: nodes.MatchesRegex) -> str:
    """Spark matches by Java's expressions, into which the pattern is rewritten."""
    return f"({generator.sql(node.this)} RLIKE {pattern_sql(generator, node.expression)})"


def render_has_any_term(generator: Generator, node: nodes.HasAnyTerm) -> str:
    """The test of one element, over the list of all."""
    array = generator.sql(node.expression)
    texts = f"CASE WHEN {kind(array)} = '[' THEN FROM_JSON({array}, 'ARRAY<STRING>') END"
    needle = "LOWER(_n)" if node.args.get("folded") else "_n"
    test = _edged(generator.sql(node.this), needle, None, before=True, after=True)
    every = bool(node.args.get("every"))
    name = "FORALL" if every else "EXISTS"
    return f"COALESCE({name}({texts}, _n -> {test}), {'TRUE' if every else 'FALSE'})"


def render_has_one_of(generator: Generator, node: nodes.HasOneOf) -> str:
    """One regular expression of all needles."""
    needles: dict[tuple[str, str], list[str]] = {}
    for one in node.expressions:
        name = one.name
        before = _EDGE_BEFORE if name[:1].isalnum() else ""
        after = _EDGE_AFTER if name[-1:].isalnum() else ""
        needles.setdefault((before, after), []).append(_escaped(name))
    pattern = "|".join(f"{before}(?:{'|'.join(names)}){after}" for (before, after), names in needles.items())
    return f"({generator.sql(node.this)} RLIKE {quoted(pattern)})"


def _needle(generator: Generator, needle: exp.Expr) -> tuple[str, str | None]:
    """The needle's SQL, and its text where that is known."""
    return generator.sql(needle), needle.name if isinstance(needle, exp.Literal) else None


def _edged(haystack: str, needle: str, known: str | None, *, before: bool, after: bool) -> str:
    """A substring test first, which is far cheaper than the regular expression and drops nearly every row."""
    found = f"CONTAINS({haystack}, {needle})"
    if known is not None:
        left = _EDGE_BEFORE if before and known[:1].isalnum() else ""
        right = _EDGE_AFTER if after and known[-1:].isalnum() else ""
        if not left and not right:
            return found
        pattern = quoted(f"{left}{_escaped(known)}{right}")
    else:
        body = f"'\\\\Q', REPLACE({needle}, '\\\\E', '\\\\E\\\\\\\\E\\\\Q'), '\\\\E'"
        left = f"{_edge(f'LEFT({needle}, 1)', _EDGE_BEFORE)}, " if before else ""
        right = f", {_edge(f'RIGHT({needle}, 1)', _EDGE_AFTER)}" if after else ""
        pattern = f"CONCAT({left}{body}{right})"
    return f"({found} AND {haystack} RLIKE {pattern})"


def _escaped(needle: str) -> str:
    """The needle as Java reads it literally: every ASCII character but letters, digits and spaces is escaped."""
    return re.sub(r"([^\w\s]|_)", lambda found: f"\\{found[0]}" if found[0].isascii() else found[0], needle)


def _edge(character: str, pattern: str) -> str:
    """The pattern where the needle's first or last character is of a term, else nothing."""
    return f"CASE WHEN {character} RLIKE {quoted(_TERM)} THEN {quoted(pattern)} ELSE '' END"


RENDERED: Final[dict[type, Rendering]] = {
    nodes.HasAnyTerm: render_has_any_term,
    nodes.HasOneOf: render_has_one_of,
    nodes.HasTerm: render_has_term,
    nodes.HasTermPrefix: render_has_term_prefix,
    nodes.HasTermSuffix: render_has_term_suffix,
    nodes.MatchesRegex: render_matches_regex,
}
