"""How DuckDB writes the plan's own nodes.

Holds one file a family, named as in `tiercel.plan.nodes`, each with its `RENDERED` table. Takes a generator and a node.
Gives SQL text; `RENDERED` here is all of them. May import tiercel.plan and sqlglot.

A rendering builds a tree with `call` (any DuckDB function by name) and sqlglot's own classes, and hands it to
`generator.sql`; nested nodes of ours are rendered by the same generator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.engines.duckdb.nodes import (
    aggregates,
    arithmetic,
    conversion,
    dynamic,
    guards,
    json,
    moments,
    routine,
    search,
    strings,
    text,
    time,
)

if TYPE_CHECKING:
    from tiercel.engines.duckdb.nodes.call import Rendering

__all__ = ["RENDERED"]

RENDERED: dict[type, Rendering] = {
    **aggregates.RENDERED,
    **arithmetic.RENDERED,
    **conversion.RENDERED,
    **dynamic.RENDERED,
    **guards.RENDERED,
    **json.RENDERED,
    **moments.RENDERED,
    **routine.RENDERED,
    **search.RENDERED,
    **strings.RENDERED,
    **text.RENDERED,
    **time.RENDERED,
}
