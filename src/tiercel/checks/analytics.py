"""A Sentinel analytics rule or hunting query as YAML: its fields, each with its place in the file.

The fields are those that Microsoft's repository of rules checks (Azure/Azure-Sentinel,
detectionTemplateSchemaValidation) and that exports of deployed rules hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import yaml

from tiercel.errors import Issue, Span
from tiercel.kql import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Analytics", "Entry", "read_analytics"]


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

    def pairs(self) -> Iterator[tuple[Entry, Entry]]:
        """Keys and values of a mapping, in order."""
        if isinstance(self.node, yaml.MappingNode):
            for key, value in self.node.value:
                yield Entry(key), Entry(value)


@dataclass(frozen=True)
class Analytics:
    """The document. `lines` are the file's own, for showing places."""

    path: str
    lines: tuple[str, ...]
    root: Entry

    @cached_property
    def fields(self) -> dict[str, Entry]:
        """The document's fields by name. Exports of deployed rules hold them under `properties`."""
        fields = self.root.fields
        inner = fields.get("properties")
        return {**fields, **inner.fields} if inner is not None else fields

    def text(self, name: str) -> str | None:
        """The text of a field, None where there is none."""
        entry = self.fields.get(name)
        return entry.text if entry is not None else None

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

    @cached_property
    def query(self) -> Source | None:
        """The query with its place in the file; None where the document has none.

        A literal block (`query: |`) keeps every place exact. Other styles of YAML fold lines: there only the line on
        which the query begins is known.
        """
        entry = self.fields.get("query")
        if entry is None or not isinstance(entry.node, yaml.ScalarNode):
            return None
        node = entry.node
        line, column = node.start_mark.line, node.start_mark.column
        if node.style != "|":
            return Source(node.value, self.path, line + 1, column + (1 if node.style in ("'", '"') else 0))
        indent = min(
            (len(text) - len(text.lstrip(" ")) for text in self.lines[line + 1 : node.end_mark.line] if text.strip()),
            default=0,
        )
        return Source(node.value, self.path, line + 2, indent)

    def exact(self, span: Span) -> Span:
        """A place in the query as a place in the file, with the file's own line."""
        entry = self.fields["query"]
        node = entry.node
        if isinstance(node, yaml.ScalarNode) and (node.style == "|" or node.start_mark.line == node.end_mark.line):
            text = self.lines[span.line - 1] if span.line <= len(self.lines) else ""
            return Span(span.path, span.line, span.column, span.length, text)
        return self.place(entry)


def read_analytics(text: str, path: str) -> Analytics | Issue:
    """The document, or why it cannot be read."""
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
    return Analytics(path, lines, Entry(node))
