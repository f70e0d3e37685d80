"""A folder of one run for what it needs on the way: gone with the run, or with the next one after a kill.

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
from typing import IO, TYPE_CHECKING, Final

from tiercel.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows: there a file that is open cannot be deleted, which is lock enough
    fcntl = None

__all__ = ["Scratch"]

_PREFIX: Final = "tiercel-spill-"
_LOCK: Final = "lock"
_NEWBORN: Final = 60.0
"""Seconds. A folder without a lock may be about to get one."""


@dataclass(slots=True)
class Scratch:
    """A run's folder. It is there from `begin` to `end`."""

    folder: Path
    _lock: IO[bytes]

    @classmethod
    def begin(cls, parent: Path | None = None) -> Scratch:
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
