"""Issues for people: what is wrong, the line in the user's own file underlined, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.cli.terminal import Line, Words, shown, wrapped
from tiercel.errors import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiercel.errors import Issue, Span

__all__ = ["show_issues"]

_STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow"}
_BEFORE: Final = 60
"""Of a long line, so many characters are shown before the place."""
_LONGEST: Final = 110


def show_issues(words: Words, issues: Iterable[Issue], indent: str = "") -> None:
    """Print each issue; where its line is known, the line with the place underlined."""
    for issue in issues:
        head = Line(indent)
        head.append(f"{issue.severity}[{issue.code}]", _STYLES[issue.severity])
        head.append(f": {shown(issue.message)}")
        words.print(head)
        if issue.span is not None:
            words.print(f"{indent}  {shown(str(issue.span))}", style="cyan")
            _show_place(words, issue.span, indent)
        if issue.hint:
            words.print(wrapped(shown(issue.hint), f"{indent}  hint: ", f"{indent}        ", words), style="green")


def _show_place(words: Words, span: Span, indent: str) -> None:
    if not span.text.strip():
        return
    before, place, after = _pieces(span)
    number = str(span.line)
    gutter = " " * len(number)
    words.print(f"{indent}  {number} | {before}{place}{after}")
    words.print(Line(f"{indent}  {gutter} | {' ' * len(before)}").append("^" * max(len(place), 1), "bold red"))


def _pieces(span: Span) -> tuple[str, str, str]:
    """The line before, at and behind the place, safe to show, and cut where the line is long."""
    begin = max(span.column - 1, 0)
    text = span.text.replace("\t", " ")
    before, place, after = text[:begin], text[begin : begin + span.length], text[begin + span.length :]
    before, place, after = shown(before), shown(place), shown(after)
    if len(before) + len(place) + len(after) <= _LONGEST:
        return before, place, after
    if len(before) > _BEFORE:
        before = "..." + before[-_BEFORE:]
    place = place[: _LONGEST - len(before)]
    room = max(_LONGEST - len(before) - len(place), 0)
    return before, place, after if len(after) <= room else after[:room] + "..."
