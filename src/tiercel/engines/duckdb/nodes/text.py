"""DuckDB's SQL for the nodes on text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.engines.duckdb.nodes.call import call, text
from tiercel.plan.nodes import text as nodes

if TYPE_CHECKING:
    from sqlglot.generator import Generator

    from tiercel.engines.duckdb.nodes.call import Rendering

__all__ = ["RENDERED"]

_EDGE_BEFORE: Final = r"(^|[^\pL\pN])"
_EDGE_AFTER: Final = r"($|[^\pL\pN])"


def render_has_term(generator: Generator, node: nodes.HasTerm) -> str:
    """A substring test first, which is far cheaper than the regular expression and drops nearly every row."""
    haystack, needle = node.this, node.expression
    if isinstance(needle, exp.Literal):
        pattern: exp.Expr = text(_term_pattern(needle.name))
    else:
        first, last = (
            exp.func("substr", needle.copy(), exp.Literal.number(at), exp.Literal.number(1)) for at in (1, -1)
        )
        pattern = call(
            "concat",
            exp.case().when(call("regexp_matches", first, text(r"^[\pL\pN]")), text(_EDGE_BEFORE)).else_(text("")),
            call("regexp_escape", needle),
            exp.case().when(call("regexp_matches", last, text(r"^[\pL\pN]")), text(_EDGE_AFTER)).else_(text("")),
        )
    both = exp.And(this=call("contains", haystack, needle), expression=call("regexp_matches", haystack, pattern))
    return generator.sql(exp.Paren(this=both))


def _term_pattern(needle: str) -> str:
    """The regular expression of a constant needle."""
    before = _EDGE_BEFORE if needle[:1].isalnum() else ""
    after = _EDGE_AFTER if needle[-1:].isalnum() else ""
    return f"{before}{re.escape(needle)}{after}"


RENDERED: Final[dict[type, Rendering]] = {
    nodes.HasTerm: render_has_term,
}
