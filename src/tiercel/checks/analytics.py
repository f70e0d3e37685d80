"""A Sentinel analytics rule or hunting query as YAML: its fields, each with its place in the file.

The fields are those that Microsoft's repository of rules checks (Azure/Azure-Sentinel,
detectionTemplateSchemaValidation) and that exports of deployed rules hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tiercel.errors import Span
from tiercel.kql import Source
from tiercel.rules.yaml_document import YamlDocument

if TYPE_CHECKING:
    from tiercel.rules.yaml_document import Block, Entry

__all__ = ["Analytics"]


@dataclass(frozen=True)
class Analytics(YamlDocument):
    """The document as a rule of Sentinel's."""

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

    @property
    def _block(self) -> Block | None:
        entry = self.fields.get("query")
        return self.block(entry) if entry is not None else None

    @cached_property
    def query(self) -> Source | None:
        """The query with its place in the file; None where the document has none."""
        block = self._block
        return Source(block.text, self.path, block.first_line, block.indent) if block is not None else None

    def exact(self, span: Span) -> Span:
        """A place in the query as a place in the file, with the file's own line."""
        if self._block is not None and self._block.is_exact:
            return Span(span.path, span.line, span.column, span.length, self.line(span.line))
        return self.place(self.fields["query"])
