"""Markdown taken apart: headings, `**Key:** value` lines, tables and code blocks, each with its line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from tiercel.rules.document import Cell, CodeBlock, Document, Field, Section, TableBlock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

__all__ = ["parse_document"]

_LINE_END = re.compile(r"\r\n|\r|\n")
_FIELD = re.compile(r"^\*\*(?P<key>[^*]{1,60}?)\s*:\s*\*\*[ \t]*(?P<value>.*)$")
_MARKUP = re.compile(r"^[*_`]+|[*_`]+$")


def parse_document(text: str) -> Document:
    """The document's sections in order.

    A line of dashes is a rule between sections, never the underline of a heading: documents of this format write both
    close together.
    """
    lines = tuple(_LINE_END.split(text))
    tokens = MarkdownIt("commonmark").enable("table").disable("lheading").parse(text)
    title, title_line = "", 1
    heads: list[tuple[str, int, int]] = []  # heading, its 0-based line, index of its token
    for index, token in enumerate(tokens):
        if token.type != "heading_open" or token.level or token.map is None:
            continue
        content = _plain(tokens[index + 1].content)
        if token.tag == "h1" and not title:
            title, title_line = content, token.map[0] + 1
        elif token.tag in {"h1", "h2"}:
            heads.append((content, token.map[0], index))
    ends = [*(line for _, line, _ in heads), len(lines)]
    token_ends = [*(index for *_, index in heads), len(tokens)]
    preamble = _section("", 0, ends[0], lines, tokens[: token_ends[0]])
    sections = tuple(
        _section(
            heading,
            line + 1,
            ends[number + 1],
            lines,
            tokens[index + 3 : token_ends[number + 1]],  # behind the heading's own three tokens
        )
        for number, (heading, line, index) in enumerate(heads)
    )
    return Document(title, title_line, preamble, sections, lines)


def _section(heading: str, begin: int, end: int, lines: Sequence[str], tokens: Sequence[Token]) -> Section:
    """The section whose text is `lines[begin:end]`; its heading is the line before."""
    body = list(lines[begin:end])
    rules = {line for token in tokens if token.type == "hr" and token.map for line in range(*token.map)}
    while body and (not body[-1].strip() or begin + len(body) - 1 in rules):
        body.pop()
    return Section(
        heading=heading,
        line=begin,
        text="\n".join(body).strip("\n"),
        fields=tuple(_fields(tokens, lines)),
        tables=tuple(_tables(tokens)),
        code=tuple(_code(tokens, lines)),
        bullets=tuple(_bullets(tokens)),
    )


def _fields(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[Field]:
    for token in tokens:
        if token.type != "paragraph_open" or token.level or token.map is None:
            continue
        for number in range(*token.map):
            if match := _FIELD.match(lines[number].strip()):
                yield Field(match["key"].strip().lower(), _MARKUP.sub("", match["value"].strip()), number + 1)


def _tables(tokens: Sequence[Token]) -> Iterator[TableBlock]:
    headers: list[str] = []
    rows: list[tuple[Cell, ...]] = []
    row: list[Cell] = []
    line = 1
    for index, token in enumerate(tokens):
        match token.type:
            case "table_open":
                headers, rows = [], []
                line = token.map[0] + 1 if token.map else line
            case "tr_open":
                row = []
            case "th_open":
                headers.append(_plain(tokens[index + 1].content))
            case "td_open":
                cell = tokens[index + 1]
                row.append(Cell(cell.content.strip(), cell.map[0] + 1 if cell.map else line))
            case "tr_close" if row:
                rows.append(tuple(row))
            case "table_close":
                yield TableBlock(tuple(headers), tuple(rows), line)


def _code(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[CodeBlock]:
    under = ""
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            under = _plain(tokens[index + 1].content)
        if token.type != "fence" or token.map is None:
            continue
        begin, end = token.map
        closed = end - begin > 1 and lines[end - 1].strip().startswith(token.markup)
        body = lines[begin + 1 : end - 1 if closed else end]
        yield CodeBlock(
            text="\n".join(body),
            first_line=begin + 2,
            language=token.info.strip(),
            is_closed=closed,
            under=under,
        )


def _bullets(tokens: Sequence[Token]) -> Iterator[str]:
    depth = 0
    for index, token in enumerate(tokens):
        if token.type == "list_item_open":
            depth += 1
        elif token.type == "list_item_close":
            depth -= 1
        elif token.type == "paragraph_open" and depth:
            yield tokens[index + 1].content.strip()


def _plain(text: str) -> str:
    return _MARKUP.sub("", text.strip())
