"""What may reach a terminal: event contents are the attacker's, and none of them becomes a control sequence."""

from __future__ import annotations

import textwrap
from typing import IO

from rich.console import Console

from tiercel.shown import moment, plural, shown

__all__ = ["console", "moment", "plural", "shown", "wrapped"]


def console(file: IO[str]) -> Console:
    """A console that writes text as it is: no markup, no guessed colours; colour only where `file` is a terminal."""
    return Console(file=file, markup=False, highlight=False, emoji=False, soft_wrap=True)


def wrapped(text: str, first: str, rest: str, words: Console) -> str:
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
