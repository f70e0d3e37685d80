"""A Markdown document as sections: headings, `**Key:** value` lines, tables and code blocks, each with its line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from tiercel.declared import Reader, UnfitError
from tiercel.kept import KeptFiles, cache_folder, key_of, maker_of

__all__ = ["Cell", "CodeBlock", "Document", "Field", "Section", "TableBlock", "read_document"]

_READER: Final = Reader({})


@dataclass(frozen=True, slots=True)
class Field:
    """A `**Key:** value` line; `key` in lower case."""

    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table, as written, and the column of its text in the line."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table: its headers and its rows, padded to the width of the header."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    line: int


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block: its lines as they stand in the document, indentation included, and the line of the first."""

    text: str
    first_line: int
    language: str
    is_closed: bool
    under: str
    """The sub-heading that it stands under, as written; empty directly under the section's."""


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading of the second level."""

    heading: str
    line: int
    text: str
    fields: tuple[Field, ...]
    tables: tuple[TableBlock, ...]
    code: tuple[CodeBlock, ...]
    bullets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document. `title` is its heading of the first level, `preamble` what stands before the first section."""

    title: str
    title_line: int
    preamble: Section
    sections: tuple[Section, ...]
    lines: tuple[str, ...]


def read_document(text: str) -> Document:
    """The document's sections in order, as an earlier run read this text, or as Markdown is read."""
    files, key = KeptFiles(cache_folder("documents")), key_of(_maker(), text)
    try:
        found: Document = _READER.read(Document, files.find(key), "document")
    except UnfitError:
        from tiercel.rules.markdown import parse_document  # noqa: PLC0415  only what was not read before is parsed

        found = parse_document(text)
        files.keep(key, found)
    return found


@cache
def _maker() -> str:
    """What tells one reader of Markdown from another."""
    return maker_of(("rules",), ("markdown-it-py",))
