"""The identity of a finding."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["fingerprint"]


def fingerprint(parts: Iterable[str | None]) -> str:
    """Sixteen hexadecimal digits that stand for these parts, in any letter case; an absent part is not an empty one.

    >>> fingerprint(["a", "b"]) == fingerprint(["A", "B"])
    True
    >>> fingerprint(["a", None]) == fingerprint(["a", ""])
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        text = b"-" if part is None else b"+" + part.casefold().encode("utf-8", "surrogatepass")
        digest.update(len(text).to_bytes(8, "big") + text)
    return digest.hexdigest()[:16]
