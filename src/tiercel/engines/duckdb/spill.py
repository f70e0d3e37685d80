"""Where DuckDB puts what does not fit into memory: a folder of one run, gone with it, or with the next after a kill.

A run holds a lock on its folder for as long as it lives. The system takes the lock from a process that ends, however it
ends; so a folder that nobody has locked is one that a killed run has left.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import duckdb

from tiercel.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows: there a file that is open cannot be deleted, which is lock enough
    fcntl = None

__all__ = ["Spill", "trouble"]

_PREFIX: Final = "tiercel-spill-"
_LOCK: Final = "lock"
_NEWBORN: Final = 60.0
"""Seconds. A folder without a lock may be about to get one."""
_ENGINE_SHARE: Final = 0.75
"""How much of a stated limit DuckDB may hold; the rest is for what stands beside its pages: results, Python, Arrow."""


@dataclass(slots=True)
class Spill:
    """A run's folder for what does not fit into memory. It is there from `begin` to `end`."""

    folder: Path
    _lock: IO[bytes]

    @classmethod
    def begin(cls, parent: Path | None = None) -> Spill:
        """A new folder, in the system's temporary one (TMPDIR) where no parent is given; what killed runs left goes.

        Raises InputError where no folder can be made there.
        """
        place = parent or Path(tempfile.gettempdir())
        try:
            place.mkdir(parents=True, exist_ok=True)
            for left in _left(place):
                shutil.rmtree(left, ignore_errors=True)
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
            lock = (folder / _LOCK).open("wb")
        except OSError as error:
            raise InputError(f"{place}: no folder can be made there: {error.strerror}", path=str(place)) from error
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return cls(folder, lock)

    def end(self) -> None:
        """The folder is gone with all that is in it."""
        self._lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, memory_bytes: int | None) -> duckdb.DuckDBPyConnection:
        """A DuckDB database in memory that goes to disk beyond the limit; None for DuckDB's own, 80 % of what there is.

        The limit is the process's: DuckDB itself gets three quarters of it.
        """
        config: dict[str, Any] = {"temp_directory": str(self.folder / "pages")}
        if memory_bytes is not None:
            config["memory_limit"] = f"{int(memory_bytes * _ENGINE_SHARE)}B"
        return duckdb.connect(config=config)


def trouble(error: duckdb.Error, folder: str) -> str:
    """What to tell a user whose run found no more room in memory or on disk; empty for other errors."""
    text = str(error)
    if "No space left on device" in text or "File too large" in text or "max_temp_directory_size" in text:
        return (
            f"the disk is full: what did not fit into memory went to {folder}; make room there,"
            " let TMPDIR name a folder on a larger disk, or allow more memory"
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return "the memory limit is too small for this, though what can go to disk went there; allow more memory"
    return ""


def _left(place: Path) -> Iterator[str]:
    """The folders of our own that no living run holds."""
    with os.scandir(place) as entries:
        ours = [entry for entry in entries if entry.name.startswith(_PREFIX)]
    for entry in ours:
        try:
            status = entry.stat(follow_symlinks=False)
            foreign = hasattr(os, "getuid") and status.st_uid != os.getuid()
            if foreign or not stat.S_ISDIR(status.st_mode):
                continue
            if _is_free(Path(entry.path, _LOCK), time.time() - status.st_mtime):
                yield entry.path
        except OSError:
            continue  # its run has just ended and taken it away


def _is_free(lock: Path, age: float) -> bool:
    """Whether nobody holds the lock."""
    try:
        if fcntl is None:
            lock.unlink()
            return True
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return age > _NEWBORN
    except OSError:
        return False
    return True
