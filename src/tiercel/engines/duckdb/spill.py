"""Where DuckDB puts what does not fit into memory: a folder of one run, gone with it, or with the next after a kill."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import duckdb

from tiercel.tables.scratch import Scratch

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Spill", "trouble", "unreadable"]

_ENGINE_SHARE: Final = 0.75
"""How much of a stated limit DuckDB may hold; the rest is for what stands beside its pages: results, Python, Arrow."""

_UNREADABLE: Final = re.compile(r"^(?:tiercel\.errors\.)?InputError: (.+)$", re.MULTILINE)
"""What DuckDB tells of a failure in the files that it was given to read from an object store."""


@dataclass(slots=True)
class Spill:
    """A run's folder for what does not fit into memory. It is there from `begin` to `end`."""

    _scratch: Scratch

    @classmethod
    def begin(cls, parent: Path | None = None) -> Spill:
        """A new folder, in the system's temporary one (TMPDIR) where no parent is given; what killed runs left goes.

        Raises InputError where no folder can be made there.
        """
        return cls(Scratch.begin(parent))

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._scratch.folder

    def end(self) -> None:
        """The folder is gone with all that is in it."""
        self._scratch.end()

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


def unreadable(error: duckdb.Error) -> str:
    """What was said of a file that DuckDB was given to read from an object store; empty for other errors."""
    found = _UNREADABLE.search(str(error))
    return found[1] if found else ""
