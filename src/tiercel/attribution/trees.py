"""Process trees around a process of a finding: its ancestors as far as anything tells, and what it started."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tiercel.attribution.rows import account_of, aware
from tiercel.findings import TreeProcess

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tiercel.attribution.questions import Asking

__all__ = ["SHARED", "Forest", "Node", "printed"]

SHARED: Final = frozenset({"services.exe", "svchost.exe", "wmiprvse.exe", "explorer.exe", "system", "lsass.exe"})
"""Servers that work for everybody: what else they started has nothing to do with the finding."""

_UPWARD: Final = 3
_DOWNWARD: Final = 3
"""So many rounds are asked up and down; a round upward tells parent and grandparent."""

_MOST: Final = 60
"""A tree shows at most so many processes."""

_ROOTS: Final = frozenset({"wininit.exe", "system", "smss.exe", "winlogon.exe"})
"""Where a tree of Windows begins: what started these says nothing."""


@dataclass(slots=True, eq=False)
class Node:
    """A process in the making: known by device, id and start. `start` is naive UTC, None where nothing tells it."""

    device_id: str
    pid: int
    name: str
    alive: datetime
    start: datetime | None = None
    command_line: str | None = None
    account: str | None = None
    source: str | None = None
    logon_id: int | None = None
    role: str = "descendant"
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    is_looked_up: bool = False

    @property
    def root(self) -> Node:
        """The oldest ancestor known."""
        node = self
        while node.parent is not None:
            node = node.parent
        return node


class Forest:
    """The trees of a whole hunt, grown a round at a time: one question for all of them."""

    def __init__(self, asking: Asking, first: datetime, last: datetime) -> None:
        self._asking = asking
        self._first, self._last = first, last

    def grow_upward(self, nodes: Sequence[Node]) -> None:
        """Find each node's own start and its ancestors."""
        growing = list(nodes)
        for _ in range(_UPWARD):
            growing = [node for node in growing if not node.is_looked_up]
            if not growing:
                return
            for node in growing:
                node.is_looked_up = True
            asked = [
                {
                    "Asked": number,
                    "DeviceId": node.device_id,
                    "ProcessId": node.pid,
                    "Name": node.name,
                    "Start": node.start,
                    "At": node.alive,
                }
                for number, node in enumerate(growing)
            ]
            answers = self._asking.ask("processes", asked, self._first, self._last)
            growing = [above for row in answers for above in _with_parents(growing[row["Asked"]], row)]

    def grow_downward(self, roots: Sequence[tuple[Node, datetime, datetime]]) -> None:
        """Find what each root started between two times, and what those started."""
        growing = list(roots)
        for _ in range(_DOWNWARD):
            if not growing:
                return
            asked = [
                {
                    "Asked": number,
                    "DeviceId": node.device_id,
                    "ProcessId": node.pid,
                    "Name": node.name,
                    "Start": node.start,
                    "At": node.start or since,
                    "Until": until,
                }
                for number, (node, since, until) in enumerate(growing)
            ]
            below = []
            for row in self._asking.ask("children", asked, self._first, self._last):
                parent, _, until = growing[row["Asked"]]
                if (child := _child(parent, row)) is not None:
                    below.append((child, row["Timestamp"], until))
            growing = below


def _with_parents(node: Node, row: Mapping[str, Any]) -> Iterable[Node]:
    """The node completed by its start event, its parent and grandparent made where they are told."""
    node.start = row["Timestamp"]
    node.name = row["FileName"] or node.name
    node.command_line = row["ProcessCommandLine"] or node.command_line
    node.account = account_of(row) or node.account
    node.source = row["RecordedIn"] or None
    node.logon_id = row["LogonId"]
    if node.parent is not None or row["ParentId"] is None or not row["ParentName"] or node.name.lower() in _ROOTS:
        return
    parent = Node(
        device_id=node.device_id,
        pid=row["ParentId"],
        name=row["ParentName"],
        alive=node.start,
        start=row["ParentStart"],
        command_line=row["ParentCommandLine"] or None,
        account=account_of(row, "Parent"),
        role="ancestor",
    )
    if _is_above(node, parent):
        return
    _tie(parent, node)
    yield parent
    if row["GrandparentId"] is not None and row["GrandparentName"]:
        above = Node(
            device_id=node.device_id,
            pid=row["GrandparentId"],
            name=row["GrandparentName"],
            alive=row["ParentStart"] or node.start,
            start=row["GrandparentStart"],
            role="ancestor",
        )
        if not _is_above(parent, above):
            _tie(above, parent)
            yield above


def _is_above(node: Node, parent: Node) -> bool:
    """Whether the parent is the node or below it: a tree is no ring, whatever the events claim."""
    return (parent.pid, parent.start) == (node.pid, node.start) or any(
        (each.pid, each.start) == (parent.pid, parent.start) and each.start is not None for each in _below(node)
    )


def _below(node: Node) -> Iterable[Node]:
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += each.children


def _is_under(node: Node, pid: int, start: datetime) -> bool:
    """Whether the node is that process, or one of its ancestors is."""
    above: Node | None = node
    while above is not None:
        if above.pid == pid and (above.start is None or abs(above.start - start) <= timedelta(seconds=2)):
            return True
        above = above.parent
    return False


def _tie(parent: Node, child: Node) -> None:
    child.parent = parent
    parent.children.append(child)


def _child(parent: Node, row: Mapping[str, Any]) -> Node | None:
    """The child that an answer tells of, None where it stands in the tree already."""
    start: datetime = row["Timestamp"]
    for each in parent.children:
        near = each.start is None or abs(each.start - start) <= timedelta(seconds=2)
        if each.pid == row["ChildId"] and near:
            each.source = each.source or row["RecordedIn"] or None
            return each if each.role != "ancestor" else None
    if row["ChildId"] is None or _is_under(parent, row["ChildId"], start):
        return None
    if sum(1 for _ in _below(parent.root)) >= _MOST:
        return None
    child = Node(
        device_id=parent.device_id,
        pid=row["ChildId"],
        name=row["FileName"],
        alive=start,
        start=start,
        command_line=row["ProcessCommandLine"] or None,
        account=account_of(row),
        source=row["RecordedIn"] or None,
        logon_id=row["LogonId"],
        is_looked_up=True,
    )
    _tie(parent, child)
    return child


def printed(root: Node) -> tuple[TreeProcess, ...]:
    """The tree as it is printed: each process before its children, those by time."""
    out: list[TreeProcess] = []
    waiting = [(0, root)]
    while waiting:
        depth, node = waiting.pop()
        out.append(
            TreeProcess(
                depth=depth,
                role=node.role,
                name=node.name or None,
                pid=node.pid,
                command_line=node.command_line,
                start=aware(node.start) if node.start else None,
                account=node.account,
                table="DeviceProcessEvents" if node.source else None,
                source=node.source,
            )
        )
        ordered = sorted(node.children, key=lambda each: (each.start or datetime.min, each.pid), reverse=True)  # noqa: DTZ901  the engine's times carry no zone
        waiting += [(depth + 1, each) for each in ordered]
    return tuple(out)
