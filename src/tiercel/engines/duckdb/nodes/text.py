"""DuckDB's SQL for the nodes on text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.engines.duckdb.nodes.call import call, lambda_, text
from tiercel.plan.nodes import text as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering

__all__ = ["RENDERED"]

# RE2 takes 15 ms to compile the classes of all letters and digits, once a needle; blocks of letters take a fifteenth.
_LETTERS: Final = (
    r"0-9A-Za-z\x{aa}\x{b5}\x{ba}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{2c1}\x{370}-\x{1fff}\x{2c00}-\x{2dff}"
    r"\x{3005}-\x{3007}\x{3040}-\x{d7ff}\x{f900}-\x{fdff}\x{fe70}-\x{fefc}\x{ff10}-\x{ff19}\x{ff21}-\x{ff3a}"
    r"\x{ff41}-\x{ff5a}\x{ff66}-\x{ffdc}\x{10000}-\x{1efff}\x{20000}-\x{3ffff}"
)
_EDGE_BEFORE: Final = f"(^|[^{_LETTERS}])"
_EDGE_AFTER: Final = f"($|[^{_LETTERS}])"
_TERM: Final = f"^[{_LETTERS}]"


def render_has_term(generator: Generator, node: nodes.HasTerm) -> str:
    """Both edges."""
    return _edged(generator, node.this, node.expression, before=True, after=True)


def render_has_term_prefix(generator: Generator, node: nodes.HasTermPrefix) -> str:
    """The edge before."""
    return _edged(generator, node.this, node.expression, before=True, after=False)


def render_has_term_suffix(generator: Generator, node: nodes.HasTermSuffix) -> str:
    """The edge after."""
    return _edged(generator, node.this, node.expression, before=False, after=True)


def render_matches_regex(generator: Generator, node: nodes.MatchesRegex) -> str:
    """DuckDB matches by RE2, as Kusto does."""
    return generator.sql(call("regexp_matches", node.this, node.expression))


def render_has_any_term(generator: Generator, node: nodes.HasAnyTerm) -> str:
    """The test of one element, over the list of all."""
    element: exp.Expr = exp.to_identifier("needle")
    if node.args.get("folded"):
        element = call("lower", element)
    tests = call(
        "list_transform",
        call("json_extract_string", node.expression, text("$[*]")),
        lambda_("needle", nodes.HasTerm(this=node.this.copy(), expression=element)),
    )
    found = call("list_bool_and" if node.args.get("every") else "list_bool_or", tests)
    return generator.sql(call("coalesce", found, exp.Boolean(this=bool(node.args.get("every")))))


def render_has_one_of(generator: Generator, node: nodes.HasOneOf) -> str:
    """One regular expression of all needles: RE2 looks for them in one go."""
    needles: dict[tuple[str, str], list[str]] = {}
    for one in node.expressions:
        name = one.name
        before = _EDGE_BEFORE if name[:1].isalnum() else ""
        after = _EDGE_AFTER if name[-1:].isalnum() else ""
        needles.setdefault((before, after), []).append(_escaped(name))
    pattern = "|".join(f"{before}(?:{'|'.join(names)}){after}" for (before, after), names in needles.items())
    return generator.sql(call("regexp_matches", node.this, text(pattern)))


def _edged(generator: Generator, haystack: exp.Expr, needle: exp.Expr, *, before: bool, after: bool) -> str:
    """A substring test first, which is far cheaper than the regular expression and drops nearly every row."""
    found = call("contains", haystack, needle)
    if isinstance(needle, exp.Literal):
        left = _EDGE_BEFORE if before and needle.name[:1].isalnum() else ""
        right = _EDGE_AFTER if after and needle.name[-1:].isalnum() else ""
        if not left and not right:
            return generator.sql(found)
        pattern: exp.Expr = text(f"{left}{_escaped(needle.name)}{right}")
    else:
        parts = [call("regexp_escape", needle)]
        if before:
            parts.insert(0, _edge(needle, 1, _EDGE_BEFORE))
        if after:
            parts.append(_edge(needle, -1, _EDGE_AFTER))
        pattern = call("concat", *parts)
    return generator.sql(exp.Paren(this=exp.And(this=found, expression=call("regexp_matches", haystack, pattern))))


def _escaped(needle: str) -> str:
    """The needle as RE2 reads it literally: every ASCII character but letters and digits is escaped."""
    return re.sub(r"([^\w\s]|_)", lambda found: f"\\{found[0]}" if found[0].isascii() else found[0], needle)


def _edge(needle: exp.Expr, position: int, pattern: str) -> exp.Expr:
    """The pattern where the needle's first (1) or last (-1) character is of a term, else nothing."""
    character = call("substr", needle, exp.convert(position), exp.convert(1))
    return exp.case().when(call("regexp_matches", character, text(_TERM)), text(pattern)).else_(text(""))


RENDERED: Final[dict[type, Rendering]] = {
    nodes.HasAnyTerm: render_has_any_term,
    nodes.HasOneOf: render_has_one_of,
    nodes.HasTerm: render_has_term,
    nodes.HasTermPrefix: render_has_term_prefix,
    nodes.HasTermSuffix: render_has_term_suffix,
    nodes.MatchesRegex: render_matches_regex,
}
