"""A tree as text, and the case files: KQL with what must come of it in comments.

A case file is KQL. `//= title` begins a case, `//> ` holds a line of the tree that must come of it, `//! ` an issue
(place, code, message, hint), `//? ` a warning. `python -m tests.kql.tree` writes what comes now into the files: read
the difference.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tiercel.kql import Parsed, Source, parse
from tiercel.kql.syntax import Node, Region

if TYPE_CHECKING:
    from tiercel.errors import Issue

CASES = Path(__file__).parent / "cases"
_WIDTH = 110
MARKS = ("//> ", "//! ", "//? ")


@dataclasses.dataclass(frozen=True)
class Case:
    """One case: its title, the KQL, and the lines that must come of it."""

    title: str
    text: str
    expected: tuple[str, ...]


def read_cases(path: Path) -> list[Case]:
    """The cases of a file, in order."""
    cases = []
    for part in re.split(r"(?m)^//= ", path.read_text(encoding="utf-8"))[1:]:
        title, _, body = part.partition("\n")
        lines = body.split("\n")
        expected = tuple(line for line in lines if line.startswith(MARKS))
        text = "\n".join(line for line in lines if not line.startswith(MARKS))
        cases.append(Case(title, text.strip("\n"), expected))
    return cases


def outcome(text: str) -> tuple[str, ...]:
    """What comes of a text, as a case file writes it."""
    parsed: Parsed = parse(Source(text))
    lines = [f"//! {described(issue)}" for issue in parsed.issues]
    lines += [f"//? {described(issue)}" for issue in parsed.warnings]
    if parsed.query is not None:
        for statement in parsed.query.statements:
            lines += [f"//> {line}" for line in dump(statement).split("\n")]
    return tuple(lines)


def described(issue: Issue) -> str:
    """Place, code, message, hint of an issue in one line."""
    span = issue.span
    assert span is not None
    hint = f" ({issue.hint})" if issue.hint else ""
    return f"{span.line}:{span.column}+{span.length} {issue.code}: {issue.message}{hint}"


def dump(value: object, indent: int = 0) -> str:
    """A node as text: its class, then its fields but those that hold their default, and no regions."""
    flat = _flat(value)
    if len(flat) + indent <= _WIDTH:
        return flat
    inner = " " * (indent + 2)
    if isinstance(value, tuple):
        return "[\n" + "".join(f"{inner}{dump(item, indent + 2)}\n" for item in value) + " " * indent + "]"
    if isinstance(value, Node):
        fields = "".join(f"{inner}{name}={dump(item, indent + 2)}\n" for name, item in _fields(value))
        return f"{type(value).__name__}(\n{fields}" + " " * indent + ")"
    return flat


def _flat(value: object) -> str:
    if isinstance(value, Node):
        return f"{type(value).__name__}({', '.join(f'{name}={_flat(item)}' for name, item in _fields(value))})"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_flat, value))}]"
    if hasattr(value, "value") and isinstance(value, str):
        return str(value)
    return repr(value)


def _fields(node: Node) -> list[tuple[str, object]]:
    fields = []
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Region) or (field.default is not dataclasses.MISSING and value == field.default):
            continue
        fields.append((field.name, value))
    return fields


def nodes(value: object) -> list[Node]:
    """The node and all below it."""
    found: list[Node] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Node):
            found.append(item)
            waiting.extend(getattr(item, field.name) for field in dataclasses.fields(item))
        elif isinstance(item, tuple) and not isinstance(item, Region):
            waiting.extend(item)
    return found


def rewrite() -> None:
    """Write what comes now into every case file."""
    for path in sorted(CASES.glob("*.kql")):
        parts = ["\n".join((f"//= {case.title}", case.text, *outcome(case.text), "")) for case in read_cases(path)]
        path.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
