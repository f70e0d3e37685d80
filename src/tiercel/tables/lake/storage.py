"""Where a lake stands: the few file operations that everything else is built on.

Paths within a lake are text with forward slashes, relative to its root, as an object store would name them. What an
object store would have to offer in place of this class: read, list, put whole, put if absent, and delete.
"""

from __future__ import annotations

import os
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from tiercel.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HOUSE", "SPILL", "STAGING", "Storage", "written"]

HOUSE: Final = "_tiercel"
"""The folder for all that is no row. Spark and Hive pass over names with a leading underscore."""

STAGING: Final = f"{HOUSE}/staging"
"""Where parts and commit records are written before they are moved into place, a folder for each writer."""

SPILL: Final = f"{HOUSE}/spill"
"""What an import cannot hold in memory, a folder for each that is running."""


_SYNCS_AT_ONCE: Final = 16


class Storage:
    """A local folder that holds a lake, or may come to hold one."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def at(cls, where: str | Path) -> Storage:
        """The storage that a path or a `file://` URL names. Raises UsageError for what is not local."""
        text = str(where)
        scheme, separator, _ = text.partition("://")
        if separator and scheme == "file":
            return cls(Path(unquote(urlsplit(text).path)))
        if separator and scheme.isalnum():
            raise UsageError(f"{text} is not a local folder; a lake stands in a local or mounted folder, or at file://")
        return cls(Path(text))

    def path(self, name: str) -> Path:
        """The file that a name within the lake stands for."""
        return self.root.joinpath(*name.split("/"))

    def __str__(self) -> str:
        return str(self.root)

    def exists(self, name: str) -> bool:
        """Whether something stands under the name."""
        return self.path(name).exists()

    def read(self, name: str) -> bytes:
        """The whole content. Raises InputError where it cannot be read."""
        try:
            return self.path(name).read_bytes()
        except OSError as error:
            raise InputError(f"{self.path(name)}: {error.strerror or error}", path=str(self.path(name))) from error

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted; none where there is none. Raises InputError where it cannot be read."""
        path = self.path(folder)
        try:
            with os.scandir(path) as entries:
                return sorted(entry.name for entry in entries)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}", path=str(path)) from error

    def stage(self, writer: str) -> str:
        """A folder of the writer's own, made if need be."""
        name = f"{STAGING}/{writer}"
        self.path(name).mkdir(parents=True, exist_ok=True)
        return name

    def put(self, name: str, content: bytes, writer: str) -> None:
        """The content under the name, whole or not at all; what stood there before is replaced."""
        staged = self.path(self.stage(writer)) / f"{uuid.uuid4().hex}.tmp"
        _write(staged, content)
        above = self._make(self.path(name).parent)
        staged.replace(self.path(name))
        for folder in {self.path(name).parent, *above}:
            _sync_folder(folder)

    def put_if_absent(self, folder: str, file: str, content: bytes, writer: str) -> bool:
        """Whether `folder` is new and now holds `file`; False, and nothing changed, where it stood already.

        The folder is renamed into place. A file system refuses to rename a folder onto one that holds something, in
        one step, also where it has no hard links (exFAT, network shares), and without a lock that a killed writer
        would leave.
        """
        staged = self.path(self.stage(writer)) / uuid.uuid4().hex
        staged.mkdir()
        _write(staged / file, content)
        _sync_folder(staged)
        target = self.path(folder)
        above = self._make(target.parent)
        try:
            staged.rename(target)
        except OSError:
            shutil.rmtree(staged)
            if target.exists():
                return False
            raise
        for changed in {target.parent, *above}:
            _sync_folder(changed)
        return True

    def place(self, staged: list[str], names: list[str]) -> None:
        """Moves staged files to their names; the files and the folders' entries are on the disk when this returns."""
        old, new = [self.path(name) for name in staged], [self.path(name) for name in names]
        folders = {path.parent for path in new}
        for folder in folders:
            self._make(folder)
        # Also the folders above, whoever made the ones below: its maker may not have come to sync them.
        folders |= {above for folder in folders for above in (folder.parent, folder.parent.parent)}
        # Side by side, since a disk takes many syncs at once in little more time than one.
        with ThreadPoolExecutor(_SYNCS_AT_ONCE, "tiercel-sync") as pool:
            list(pool.map(_sync_file, old))
            for path, target in zip(old, new, strict=True):
                path.rename(target)
            list(pool.map(_sync_folder, sorted(folders)))

    def remove(self, name: str) -> None:
        """The file is gone, also if it was gone before."""
        self.path(name).unlink(missing_ok=True)

    def discard(self, folder: str) -> None:
        """The folder is gone with all that it holds, also where another process is at the same."""
        path = self.path(folder)
        while path.exists():
            with suppress(FileNotFoundError):  # the other one was faster at some entry: the rest is still to go
                shutil.rmtree(path)

    def changed(self, name: str) -> float | None:
        """When a file, or the newest in a folder, was written or renamed, seconds since 1970; None if it is gone."""
        path = self.path(name)
        try:
            newest = _touched(path)
            if path.is_dir():
                for folder, folders, files in os.walk(path):
                    newest = max([newest, *(_touched(Path(folder) / inner) for inner in (*folders, *files))])
        except FileNotFoundError:
            return None
        return newest

    def parts(self) -> Iterator[str]:
        """Every file that lies where parts lie, live or not."""
        for table in self.names(""):
            if not table.startswith(("_", ".")) and self.path(table).is_dir():
                for day in self.names(table):
                    if day.startswith("day="):
                        yield from (f"{table}/{day}/{file}" for file in self.names(f"{table}/{day}"))

    def _make(self, folder: Path) -> list[Path]:
        """The folders that got a new entry when this one was made, with those above it that were missing."""
        made = []
        while not folder.exists():
            made.append(folder)
            folder = folder.parent
        for new in reversed(made):
            new.mkdir(exist_ok=True)
        return [new.parent for new in made]


@contextmanager
def written(place: object) -> Iterator[None]:
    """Turns the file system's refusals (no space, no permission) into an InputError that names the place."""
    try:
        yield
    except OSError as error:
        path = str(error.filename or place)
        raise InputError(f"{path}: cannot be written: {error.strerror or error}", path=path) from error


def _touched(path: Path) -> float:
    status = path.stat()
    return max(status.st_mtime, status.st_ctime)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows has no handle to a folder that could be synced
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
