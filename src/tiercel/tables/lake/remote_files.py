"""Objects of a store as files, for those who read pieces of a Parquet part: PyArrow, and DuckDB by way of fsspec.

A part never changes once it stands under its name, so that its size is asked for once a process, and DuckDB may keep
what it has read of it.
"""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any, Final

import fsspec
import obstore

from tiercel.tables.lake.remote import bucket_of, unread

__all__ = ["RemoteFile", "RemoteFiles", "remember_size"]

_ESCAPED: Final = re.compile(r"\[([*?\[])\]")
_sizes: dict[str, int] = {}


def remember_size(url: str, size: int) -> None:
    """The object is so long, as a look at the store has just told."""
    _sizes[url] = size


def _size(url: str) -> int:
    if url not in _sizes:
        _, key, store = bucket_of(url)
        with unread(url):
            _sizes[url] = obstore.head(store, key)["size"]
    return _sizes[url]


class RemoteFile(io.RawIOBase):
    """An object that is read by its ranges. Raises InputError, naming it, where a range cannot be read."""

    def __init__(self, url: str) -> None:
        super().__init__()
        _, self._key, self._store = bucket_of(url)
        self._url = url
        self._place = 0
        self.size = _size(url)

    def readable(self) -> bool:
        """That it can be."""
        return True

    def seekable(self) -> bool:
        """That it is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read from."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Where the next byte is read from, from now on."""
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        return self._place

    def readinto(self, buffer: Any) -> int:
        """How many bytes were read; as many as there is room for, where the object has them."""
        length = min(len(buffer), self.size - self._place)
        if length <= 0:
            return 0
        with unread(self._url):
            piece = memoryview(obstore.get_range(self._store, self._key, start=self._place, length=length))
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)


class RemoteFiles(fsspec.AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """What DuckDB reads the URLs of one scheme through."""

    cachable = False

    def __init__(self, scheme: str) -> None:
        super().__init__()
        self.protocol = scheme

    def open(self, path: str, mode: str = "rb", **_: Any) -> RemoteFile:
        """The object for reading. Raises InputError where it cannot be read, ValueError for any other mode."""
        if mode != "rb":
            raise ValueError(f"{path} can only be read")
        return RemoteFile(path)

    def glob(self, path: str, **_: Any) -> list[str]:
        """The one object of that name, whose wildcards stand in brackets: DuckDB is given names, never patterns."""
        return [_ESCAPED.sub(r"\1", path)]

    def size(self, path: str) -> int:
        """How long the object is."""
        return _size(path)

    def modified(self, path: str) -> datetime:  # noqa: ARG002  the same for every part
        """One moment for all: what stands under a part's name never changes."""
        return datetime(1970, 1, 1, tzinfo=UTC)

    def exists(self, path: str, **_: Any) -> bool:
        """Whether there is such an object."""
        return _size(path) >= 0
