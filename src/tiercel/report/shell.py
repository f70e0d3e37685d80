"""What the page brings along: its style and scripts, and the policy that lets these and nothing else run."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from tiercel.report.context import Shell

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LICENSE", "SCRIPTS", "STYLES", "shell"]

STYLES: Final = ("assets/page.css", "assets/findings.css", "assets/pictures.css", "assets/print.css")
SCRIPTS: Final = (
    "vendor/dagre/dagre.min.js",
    "assets/theme.js",
    "assets/findings.js",
    "assets/events.js",
    "assets/graph.js",
    "assets/timeline.js",
)
"""The page's scripts, in the order in which they run; the first is the library that lays out the graph."""


LICENSE: Final = "vendor/dagre/LICENSE"
"""The library's licence, which asks to stand wherever the library does."""


def shell(data: Markup, events: str) -> Shell:
    """The shell of a page that holds this data."""
    style, script = _joined(STYLES), f"/*! {_joined([LICENSE])} */\n{_joined(SCRIPTS)}"
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return Shell(
        policy=policy,
        style=Markup(style),  # noqa: S704  a file of ours
        script=Markup(script),  # noqa: S704  a file of ours
        data=data,
        events=Markup(events),  # noqa: S704  base64
    )


def _joined(names: Iterable[str]) -> str:
    """The files as one text, without the comments that would have a browser look for source maps."""
    folder = resources.files("tiercel.report")
    text = "\n".join((folder / name).read_text("utf-8") for name in names)
    return "\n".join(line for line in text.splitlines() if not line.startswith("//# sourceMappingURL="))


def _hash(content: str) -> str:
    """The content's hash as a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
