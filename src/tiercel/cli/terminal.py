"""What may reach a terminal: event contents are the attacker's, and none of them becomes a control sequence.

Rich draws on terminals and is loaded for them alone: what goes to a file or a pipe is plain text.
"""

from __future__ import annotations

import os
import textwrap
from typing import IO, TYPE_CHECKING, Final

from tiercel.shown import moment, plural, shown

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console
    from rich.status import Status

__all__ = ["Line", "Words", "console", "moment", "plural", "shown", "wrapped"]

_SAID_TO_BE_TERMINALS: Final = ("FORCE_COLOR", "TTY_COMPATIBLE")
"""Settings by which Rich takes something else for a terminal."""


class Line:
    """A line whose parts have styles of their own."""

    def __init__(self, text: str = "", style: str = "") -> None:
        self.parts = [(text, style)]

    def append(self, text: str, style: str = "") -> Line:
        """The line itself, with one more part."""
        self.parts.append((text, style))
        return self

    def __str__(self) -> str:
        return "".join(text for text, _ in self.parts)


class Words:
    """Where words for people go: text as it is, no markup, no guessed colours; colour only on a terminal."""

    def __init__(self, file: IO[str], *, is_terminal: bool | None = None, width: int | None = None) -> None:
        self._file = file
        self._console: Console | None = None
        if is_terminal or file.isatty() or any(name in os.environ for name in _SAID_TO_BE_TERMINALS):
            from rich.console import Console  # noqa: PLC0415  only for terminals

            self._console = Console(
                file=file,
                markup=False,
                highlight=False,
                emoji=False,
                soft_wrap=True,
                force_terminal=is_terminal,
                width=width,
            )

    @property
    def is_terminal(self) -> bool:
        """Whether somebody sees it as it is written."""
        return self._console is not None and self._console.is_terminal

    @property
    def width(self) -> int:
        """How many characters a line of the terminal takes."""
        return self._console.width if self._console else 80

    def print(self, line: str | Line = "", style: str = "", *, is_cut: bool = False) -> None:
        """Print a line; on a terminal one that `is_cut` ends where the terminal does."""
        if self._console is None:
            self._file.write(f"{line}\n")
            return
        if isinstance(line, str):
            self._console.print(line, style=style or None)
            return
        from rich.text import Text  # noqa: PLC0415  only for terminals

        text = Text.assemble(*line.parts)
        if is_cut and self.is_terminal:
            text.truncate(self.width, overflow="ellipsis")
        self._console.print(text, style=style or None)

    def status(self, text: str) -> AbstractContextManager[Status]:
        """A line that stands at the end of the terminal, and can be replaced, while the context is open."""
        if self._console is None:
            raise ValueError("there is no terminal")
        return self._console.status(text)


def console(file: IO[str]) -> Words:
    """Where words for people go that are to stand in `file`."""
    return Words(file)


def wrapped(text: str, first: str, rest: str, words: Words) -> str:
    """The text with a first prefix and, on a terminal, folded to its width with another; elsewhere one line."""
    if not words.is_terminal:
        return first + text
    lines = textwrap.wrap(
        text,
        max(words.width, len(rest) + 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    return "\n".join(lines) or first
