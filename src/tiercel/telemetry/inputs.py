"""Files found under the given paths, and what a document is: one stream of records with its place.

Every bound of an import is a number in `Limits`; what meets one is an `Issue`, and the rest is still read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from tiercel.errors import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["HEAD_BYTES", "Document", "Inputs", "Limits", "Piece", "walk"]

HEAD_BYTES: Final = 65536
"""How much of a file is looked at to know its format."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an import takes at most, so that no input can exhaust memory, disk or patience."""

    files: int = 200_000
    members: int = 100_000
    depth: int = 3
    ratio: int = 1000
    """Expanded bytes per stored byte, once more than `ratio_free` bytes have come out of one member."""
    ratio_free: int = 256 << 20
    expanded: int = 256 << 30
    spool: int = 64 << 20


@dataclass(slots=True)
class Document:
    """One stream of bytes with its place: `path` as given, `member` within archives, joined by `!` where they nest."""

    path: str
    member: str
    folder: str
    """What belongs together: the archive, or the folder the file lies in."""
    stream: IO[bytes]
    head: bytes
    size: int
    """Bytes that reading this document takes from disk, for progress."""
    local: Path | None = None
    """The file itself, where the document is a plain file."""

    @property
    def name(self) -> str:
        """`path`, and behind a `!` the member."""
        return f"{self.path}!{self.member}" if self.member else self.path


@dataclass(frozen=True, slots=True)
class Piece:
    """What a file is a copied piece of: the name that its rows are to give as source, and the records before it."""

    name: str
    before: int


@dataclass(slots=True)
class Inputs:
    """The files to read, in order, and what is wrong with the paths."""

    files: list[tuple[str, Path]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    bytes: int = 0


def walk(paths: Sequence[Path], limits: Limits) -> Inputs:
    """Every regular file at or under the paths, each once, sorted; links to folders are not followed."""
    found = Inputs()
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if not path.exists():
            found.issues.append(Issue("import-no-such-path", f"{path} does not exist", hint="check the spelling"))
            continue
        before = len(found.files)
        for file in _files(path, found):
            if len(found.files) >= limits.files:
                message = f"{path} holds more than {limits.files:,} files; the rest is not read"
                found.issues.append(Issue("import-too-many-files", message, hint="hunt the folders one by one"))
                return found
            try:
                status = file.stat()
            except OSError as error:
                found.issues.append(Issue("import-unreadable", f"{file}: {error.strerror}"))
                continue
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                found.files.append((str(file), file))
                found.bytes += status.st_size
        if len(found.files) == before and path.is_dir():
            found.issues.append(
                Issue(
                    "import-empty-folder",
                    f"{path} holds no file",
                    severity=Severity.WARNING,
                    hint="is it the right one?",
                )
            )
    return found


def _files(path: Path, found: Inputs) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        found.issues.append(Issue("import-unreadable", f"{path} is neither a file nor a folder"))
        return

    def refused(error: OSError) -> None:
        found.issues.append(Issue("import-unreadable", f"{error.filename}: {error.strerror}"))

    for folder, folders, names in os.walk(path, onerror=refused):
        folders.sort()
        for name in sorted(names):
            file = Path(folder) / name
            if file.is_file():
                yield file
