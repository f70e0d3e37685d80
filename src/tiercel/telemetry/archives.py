"""Archives opened as streams: gzip, zip, tar and 7z, nested to a bound, each expansion watched.

Nothing is unpacked to disk but what its format cannot stream (a zip within an archive, 7z): that goes to a temporary
file, gone when closed.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, cast

from tiercel.errors import InputError, Issue
from tiercel.telemetry.inputs import HEAD_BYTES, Document, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["documents"]


class _Bounded(io.RawIOBase):
    """A decompressed stream that stops with an InputError where it expands beyond the limits."""

    def __init__(self, stream: IO[bytes], stored: int, name: str, limits: Limits) -> None:
        super().__init__()
        self._stream = stream
        self._name = name
        self._out = 0
        self._most = min(limits.expanded, max(limits.ratio_free, stored * limits.ratio))

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            content = self._stream.read(size)
        except (zlib.error, lzma.LZMAError, zipfile.BadZipFile, EOFError, OSError, RuntimeError) as error:
            raise InputError(f"the archive is damaged or protected here: {error}", path=self._name) from error
        self._out += len(content)
        if self._out > self._most:
            raise InputError(
                f"it expands to more than {self._most >> 20} MB, which no log of its stored size does", path=self._name
            )
        return content


def _peek(stream: IO[bytes]) -> tuple[bytes, IO[bytes]]:
    """The first bytes, and a stream that still begins with them."""
    head = b""
    while len(head) < HEAD_BYTES and (more := stream.read(HEAD_BYTES - len(head))):
        head += more
    if stream.seekable():
        stream.seek(0)
        return head, stream
    return head, cast("IO[bytes]", _Rejoined(head, stream))


class _Rejoined(io.RawIOBase):
    """A stream that first gives back what was taken from it."""

    def __init__(self, head: bytes, stream: IO[bytes]) -> None:
        super().__init__()
        self._head = io.BytesIO(head)
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return self._head.read() + self._stream.read()
        return self._head.read(size) or self._stream.read(size)


def documents(name: str, file: Path, limits: Limits, report: Callable[[Issue], None]) -> Iterator[Document]:
    """The file's streams of records: itself, or the members of the archive that it is."""
    with file.open("rb", buffering=0) as stream:
        size = file.stat().st_size
        yield from _opened(
            Document(name, "", str(file.parent), cast("IO[bytes]", stream), b"", size, file), 0, limits, report
        )


def _opened(document: Document, depth: int, limits: Limits, report: Callable[[Issue], None]) -> Iterator[Document]:
    """The document, or what it holds if its first bytes say that it is an archive."""
    try:
        document.head, document.stream = _peek(document.stream)
        kind = _archive(document.head)
        if kind is None:
            yield document
            return
        if depth >= limits.depth:
            message = f"{document.name}: archives nested more than {limits.depth} deep are not opened"
            report(Issue("import-archive", message, hint="unpack the outer ones"))
            return
        for inner in kind(document, limits, report):
            yield from _opened(inner, depth + 1, limits, report)
    except InputError as error:
        place = error.path or document.name
        report(Issue("import-archive", f"{place}: {error.message}", hint="what was read until there is kept"))


def _archive(
    head: bytes,
) -> Callable[[Document, Limits, Callable[[Issue], None]], Iterator[Document]] | None:
    """How to open what begins with these bytes, or None if it is no archive."""
    if head.startswith(b"\x1f\x8b"):
        return _gzip
    if head.startswith(b"PK\x03\x04"):
        return _zip
    if head.startswith(b"7z\xbc\xaf\x27\x1c"):
        return _seven_zip
    if head[257:262] == b"ustar":
        return _tar
    return None


def _inner(outer: Document, member: str, stream: IO[bytes], stored: int, limits: Limits) -> Document:
    """A document that stands for a member of `outer`."""
    path = f"{outer.member}!{member}" if outer.member else member
    bounded = cast("IO[bytes]", _Bounded(stream, stored, f"{outer.path}!{path}", limits))
    return Document(outer.path, path, outer.path, bounded, b"", stored)


def _gzip(document: Document, limits: Limits, report: Callable[[Issue], None]) -> Iterator[Document]:
    del report
    with gzip.GzipFile(fileobj=document.stream) as stream:
        inner = _inner(document, "", cast("IO[bytes]", stream), document.size, limits)
        inner.member = document.member
        inner.folder = document.folder
        yield inner


def _zip(document: Document, limits: Limits, report: Callable[[Issue], None]) -> Iterator[Document]:
    with _seekable(document, limits) as stream:
        try:
            archive = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise InputError(f"not a readable zip archive: {error}", path=document.name) from error
        with archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > limits.members:
                raise InputError(f"{len(members):,} members, more than {limits.members:,}", path=document.name)
            for member in members:
                try:
                    opened = archive.open(member)
                except (zipfile.BadZipFile, RuntimeError, OSError) as error:
                    place = f"{document.name}!{member.filename}"
                    hint = "give it without a password, deflated or stored"
                    report(Issue("import-archive", f"{place}: cannot be opened: {error}", hint=hint))
                    continue
                with opened:
                    yield _inner(document, member.filename, opened, member.compress_size, limits)


def _tar(document: Document, limits: Limits, report: Callable[[Issue], None]) -> Iterator[Document]:
    del report
    try:
        with tarfile.open(fileobj=document.stream, mode="r|") as archive:
            for count, member in enumerate(archive):
                if count >= limits.members:
                    raise InputError(f"more than {limits.members:,} members", path=document.name)
                content = archive.extractfile(member) if member.isreg() else None
                if content is not None:
                    inner = _inner(document, member.name, content, member.size, limits)
                    yield inner
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise InputError(f"not a readable tar archive: {error}", path=document.name) from error


def _seven_zip(document: Document, limits: Limits, report: Callable[[Issue], None]) -> Iterator[Document]:
    from tiercel.telemetry.seven_zip import members  # noqa: PLC0415  py7zr takes long to import and is seldom needed

    del report
    with _seekable(document, limits) as stream:
        for name, content, stored in members(stream, document, limits):
            yield _inner(document, name, content, stored, limits)


@contextlib.contextmanager
def _seekable(document: Document, limits: Limits) -> Iterator[IO[bytes]]:
    """The document's stream if it can seek, else a temporary copy that can."""
    if document.stream.seekable():
        yield document.stream
        return
    with tempfile.SpooledTemporaryFile(max_size=limits.spool) as copy:
        while content := document.stream.read(1 << 20):
            copy.write(content)
        copy.seek(0)
        yield cast("IO[bytes]", copy)
