"""A YAML document whose every value knows its place in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from tiercel.errors import Issue, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Block", "Entry", "YamlDocument", "read_yaml"]


@dataclass(frozen=True)
class Entry:
    """A value of the document: a text, a list or a mapping, as the YAML node that holds it."""

    node: yaml.Node

    @property
    def text(self) -> str | None:
        """The text of a scalar, as written; None for a list or mapping."""
        return self.node.value if isinstance(self.node, yaml.ScalarNode) else None

    @property
    def items(self) -> tuple[Entry, ...]:
        """The entries of a list; none for anything else."""
        return tuple(Entry(node) for node in self.node.value) if isinstance(self.node, yaml.SequenceNode) else ()

    @property
    def fields(self) -> dict[str, Entry]:
        """The entries of a mapping by name; none for anything else."""
        return {key.text: value for key, value in self.pairs() if key.text is not None}

    @property
    def is_list(self) -> bool:
        """Whether it is a list, also an empty one."""
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping, also an empty one."""
        return isinstance(self.node, yaml.MappingNode)

    def pairs(self) -> Iterator[tuple[Entry, Entry]]:
        """Keys and values of a mapping, in order."""
        if isinstance(self.node, yaml.MappingNode):
            for key, value in self.node.value:
                yield Entry(key), Entry(value)


@dataclass(frozen=True, slots=True)
class Block:
    """A text of several lines and where it stands: the file's line of its first, and how far the file indents it.

    `is_exact` says whether every place in the text is known in the file; else only where the text begins is.
    """

    text: str
    first_line: int
    indent: int
    is_exact: bool


@dataclass(frozen=True)
class YamlDocument:
    """The document. `lines` are the file's own, for showing places."""

    path: str
    lines: tuple[str, ...]
    root: Entry

    def place(self, entry: Entry | None) -> Span:
        """Where the entry stands: its first line. The document's first line for None."""
        if entry is None:
            return self._span(0, 0, 1)
        start, end = entry.node.start_mark, entry.node.end_mark
        return self._span(start.line, start.column, end.column - start.column if end.line == start.line else 0)

    def _span(self, line: int, column: int, length: int) -> Span:
        text = self.lines[line] if line < len(self.lines) else ""
        rest = len(text) - column
        return Span(self.path, line + 1, column + 1, max(1, min(length or rest, rest)), text)

    def block(self, entry: Entry) -> Block | None:
        """The text of a scalar with its place; None for a list or mapping.

        A literal block (`query: |`) keeps every place exact. Other styles of YAML fold lines: there only the line on
        which the text begins is known, unless it is one line.
        """
        node = entry.node
        if not isinstance(node, yaml.ScalarNode):
            return None
        line, column = node.start_mark.line, node.start_mark.column
        if node.style != "|":
            quoted = node.style in ("'", '"')
            written = self.lines[line][column + quoted :] if line < len(self.lines) else ""
            return Block(node.value, line + 1, column + quoted, written.startswith(node.value))
        indent = min(
            (len(text) - len(text.lstrip(" ")) for text in self.lines[line + 1 : node.end_mark.line] if text.strip()),
            default=0,
        )
        return Block(node.value, line + 2, indent, is_exact=True)

    def line(self, number: int) -> str:
        """The file's line of that number, counted from 1; nothing behind its end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


def read_yaml(text: str, path: str) -> YamlDocument | Issue:
    """The document, or why it cannot be read: it is no YAML, or no mapping."""
    lines = tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line, mark.column) if mark is not None else (0, 0)
        shown = lines[line] if line < len(lines) else ""
        return Issue("yaml-syntax", str(error.problem or "this is no YAML"), Span(path, line + 1, column + 1, 1, shown))
    except (yaml.YAMLError, RecursionError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error).partition("\n")[0]
        return Issue("yaml-syntax", f"this is no YAML: {reason}", Span(path, 1, 1, 1, lines[0]))
    if not isinstance(node, yaml.MappingNode):
        return Issue("yaml-syntax", "the document is no mapping of fields to values", Span(path, 1, 1, 1, lines[0]))
    return YamlDocument(path, lines, Entry(node))
