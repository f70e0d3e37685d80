"""Every node of the plan's own has a rendering in every engine's dialect."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import tiercel.engines.duckdb.nodes as rendering
import tiercel.plan.nodes as families
from tiercel.plan.nodes.node import AggregateNode, Node

MODULES = [importlib.import_module(f"{families.__name__}.{m.name}") for m in pkgutil.iter_modules(families.__path__)]
NODES = [
    value
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Node | AggregateNode) and value not in (Node, AggregateNode)
]


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.__name__)
def test_duckdb_renders(node: type) -> None:
    assert node in rendering.RENDERED, f"{node.__name__} needs a line in tiercel.engines.duckdb.nodes"
    assert node.__doc__, "a node's docstring states its meaning"
