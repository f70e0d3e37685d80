"""The members of a 7z archive, as streams.

The format's library hands content over by calling a writer, so each member is collected before it can be read: in
memory while it is small, in a temporary file beyond that.
"""

from __future__ import annotations

import tempfile
from typing import IO, TYPE_CHECKING, cast

import py7zr
from py7zr.exceptions import ArchiveError
from py7zr.io import Py7zIO, WriterFactory

from tiercel.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.telemetry.inputs import Document, Limits

__all__ = ["members"]


class _Collected(Py7zIO):
    """A member's content as it is decompressed; refuses to grow past the archive's allowance."""

    def __init__(self, factory: _Collection) -> None:
        self.file = tempfile.SpooledTemporaryFile(max_size=factory.limits.spool)  # noqa: SIM115  its reader closes it
        self._factory = factory
        self._size = 0

    def write(self, s: bytes | bytearray) -> int:
        self._size += len(s)
        self._factory.grown(len(s))
        return self.file.write(s)

    def read(self, size: int | None = None) -> bytes:
        return self.file.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def flush(self) -> None:
        self.file.flush()

    def size(self) -> int:
        return self._size


class _Collection(WriterFactory):
    """Every member collected, by name, within what the archive's own size allows."""

    def __init__(self, document: Document, limits: Limits) -> None:
        self.limits = limits
        self.files: dict[str, _Collected] = {}
        self._place = document.name
        self._left = min(limits.expanded, max(limits.ratio_free, document.size * limits.ratio))

    def create(self, filename: str) -> _Collected:
        if len(self.files) >= self.limits.members:
            raise InputError(f"more than {self.limits.members:,} members", path=self._place)
        self.files[filename] = _Collected(self)
        return self.files[filename]

    def grown(self, size: int) -> None:
        """Takes `size` bytes from the allowance; raises InputError when it is used up."""
        self._left -= size
        if self._left < 0:
            raise InputError("it expands to more than a log of its stored size does", path=self._place)


def members(stream: IO[bytes], document: Document, limits: Limits) -> Iterator[tuple[str, IO[bytes], int]]:
    """Name, content and size of each member. Raises InputError for what is no readable 7z archive."""
    collection = _Collection(document, limits)
    try:
        with py7zr.SevenZipFile(stream) as archive:
            archive.extractall(factory=collection)
    except (ArchiveError, EOFError, OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(f"not a readable 7z archive: {error}", path=document.name) from error
    for name, collected in collection.files.items():
        collected.seek(0)
        with collected.file as content:
            yield name, cast("IO[bytes]", content), collected.size()
