"""The page as HTML: the one place where jinja2 is used, with everything escaped and nothing undefined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from tiercel.report.page import originals_of, read_page
from tiercel.report.words import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tiercel.report.context import Page
    from tiercel.saved import Saved

__all__ = ["environment", "render", "write_page"]

_MOST_BYTES: Final = 4_800_000
"""What a page should take: it is sent by mail, and opened on slow machines."""

_SHARE: Final = 0.85
"""So much of it is for what stands in the page, the rest for raw events."""

_ROOMS: Final = (LONGEST, 800, 300, 120)
"""So many characters a text of an event may take, the first that fits."""


def environment() -> Environment:
    """The template engine: what is undefined is an error, what is a value is escaped."""
    return Environment(
        loader=PackageLoader("tiercel.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(page: Page) -> str:
    """The page's text. Every value is escaped by the template engine but those that the shell marks as ours."""
    return environment().get_template("page.html.jinja").render(page=page)


def write_page(saved: Saved, folders: Sequence[Path], *, progress: Callable[[str], None] | None = None) -> str:
    """The report of a result: as much of each text as fits a page of some megabytes, the raw events in what is left.

    Args:
        saved: the result.
        folders: where files that the result names relatively are looked for.
        progress: called with the name of each file before it is read.

    """
    originals = originals_of(saved, folders, progress=progress)
    sizes = {}
    for longest in _ROOMS:
        sizes[longest] = len(render(read_page(saved, originals, longest=longest, event_bytes=0)).encode())
        if sizes[longest] <= _MOST_BYTES * _SHARE:
            break
    # Cutting texts further where they are not what makes the page large would lose them for nothing.
    longest = next(
        each for each, size in sizes.items() if size <= max(min(sizes.values()) * 1.05, _MOST_BYTES * _SHARE)
    )
    size = sizes[longest]
    room = max(_MOST_BYTES - size, _MOST_BYTES // 10)
    return render(read_page(saved, originals, longest=longest, event_bytes=room))
