"""Names that a query reads only to take their rows away."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tiercel.kql.syntax import Join, Let, Name, Node

if TYPE_CHECKING:
    from tiercel.kql.syntax import Query

__all__ = ["subtracted"]


def subtracted(query: Query) -> frozenset[str]:
    """The names that stand only on the right of anti joins, also by way of `let`."""
    lets = {statement.name.text: statement.value for statement in query.statements if isinstance(statement, Let)}
    kept, taken = set[str](), set[str]()
    waiting: list[tuple[Node, bool]] = [(each, False) for each in query.statements if not isinstance(each, Let)]
    while waiting:
        node, is_taken = waiting.pop()
        names = taken if is_taken else kept
        if isinstance(node, Name) and node.text not in names:
            names.add(node.text)
            waiting += [(lets[node.text], is_taken)] if node.text in lets else []
        takes = isinstance(node, Join) and "anti" in (node.kind or "")
        waiting += [
            (child, is_taken or (takes and field.name == "right"))
            for field in dataclasses.fields(node)
            for child in _nodes(getattr(node, field.name))
        ]
    return frozenset(taken - kept)


def _nodes(value: Any) -> list[Node]:
    """The nodes of a tree's field: itself, or those of a tuple."""
    if isinstance(value, tuple):
        return [node for each in value for node in _nodes(each)]
    return [value] if isinstance(value, Node) else []
