"""How far a long command is, on standard error, and only where that is a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tiercel.cli.terminal import console, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiercel.hunt import Attributing, Running, Sharing
    from tiercel.intake import Writing
    from tiercel.telemetry.report import Progress

__all__ = ["line_shown", "progress_shown"]


@contextmanager
def progress_shown() -> Iterator[Callable[[Progress | Sharing | Running | Attributing | Writing], None] | None]:
    """What to call with news, while one line of standard error tells them; None where nobody would see it."""
    words = console(sys.stderr)
    if not words.is_terminal:
        yield None
        return
    with words.status("starting") as line:
        yield lambda news: line.update(_told(news))


@contextmanager
def line_shown() -> Iterator[Callable[[str], None]]:
    """What to call with a line, which replaces the one before, on standard error where that is a terminal."""
    words = console(sys.stderr)
    if not words.is_terminal:
        yield lambda _: None
        return
    with words.status("starting") as line:
        yield lambda text: line.update(shown(text))


def _told(news: Progress | Sharing | Running | Attributing | Writing) -> str:
    from tiercel.hunt import Attributing, Running, Sharing  # noqa: PLC0415  only where somebody sees it
    from tiercel.intake import Writing  # noqa: PLC0415  as above

    if isinstance(news, Writing):
        return f"writing {news.rows:,} rows of {news.table}"
    if isinstance(news, Sharing):
        return f"reading what several rules need: {', '.join(news.tables)}"
    if isinstance(news, Running):
        return f"rule {news.number} of {news.rules}: {shown(news.rule_id)}"
    if isinstance(news, Attributing):
        return f"who, from where, what next: {news.findings:,} findings"
    share = f"{news.bytes_done * 100 // news.bytes} % of {news.bytes / 1e6:,.0f} MB, " if news.bytes else ""
    return f"reading {share}{news.records:,} records: {shown(news.path)}"
