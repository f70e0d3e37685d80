"""Every node of a tree."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from tiercel.kql.syntax import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["walk"]


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, each before those below it, in the order of the text."""
    waiting: list[object] = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Node):
            yield item
            waiting.extend(getattr(item, field.name) for field in reversed(fields(item)))
        elif type(item) is tuple:
            waiting.extend(reversed(item))
