"""Where telemetry stands: a local path, or the URL of a lake in an object store."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote, urlsplit

from tiercel.errors import UsageError

if TYPE_CHECKING:
    import os

__all__ = ["SCHEMES", "Place", "is_url", "located"]

SCHEMES: Final = ("s3", "s3a", "gs", "az", "abfs", "abfss", "memory")
"""What the URL of an object store may begin with; `memory` is gone with the process."""

Place: TypeAlias = Path | str
"""A local path, or the URL of an object store as text."""

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")


def is_url(where: object) -> bool:
    r"""Whether the place is an object store's, not a path.

    >>> is_url("s3://lakes/endpoints"), is_url("lake"), is_url(r"C:\\lake")
    (True, False, False)
    """
    return isinstance(where, str) and "://" in where and bool(_SCHEME.match(where)) and not where.startswith("file:")


def located(where: str | os.PathLike[str]) -> Place:
    """The place as the program hands it around: `file://` URLs and paths as Path, other URLs as text.

    Raises UsageError for a URL that begins with none of `SCHEMES`.
    """
    text = str(where)
    scheme = match[1].lower() if (match := _SCHEME.match(text)) else ""
    if isinstance(where, Path) and scheme in SCHEMES and not where.exists():
        raise UsageError(f"{text} was a URL before it was made a path; give it as text, with both slashes")
    if isinstance(where, Path) or "://" not in text or not scheme:
        return Path(where)
    if scheme == "file":
        return Path(unquote(urlsplit(text).path))
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise UsageError(f"{text} is no URL that can be read; a lake stands in a folder, or at {known}")
    return text
