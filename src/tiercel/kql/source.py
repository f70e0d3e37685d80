"""A KQL text and where it stands in the user's file."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tiercel.errors import Span

if TYPE_CHECKING:
    from tiercel.kql.syntax import Region

__all__ = ["Source"]


@dataclass(frozen=True)
class Source:
    """A KQL text. Places are given in the file that holds it: a query may stand inside a Markdown or YAML document.

    `first_line` is the file's line of the text's first line, `column_offset` how many characters the file has on each
    line before the text (the indentation of a YAML block).
    """

    text: str
    path: str = "<query>"
    first_line: int = 1
    column_offset: int = 0

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        at = self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def span(self, region: Region) -> Span:
        """The region as a place in the user's file; a region of several lines is cut at the end of its first line."""
        starts = self._line_starts
        line = bisect_right(starts, region.start) - 1
        begin = starts[line]
        end = starts[line + 1] - 1 if line + 1 < len(starts) else len(self.text)
        text = self.text[begin:end].rstrip("\r")
        column = region.start - begin
        length = max(1, min(region.end - region.start, len(text) - column))
        return Span(
            path=self.path,
            line=self.first_line + line,
            column=self.column_offset + column + 1,
            length=length,
            text=" " * self.column_offset + text,
        )
