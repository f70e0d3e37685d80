"""A landing folder: files that appear, grow, rotate and go, among them Defender's streaming layout.

Files of JSON lines are read on from the last whole line. Other files (event logs, archives, CSV, Parquet) are read as a
whole once they have not changed from one look to the next, and again if they change later: rows that the lake has are
not added twice.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from tiercel.errors import Issue, Severity
from tiercel.tables.lake import Reached, is_lake
from tiercel.telemetry.inputs import HEAD_BYTES, Piece
from tiercel.telemetry.readers.formats import Encoding, Format, encoding_of, format_of
from tiercel.watch.sources.lines import FileState, NewLines, is_same_file, new_lines
from tiercel.watch.sources.source import Taken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["FolderSource"]

_HOUR: Final = re.compile(r"y=(\d{4})/m=(\d{1,2})/d=(\d{1,2})/h=(\d{1,2})$")
"""An hour's folder of Defender's streaming layout, `tenantId=.../y=2026/m=03/d=14/h=09/m=00/PT1H.json`."""
_STILL_GROWING: Final = timedelta(days=2)
"""Hours older than the newest one by more are looked into only now and then: their blobs no longer grow."""
_FULL_LOOK_EVERY: Final = 3600.0


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was found: its name below the root, what the lake knows of it, whether it has stopped changing."""

    item: str
    path: Path
    text: str | None
    is_still: bool


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the folder."""

    taken: Taken
    renamed: _Renamed
    folder: Path
    room: int


class FolderSource:
    """A folder that others put telemetry into."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._last: dict[str, tuple[int, int]] = {}
        self._settled: set[str] = set()
        """Files that were taken as far as they go: their size and time tell whether they need another look."""
        self._full_look_at = -_FULL_LOOK_EVERY
        self._newest_hour: datetime | None = None

    @property
    def name(self) -> str:
        """`folder:` and the path."""
        return f"folder:{self._root}"

    def again(self) -> None:
        """Every file is looked at once more."""
        self._settled.clear()
        self._full_look_at = -_FULL_LOOK_EVERY

    def close(self) -> None:
        """Nothing is held."""

    def take(self, known: Mapping[str, str], folder: Path, room: int) -> Taken:
        """What is new in the folder, file by file in order of their names."""
        taken = Taken()
        if not self._root.is_dir():
            hint = "create it, or check that it is mounted; what was read of it is remembered"
            taken.issues.append(Issue("watch-no-folder", f"there is no folder at {self._root}", hint=hint))
            return taken
        is_full = time.monotonic() - self._full_look_at >= _FULL_LOOK_EVERY
        renamed = _Renamed(self._root, known)
        look = _Look(taken, renamed, folder, room)
        seen: set[str] = set()
        for item, path, status in self._files(taken, is_full=is_full):
            seen.add(item)
            size_and_time = (status.st_size, status.st_mtime_ns)
            was = self._last.get(item)
            self._last[item] = size_and_time
            if was == size_and_time and item in self._settled:
                continue
            self._settled.discard(item)
            if taken.bytes >= room:
                taken.is_behind = True
                continue
            try:
                self._take_file(_File(item, path, known.get(item), is_still=was == size_and_time), look)
            except OSError as error:
                taken.issues.append(Issue("watch-unreadable", f"{path}: {error.strerror or error}"))
        if is_full and not taken.is_behind:
            self._full_look_at = time.monotonic()
            if seen:
                gone = [item for item in known if item not in seen]
                taken.reached += [Reached(self.name, item, known[item], None) for item in gone]
        moved = {one.item for one in taken.reached}
        taken.reached += [each for each in renamed.forgotten(self.name) if each.item not in moved]
        return taken

    def _take_file(self, file: _File, look: _Look) -> None:
        state = FileState.from_text(file.text)
        with file.path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            if not head:
                return
            is_lines = encoding_of(head) == (Encoding.UTF8, 0) and format_of(head) is Format.JSON_LINES
            if is_lines and state is not None and (state.changed is not None or not is_same_file(stream, state)):
                if state.inode == os.fstat(stream.fileno()).st_ino:  # another one is what a rotation put there
                    message = f"{file.path} was cut or written anew: it is read from its beginning"
                    hint = "records that the lake has are not added again"
                    look.taken.issues.append(Issue("watch-cut", message, hint=hint, severity=Severity.WARNING))
                state = None
            if is_lines and file.text is None:
                state = look.renamed.find(file.item, stream)
        if not is_lines:
            self._take_whole(file, state, look.taken)
            return
        found = new_lines(file.path, state, look.room - look.taken.bytes)
        if found is None:
            if state is not None and file.text is None:
                look.taken.reached.append(Reached(self.name, file.item, None, state.to_text()))
            self._settled.add(file.item)
            return
        self._keep(found, file, state, look)
        if not found.is_behind:
            self._settled.add(file.item)

    def _keep(self, found: NewLines, file: _File, state: FileState | None, look: _Look) -> None:
        """Copies the lines, so that what is imported is exactly what the offset says, whatever happens to the file."""
        taken = look.taken
        if found.too_long:
            message = f"{file.path}: a line of more than {found.too_long:,} bytes is passed over"
            taken.issues.append(Issue("import-long-record", message, severity=Severity.WARNING))
        if found.text.strip():
            copy = look.folder / f"piece-{len(taken.files):06d}.json"
            copy.write_bytes(found.text)
            taken.files.append(copy)
            taken.pieces[copy] = Piece(str(file.path), state.records if state else 0)
            taken.bytes += len(found.text)
        taken.is_behind |= found.is_behind
        taken.reached.append(Reached(self.name, file.item, file.text, found.state.to_text()))

    def _take_whole(self, file: _File, state: FileState | None, taken: Taken) -> None:
        status = file.path.stat()
        reached = FileState(status.st_size, changed=status.st_mtime_ns, inode=status.st_ino)
        if state is not None and replace(state, inode=0) == replace(reached, inode=0):
            self._settled.add(file.item)
        elif file.is_still:
            taken.files.append(file.path)
            taken.bytes += status.st_size
            taken.reached.append(Reached(self.name, file.item, file.text, reached.to_text()))
            self._settled.add(file.item)

    def _files(self, taken: Taken, *, is_full: bool) -> Iterator[tuple[str, Path, os.stat_result]]:
        """Every file with its name below the root, in order; hours that grow no more only where all is asked for."""
        horizon = None if is_full or self._newest_hour is None else self._newest_hour - _STILL_GROWING

        def refused(error: OSError) -> None:
            taken.issues.append(Issue("watch-unreadable", f"{error.filename}: {error.strerror}"))

        for folder, folders, names in os.walk(self._root, onerror=refused):
            if is_lake(folder):
                folders.clear()
                continue
            folders[:] = sorted(name for name in folders if not self._is_old(f"{folder}/{name}", horizon))
            for name in sorted(names):
                path = Path(folder, name)
                try:
                    status = path.stat()
                except OSError:
                    continue  # it went between the listing and now, as rotated files do
                if path.is_file() and not name.endswith((".tmp", ".part", ".partial")):
                    yield path.relative_to(self._root).as_posix(), path, status

    def _is_old(self, folder: str, horizon: datetime | None) -> bool:
        match = _HOUR.search(folder)
        if match is None:
            return False
        try:
            year, month, day, hour = map(int, match.groups())
            begins = datetime(year, month, day, hour, tzinfo=UTC)
        except ValueError:
            return False
        self._newest_hour = max(self._newest_hour or begins, begins)
        return horizon is not None and begins < horizon


class _Renamed:
    """Finds what was read of a file under the name that it had before it was rotated."""

    def __init__(self, root: Path, known: Mapping[str, str]) -> None:
        self._root = root
        self._known = known
        self._by_inode: dict[int, list[str]] | None = None
        self._moved: list[str] = []

    def find(self, item: str, stream: IO[bytes]) -> FileState | None:
        """How far the file was read under another name; None where it is new."""
        if self._by_inode is None:
            self._by_inode = {}
            for name, text in self._known.items():
                state = FileState.from_text(text)
                if state is not None and state.inode:
                    self._by_inode.setdefault(state.inode, []).append(name)
        inode = os.fstat(stream.fileno()).st_ino
        for name in self._by_inode.get(inode, []):
            state = FileState.from_text(self._known[name])
            if name != item and state is not None and state.changed is None and is_same_file(stream, state):
                if not self._stands(name, inode):
                    self._moved.append(name)
                return state
        return None

    def _stands(self, name: str, inode: int) -> bool:
        try:
            return (self._root / name).stat().st_ino == inode
        except OSError:
            return False

    def forgotten(self, source: str) -> Iterator[Reached]:
        """The old names, under which nothing stands that was read."""
        for name in self._moved:
            if not (self._root / name).exists():
                yield Reached(source, name, self._known[name], None)
