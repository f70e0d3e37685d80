"""The building blocks of a rendering."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["SPACES", "Rendering", "bound", "quoted", "trimmed"]

Rendering: TypeAlias = Callable[[Any, Any], str]
"""From the generator and the node to Spark's SQL."""

SPACES: Final = "' \\t\\n\\u000C\\r'"
"""What RE2 and Kusto take for white space, as a SQL string."""


_ESCAPES: Final = (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\r", "\\r"))
"""Line breaks too: within a text they would be indented with the SQL around it."""


def quoted(text: str) -> str:
    r"""The text as a SQL string; Spark reads backslashes in one as escapes.

    >>> quoted("a'b\\c")
    "'a\\'b\\\\c'"
    """
    for plain, written in _ESCAPES:
        text = text.replace(plain, written)
    return f"'{text}'"


def bound(value: str, body: str) -> str:
    """The `body`, in which `_v` stands for the value: it is computed once, however often the body names it."""
    return f"TRANSFORM(ARRAY({value}), _v -> {body})[0]"


def trimmed(text: str) -> str:
    """The text without white space around it."""
    return f"TRIM(BOTH {SPACES} FROM {text})"
