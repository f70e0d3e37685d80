"""The names that columns get when the author gives none, and names that must not occur twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.kql import syntax
from tiercel.plan.functions import FUNCTIONS
from tiercel.plan.functions.registry import Function

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["expression_name", "free_name", "references"]


def expression_name(node: syntax.Node) -> str:
    """The name of a column made by the expression, empty where it gets a counted one (`Column1`)."""
    match node:
        case syntax.Name():
            return node.text
        case syntax.Parenthesized():
            return expression_name(node.expression)
        case syntax.Member():
            return "_".join(part for part in (expression_name(node.base), node.name) if part)
        case syntax.Index():
            index = node.index
            if isinstance(index, syntax.Literal) and isinstance(index.value, str | int):
                return "_".join(part for part in (expression_name(node.base), str(index.value)) if part)
        case syntax.Call():
            if node.name in {"column_ifexists", "columnifexists"} and node.arguments:
                first = node.arguments[0]
                return str(first.value) if isinstance(first, syntax.Literal) else ""
            entry = FUNCTIONS.get(node.name)
            if isinstance(entry, Function):
                return entry.naming([expression_name(one) for one in node.arguments])
        case syntax.ToTyped():
            return expression_name(node.expression)
    return ""


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, or the name with the smallest number from 1 that makes it new.

    >>> free_name("SHA1", {"SHA1", "SHA12"})
    'SHA11'
    """
    if name not in taken:
        return name
    count = 1
    while f"{name}{count}" in taken:
        count += 1
    return f"{name}{count}"


def references(node: object) -> set[str]:
    """Every name written anywhere below the node: what it may read of the rows at hand."""
    found: set[str] = set()
    _collect(node, found)
    return found


def _collect(node: object, found: set[str]) -> None:
    if isinstance(node, syntax.Name):
        found.add(node.text)
    elif isinstance(node, syntax.Star):
        found.add("*")
    elif isinstance(node, syntax.Literal):
        return
    elif isinstance(node, syntax.Node):
        if isinstance(node, syntax.Call) and node.name in {"column_ifexists", "columnifexists", "pack_all"}:
            found.add("*")
        for name in _SLOTS[type(node)]:
            _collect(getattr(node, name), found)
    elif isinstance(node, tuple):
        for one in node:
            _collect(one, found)


class _Slots(dict[type, tuple[str, ...]]):
    """The fields of a node's class that can hold nodes, found once a class."""

    def __missing__(self, kind: type) -> tuple[str, ...]:
        names = tuple(name for name in kind.__dataclass_fields__ if "region" not in name)  # type: ignore[attr-defined]  # nodes are dataclasses
        self[kind] = names
        return names


_SLOTS = _Slots()
