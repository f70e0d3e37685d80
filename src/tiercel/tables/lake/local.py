"""A lake in a local folder, or in one that is mounted: what stands there stands there by a rename, and is synced."""

from __future__ import annotations

import os
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tiercel.errors import InputError, UsageError
from tiercel.tables.lake.storage import SPILL, STAGING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["LocalStorage"]

_SYNCS_AT_ONCE: Final = 16


class LocalStorage:
    """A local folder that holds a lake, or may come to hold one."""

    settles_late = False

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """The file that a name within the lake stands for."""
        return self.root.joinpath(*name.split("/"))

    def __str__(self) -> str:
        return str(self.root)

    def path_of(self, name: str) -> str:
        """The file's path, relative where the lake's is."""
        return str(self.path(name))

    def address(self, name: str) -> str:
        """The file's path, absolute."""
        return str(self.path(name).absolute())

    def require_room(self) -> None:
        """Nothing, where a folder is or could be. Raises UsageError for a file."""
        if self.root.exists() and not self.root.is_dir():
            raise UsageError(f"{self} is a file; a lake is a folder")

    def exists(self, name: str) -> bool:
        """Whether something stands under the name."""
        return self.path(name).exists()

    def read(self, name: str) -> bytes:
        """The whole content. Raises InputError where it cannot be read."""
        try:
            return self.path(name).read_bytes()
        except OSError as error:
            raise InputError(f"{self.path(name)}: {error.strerror or error}", path=str(self.path(name))) from error

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        """The contents, one after the other."""
        return map(self.read, names)

    def source(self, name: str) -> Path:
        """The file."""
        return self.path(name)

    def sizes(self, names: Sequence[str]) -> list[int | str]:
        """How long the files are, or what the system says."""
        return [_size(self.path(name)) for name in names]

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

    def stage(self, writer: str) -> Path:
        """A folder of the writer's own within the lake, made if need be: on the same disk, so that files can move."""
        path = self.path(f"{STAGING}/{writer}")
        path.mkdir(parents=True, exist_ok=True)
        return path

    def unstage(self, writer: str) -> None:
        """The writer's folder is gone with all that it holds."""
        self.discard(f"{STAGING}/{writer}")

    def spill(self) -> Path:
        """A folder of the lake, since its disk has room for what is imported."""
        return self.path(SPILL)

    def put(self, name: str, content: bytes, writer: str) -> None:
        """The content under the name, whole or not at all; what stood there before is replaced."""
        staged = self.stage(writer) / f"{uuid.uuid4().hex}.tmp"
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
        staged = self.stage(writer) / uuid.uuid4().hex
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

    def place(self, staged: Sequence[Path], names: Sequence[str]) -> None:
        """Moves staged files to their names; the files and the folders' entries are on the disk when this returns."""
        new = [self.path(name) for name in names]
        folders = {path.parent for path in new}
        for folder in folders:
            self._make(folder)
        # Also the folders above, whoever made the ones below: its maker may not have come to sync them.
        folders |= {above for folder in folders for above in (folder.parent, folder.parent.parent)}
        # Side by side, since a disk takes many syncs at once in little more time than one.
        with ThreadPoolExecutor(_SYNCS_AT_ONCE, "tiercel-sync") as pool:
            list(pool.map(_sync_file, staged))
            for path, target in zip(staged, new, strict=True):
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


def _size(path: Path) -> int | str:
    try:
        return path.stat().st_size
    except OSError as error:
        return error.strerror or str(error)


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
