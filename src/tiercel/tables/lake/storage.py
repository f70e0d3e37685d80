"""Where a lake stands: the few operations that everything else is built on, and who offers them.

Names within a lake are text with forward slashes, relative to its root, as an object store names its objects. What a
writer has not finished is always in a local folder of its own: a folder of the lake where the lake is one.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from tiercel.errors import InputError
from tiercel.tables.places import located

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["HOUSE", "SPILL", "STAGING", "Storage", "storage_at", "written"]

HOUSE: Final = "_tiercel"
"""The folder for all that is no row. Spark and Hive pass over names with a leading underscore."""

STAGING: Final = f"{HOUSE}/staging"
"""Where parts and commit records of a local lake are written before they are moved, a folder for each writer."""

SPILL: Final = f"{HOUSE}/spill"
"""What an import into a local lake cannot hold in memory, a folder for each that is running."""


class Storage(Protocol):
    """A place that holds a lake, or may come to hold one.

    What cannot be read raises InputError, with the place. What cannot be written raises OSError: see `written`.
    """

    settles_late: bool
    """Whether a `put_if_absent` that failed may still come about: then nobody may act as if it had not."""

    def __str__(self) -> str:
        """The place, as it was given."""
        ...

    def path_of(self, name: str) -> str:
        """How to tell a person of the name's place."""
        ...

    def address(self, name: str) -> str:
        """How to tell another reader (DuckDB, Spark) of it: an absolute path, or a URL."""
        ...

    def require_room(self) -> None:
        """Nothing, where a lake could be made. Raises UsageError for a file, InputError where nobody could write."""
        ...

    def exists(self, name: str) -> bool:
        """Whether something stands under the name."""
        ...

    def read(self, name: str) -> bytes:
        """The whole content."""
        ...

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        """The contents in the order of the names, side by side where each takes a journey."""
        ...

    def source(self, name: str) -> Any:
        """The content for PyArrow, which reads pieces of it: a path or a seekable file."""
        ...

    def sizes(self, names: Sequence[str]) -> list[int | str]:
        """How many bytes each has; or in words why that cannot be told."""
        ...

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted; none where there is none."""
        ...

    def parts(self) -> Iterator[str]:
        """Every file that lies where parts lie, live or not."""
        ...

    def changed(self, name: str) -> float | None:
        """When a file, or the newest in a folder, was written or renamed, seconds since 1970; None if it is gone."""
        ...

    def stage(self, writer: str) -> Path:
        """A local folder of the writer's own, made if need be."""
        ...

    def unstage(self, writer: str) -> None:
        """The writer's folder is gone with all that it holds."""
        ...

    def spill(self) -> Path | None:
        """The folder for what an import cannot hold in memory; None: the system's temporary one."""
        ...

    def put(self, name: str, content: bytes, writer: str) -> None:
        """The content under the name, whole or not at all; what stood there before is replaced."""
        ...

    def put_if_absent(self, folder: str, file: str, content: bytes, writer: str) -> bool:
        """Whether `folder` is new and now holds `file`; False, and nothing changed, where it stood already."""
        ...

    def place(self, staged: Sequence[Path], names: Sequence[str]) -> None:
        """Staged files stand under their names, and do so after a power cut; each whole or not at all."""
        ...

    def remove(self, name: str) -> None:
        """The file is gone, also if it was gone before."""
        ...

    def discard(self, folder: str) -> None:
        """The folder is gone with all that it holds, also where another process is at the same."""
        ...


def storage_at(where: str | os.PathLike[str] | Storage) -> Storage:
    """The storage at a path or a URL. Raises UsageError for a URL that nobody here can read."""
    if not isinstance(where, str | os.PathLike):
        return where
    from tiercel.tables.lake.local import LocalStorage  # noqa: PLC0415  it knows the names above

    place = located(where)
    if isinstance(place, Path):
        return LocalStorage(place)
    from tiercel.tables.lake.remote import RemoteStorage  # noqa: PLC0415  only for those who use an object store

    return RemoteStorage(place)


@contextmanager
def written(place: object) -> Iterator[None]:
    """Turns the refusal to write (no space, no permission) into an InputError that names the place."""
    try:
        yield
    except OSError as error:
        path = str(error.filename or place)
        raise InputError(f"{path}: cannot be written: {error.strerror or error}", path=path) from error
