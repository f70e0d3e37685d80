"""Work kept from one run to the next, as small files of JSON in the user's cache: each under what it was made of.

A key holds the input and whatever made the work of it (our own files, the versions of what they use), so that a new
version never meets old work. A file appears whole or not at all. One that is damaged, too large, or that somebody else
could have written, is passed over: the work is done again. The folder can be deleted at any moment.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import orjson

__all__ = ["KeptFiles", "cache_folder", "key_of", "maker_of"]

_MOST: Final = 1000
"""Files in a folder; beyond that the oldest half goes."""
_LARGEST: Final = 4 << 20
"""A file of more bytes is none of ours."""


class KeptFiles:
    """Values in a folder; with None, nothing is kept. A folder that cannot be written costs time and nothing else."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def find(self, key: str) -> Any:
        """The value that was kept under the key; None where there is none that can be trusted."""
        if self._folder is None:
            return None
        try:
            with (self._folder / f"{key}.json").open("rb") as file:
                if not _is_ours(os.fstat(file.fileno())) or not _is_ours(self._folder.stat()):
                    return None
                content = file.read(_LARGEST + 1)
            return orjson.loads(content) if len(content) <= _LARGEST else None
        except (OSError, ValueError):
            return None

    def keep(self, key: str, value: Any) -> None:
        """Keeps a value, which may hold dataclasses."""
        if self._folder is None:
            return
        # A home that cannot be written costs time, not findings; nor is text kept that JSON cannot hold.
        with contextlib.suppress(OSError, orjson.JSONEncodeError):
            self._write(self._folder, key, orjson.dumps(value))

    def _write(self, folder: Path, key: str, content: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".new", delete=False) as file:
            file.write(content)
        Path(file.name).replace(folder / f"{key}.json")
        kept = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in kept[: len(kept) // 2] if len(kept) > _MOST else ():
            path.unlink(missing_ok=True)


def _is_ours(status: os.stat_result) -> bool:
    """Whether nobody but the user can have written it."""
    if not hasattr(os, "geteuid"):  # Windows: the folder is in the user's profile
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def cache_folder(kind: str) -> Path | None:
    """Where such work is kept: in `TIERCEL_CACHE` (empty: nowhere), or the user's own folder for such things."""
    given = os.environ.get("TIERCEL_CACHE")
    if given is not None:
        return Path(given, kind) if given else None
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local, "tiercel", "cache", kind) if local else None
    home = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("HOME") and Path(os.environ["HOME"], ".cache"))
    return Path(home, "tiercel", kind) if home else None


def key_of(*parts: str) -> str:
    """The name of the file for these parts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def maker_of(rooms: tuple[str, ...], packages: tuple[str, ...]) -> str:
    """What tells one maker from another: the sizes and times of our files in these rooms, the versions of packages."""
    home = Path(__file__).parent
    files = sorted(path for room in rooms for path in (home / room).rglob("*.*") if path.suffix in {".py", ".txt"})
    facts = ((str(path.relative_to(home)), path.stat()) for path in files)
    lines = [f"{name} {status.st_size} {status.st_mtime_ns}" for name, status in facts]
    return key_of(sys.version, *(f"{name} {_version(name)}" for name in ("tiercel", *packages)), *lines)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
