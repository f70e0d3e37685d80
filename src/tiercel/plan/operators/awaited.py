"""The columns that a plugin would have learned from the rows, where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.errors import Severity
from tiercel.kql import parse, syntax
from tiercel.kql.walk import walk
from tiercel.plan.naming import references
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiercel.plan.context import Context
    from tiercel.plan.relation import Field

__all__ = ["awaited"]


def awaited(context: Context, known: Sequence[Field], call: syntax.Call) -> list[tuple[str, KustoType]]:
    """The names after `call` that nothing else explains: a rule must run on a day without a row to learn them from.

    Kusto refuses them then ("Failed to resolve scalar expression"). They stand for no value, and a warning names them.
    """
    compiler = context.compiler
    query = parse(compiler.source).query
    if query is None:
        return []
    taken = {one.name for one in known} | _defined(query)
    names: dict[str, None] = {}
    for name in _after(context, query, call):
        if name not in taken and context.scope.find(name) is None and compiler.table(name) is None:
            names[name] = None
    if names:
        listed = ", ".join(f"`{name}`" for name in names)
        message = f"`{call.name}` learns its columns from the rows, and there are none here: {listed} hold nothing"
        compiler.report("kql-no-rows", message, call.name_region, "", Severity.WARNING)
    return [(name, KustoType.DYNAMIC) for name in names]


def _after(context: Context, query: syntax.Query, call: syntax.Call) -> Iterator[str]:
    """The names after the call: all in its own pipeline, of those beyond what is no column of the query's tables."""
    around = [one for one in walk(query) if isinstance(one, syntax.Pipeline) and _holds(one.region, call.region)]
    end = min((one.region.end for one in around), default=call.region.end)
    written = [one for one in walk(query) if isinstance(one, syntax.Name)]
    columns: set[str] = set()
    for one in written:
        table = context.compiler.table(one.text)
        columns |= set(table.by_name) if table is not None else set()
    for one in written:
        if one.region.start >= call.region.end and (one.region.end <= end or one.text not in columns):
            yield one.text


def _holds(outer: syntax.Region, inner: syntax.Region) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _defined(query: syntax.Query) -> set[str]:
    """The names that the query itself gives to something, not counting those made of what they name."""
    found: set[str] = set()
    for node in walk(query):
        if isinstance(node, syntax.Named):
            found |= {one.text for one in node.names} - references(node.expression)
        elif isinstance(node, syntax.Let):
            found.add(node.name.text)
    return found
