"""A file that grows, line by line: what of it is new, and how it is known again after it was renamed or cut."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any, Final

import orjson

from tiercel.telemetry.readers.records import LONGEST_RECORD

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HEAD", "FileState", "NewLines", "head_of", "is_same_file", "new_lines"]

HEAD: Final = 256
"""So many bytes of a file's beginning tell it from another one under the same name."""


@dataclass(frozen=True, slots=True)
class FileState:
    """How far a file has been read: `at` bytes, which held `records` records.

    `head` is the hash of its first `looked` bytes, `inode` the file system's number for it. A file that is read as a
    whole (not JSON lines) has `changed`, when it was last written to, in ns.
    """

    at: int
    records: int = 0
    head: str = ""
    looked: int = 0
    inode: int = 0
    changed: int | None = None

    def to_text(self) -> str:
        """The state as the lake keeps it."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def from_text(cls, text: str | None) -> FileState | None:
        """The state that was kept; None where nothing of use was."""
        if text is None:
            return None
        try:
            values: dict[str, Any] = orjson.loads(text)
            return cls(**values)
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class NewLines:
    """Whole lines that are new, and the state after them. `too_long` bytes belong to a line beyond any event's size."""

    text: bytes
    state: FileState
    is_behind: bool = False
    too_long: int = 0


def head_of(stream: IO[bytes], length: int) -> str:
    """The hash of the first bytes."""
    stream.seek(0)
    return hashlib.sha256(stream.read(length)).hexdigest()[:16]


def is_same_file(stream: IO[bytes], state: FileState) -> bool:
    """Whether the open file is the one that the state tells of, and not one that took its place or was cut."""
    size = os.fstat(stream.fileno()).st_size
    return size >= state.at and size >= state.looked and head_of(stream, state.looked) == state.head


def new_lines(path: Path, state: FileState | None, room: int) -> NewLines | None:
    """The whole lines after what was read, up to about `room` bytes; None where there is none yet.

    A last line without its end counts where it is whole, being a JSON object: half of one is none.

    Args:
        path: a file of JSON lines.
        state: how far it was read; None: from its beginning.
        room: at least one line is taken, however little room there is.

    """
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        at = state.at if state else 0
        if size <= at:
            return None
        stream.seek(at)
        text = stream.read(min(size - at, max(room, LONGEST_RECORD + 1)))
        is_end = at + len(text) >= size
        cut = text.rfind(b"\n") + 1
        if is_end and cut < len(text) and _is_object(text[cut:]):
            cut = len(text)
        too_long = 0
        if not cut:
            if len(text) <= LONGEST_RECORD:
                return None
            too_long = cut = len(text)  # no event is that long: the rest of the line is passed over, piece by piece
            text = b""
        looked = min(HEAD, at + cut)
        records = sum(1 for line in text[:cut].split(b"\n") if line.strip())
        reached = FileState(
            at + cut,
            (state.records if state else 0) + records,
            head_of(stream, looked),
            looked,
            os.fstat(stream.fileno()).st_ino,
        )
    return NewLines(text[:cut], reached, not is_end, too_long)


def _is_object(text: bytes) -> bool:
    if not text.rstrip().endswith(b"}"):
        return False
    try:
        return isinstance(orjson.loads(text), dict)
    except ValueError:
        return False
