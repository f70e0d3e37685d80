"""What may reach a terminal: event contents are the attacker's, and none of them becomes a control sequence."""

from __future__ import annotations

import textwrap
from typing import IO, TYPE_CHECKING

from rich.console import Console

from tiercel.shown import shown

if TYPE_CHECKING:
    from datetime import datetime

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


def moment(time: datetime | None) -> str:
    """The instant as people read it, UTC: date, time, milliseconds.

    >>> from datetime import UTC, datetime
    >>> moment(datetime(2020, 9, 20, 16, 16, 56, 597123, tzinfo=UTC))
    '2020-09-20 16:16:56.597'
    """
    return "" if time is None else time.replace(tzinfo=None).isoformat(" ", "milliseconds")


def plural(count: int, one: str, many: str = "") -> str:
    """`1 finding`, `2,000 findings`.

    >>> plural(1, "finding"), plural(2000, "finding"), plural(0, "entry", "entries")
    ('1 finding', '2,000 findings', '0 entries')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
