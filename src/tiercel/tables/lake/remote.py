"""A lake in an object store: S3 and what speaks like it, Google Cloud Storage, Azure.

Such a store puts an object whole or not at all, and puts one only if none stands under its name (`If-None-Match: *` and
its kin): all that the log asks for. What a writer has not finished is in a local folder of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from tiercel.errors import InputError, UsageError
from tiercel.tables.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["RemoteStorage", "bucket_of", "unread"]

_AT_ONCE: Final = 16
"""Requests on their way at the same time, for what takes one a file."""
_UPLOADS: Final = 4
"""Files on their way up at the same time; each goes in several pieces side by side."""
_RETRIES: Final[dict[str, Any]] = {"max_retries": 6}

_STATUS: Final = re.compile(r"status code: (\d+)")
_REFUSED: Final = re.compile(r"AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|AuthenticationFailed")
_SILENT: Final = re.compile(r"(\w+://[^/ ]+)[^ ]* in .*error sending request", re.DOTALL)
_NO_BUCKET: Final = re.compile(r"NoSuchBucket|ContainerNotFound|bucket does not exist", re.IGNORECASE)
_NO_CREDENTIALS: Final = re.compile(r"//169\.254\.169\.254|//metadata\.google|missing credential", re.IGNORECASE)
"""Without credentials in the environment, a cloud's own host is asked for some: elsewhere there is none."""

_CREDENTIALS: Final = {
    "s3": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, and AWS_ENDPOINT_URL where it is not Amazon's",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN",
}
_KINDS: Final = {"s3": "s3", "s3a": "s3", "gs": "gs", "az": "az", "abfs": "az", "abfss": "az", "memory": "memory"}

_buckets: dict[str, Any] = {}
_buckets_lock = threading.Lock()


def bucket_of(url: str) -> tuple[str, str, Any]:
    """The URL's bucket, the key below it, and the store that holds the bucket: one a process.

    Raises UsageError where the URL names no bucket or the library that reads it is not there.
    """
    scheme, _, rest = url.partition("://")
    bucket, _, key = rest.partition("/")
    if not bucket:
        raise UsageError(f"{url} names no bucket; write {scheme}://BUCKET/PREFIX")
    base = f"{scheme}://{bucket}"
    with _buckets_lock:
        if base not in _buckets:
            _buckets[base] = _opened(_KINDS[scheme.lower()], base)
        return base, "/".join(filter(None, key.split("/"))), _buckets[base]


def _opened(kind: str, base: str) -> Any:
    try:
        from obstore.exceptions import BaseError  # noqa: PLC0415  only for those who use an object store
        from obstore.store import MemoryStore, from_url  # noqa: PLC0415  as above
    except ImportError as error:
        raise UsageError(f"{base} is read with the extra `remote`: pip install 'tiercel[remote]'") from error
    if kind == "memory":
        return MemoryStore()
    plain = any(os.environ.get(name, "").startswith("http://") for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))
    options: Any = {"client_options": {"allow_http": True}} if kind == "s3" and plain else {}
    options["retry_config"] = _RETRIES
    where = f"s3://{base.partition('://')[2]}" if kind == "s3" else base
    try:
        return from_url(where, **options)
    except BaseError as error:
        raise UsageError(f"{base} cannot be used: {_said(error)}; it is set by {_CREDENTIALS[kind]}") from error


class RemoteStorage:
    """A bucket's prefix that holds a lake, or may come to hold one."""

    settles_late = True

    def __init__(self, url: str) -> None:
        self._bucket, self._prefix, self._store = bucket_of(url)
        self._scratch: Scratch | None = None

    def __str__(self) -> str:
        return f"{self._bucket}/{self._prefix}".rstrip("/")

    def path_of(self, name: str) -> str:
        """The object's URL."""
        return f"{self._bucket}/{self._key(name)}"

    def address(self, name: str) -> str:
        """The object's URL."""
        return self.path_of(name)

    def require_room(self) -> None:
        """Nothing, if the bucket is there: what is to stand in it is tried by writing it."""
        self.names("")

    def exists(self, name: str) -> bool:
        """Whether an object stands under the name; that the bucket is not there is told by `names` alone."""
        import obstore  # noqa: PLC0415  as above

        with unread(self.path_of(name)):
            try:
                obstore.head(self._store, self._key(name))
            except FileNotFoundError:
                return False
        return True

    def read(self, name: str) -> bytes:
        """The whole object. Raises InputError where it cannot be read."""
        import obstore  # noqa: PLC0415  as above

        with unread(self.path_of(name)):
            return bytes(obstore.get(self._store, self._key(name)).bytes())

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        """The objects in the order of the names, some of them on their way at the same time."""
        return _side_by_side(self.read, names, _AT_ONCE)

    def source(self, name: str) -> Any:
        """The object as a seekable file."""
        from tiercel.tables.lake.remote_files import RemoteFile  # noqa: PLC0415  as above

        return RemoteFile(self.path_of(name))

    def sizes(self, names: Sequence[str]) -> list[int | str]:
        """How long the objects are: asked for one, or listed where a folder has several of them."""
        import obstore  # noqa: PLC0415  as above

        from tiercel.tables.lake.remote_files import remember_size  # noqa: PLC0415  as above

        folders: dict[str, list[str]] = defaultdict(list)
        for name in names:
            folders[name.rpartition("/")[0]].append(name)

        def look(folder: str) -> dict[str, int]:
            with unread(self.path_of(folder)):
                if len(folders[folder]) > 1:
                    found = obstore.list_with_delimiter(self._store, self._key(folder))["objects"]
                else:
                    try:
                        found = [obstore.head(self._store, self._key(folders[folder][0]))]
                    except FileNotFoundError:
                        found = []
            return {entry["path"]: entry["size"] for entry in found}

        known = {key: size for found in _side_by_side(look, list(folders), _AT_ONCE) for key, size in found.items()}
        for name in names:
            if (key := self._key(name)) in known:
                remember_size(self.path_of(name), known[key])
        return [known.get(self._key(name), "there is no such object") for name in names]

    def names(self, folder: str) -> list[str]:
        """The names right below a folder, sorted; none where there is none. Raises InputError for no bucket."""
        import obstore  # noqa: PLC0415  as above

        with unread(self.path_of(folder)):
            listed = obstore.list_with_delimiter(self._store, self._key(folder) or None)
        paths = [*listed["common_prefixes"], *(entry["path"] for entry in listed["objects"])]
        return sorted(path.rsplit("/", 1)[-1] for path in paths)

    def parts(self) -> Iterator[str]:
        """Every object that lies where parts lie, live or not."""
        for table in self.names(""):
            if table.startswith(("_", ".")):
                continue
            for key in self._below(table):
                name = key[len(self._prefix) :].lstrip("/")
                if name.count("/") == 2 and name.split("/")[1].startswith("day="):
                    yield name

    def changed(self, name: str) -> float | None:
        """When the object was put, by the store's clock, seconds since 1970; None if it is gone."""
        import obstore  # noqa: PLC0415  as above

        with unread(self.path_of(name)):
            try:
                return float(obstore.head(self._store, self._key(name))["last_modified"].timestamp())
            except FileNotFoundError:
                return None

    def stage(self, writer: str) -> Path:
        """A folder of the writer's own in the system's temporary one (TMPDIR), made if need be."""
        if self._scratch is None:
            self._scratch = Scratch.begin()
        path = self._scratch.folder / writer
        path.mkdir(parents=True, exist_ok=True)
        return path

    def unstage(self, writer: str) -> None:
        """The writer's folder is gone with all that it holds."""
        if self._scratch is None:
            return
        shutil.rmtree(self._scratch.folder / writer, ignore_errors=True)
        if not any(entry.is_dir() for entry in self._scratch.folder.iterdir()):
            self._scratch.end()
            self._scratch = None

    def spill(self) -> None:
        """The system's temporary folder."""
        return

    def put(self, name: str, content: bytes, writer: str) -> None:  # noqa: ARG002  a store needs no stage for one object
        """The content under the name, whole or not at all; what stood there before is replaced."""
        import obstore  # noqa: PLC0415  as above

        with unread(self.path_of(name), "cannot be written: "):
            obstore.put(self._store, self._key(name), content, use_multipart=False)

    def put_if_absent(self, folder: str, file: str, content: bytes, writer: str) -> bool:  # noqa: ARG002  as above
        """Whether the object is new; False, and nothing changed, where one stood already."""
        import obstore  # noqa: PLC0415  as above
        from obstore.exceptions import AlreadyExistsError, PreconditionError  # noqa: PLC0415  as above

        name = f"{folder}/{file}"
        with unread(self.path_of(name), "cannot be written: "):
            try:
                obstore.put(self._store, self._key(name), content, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                # The answer to a first try may have been lost on the way, and this be what the second try met.
                return self.read(name) == content
        return True

    def place(self, staged: Sequence[Path], names: Sequence[str]) -> None:
        """The files are objects. One that is cut off on its way up never shows."""
        import obstore  # noqa: PLC0415  as above

        def upload(pair: tuple[Path, str]) -> None:
            path, name = pair
            with unread(self.path_of(name), "cannot be written: "):
                obstore.put(self._store, self._key(name), path)
            path.unlink()

        for _ in _side_by_side(upload, list(zip(staged, names, strict=True)), _UPLOADS):
            pass

    def remove(self, name: str) -> None:
        """The object is gone, also if it was gone before."""
        self._delete([self._key(name)], name)

    def discard(self, folder: str) -> None:
        """All objects below the folder are gone."""
        self._delete(list(self._below(folder)), folder)

    def _delete(self, keys: list[str], name: str) -> None:
        import obstore  # noqa: PLC0415  as above

        with unread(self.path_of(name), "cannot be deleted: "):
            for key in keys:
                try:
                    obstore.delete(self._store, key)
                except FileNotFoundError:
                    continue  # another one was faster, or it was never there

    def _below(self, folder: str) -> Iterator[str]:
        """The keys of all objects in the folder and in those below it."""
        import obstore  # noqa: PLC0415  as above

        with unread(self.path_of(folder)):
            for page in obstore.list(self._store, self._key(folder)):
                yield from (entry["path"] for entry in page)

    def _key(self, name: str) -> str:
        return "/".join(filter(None, (self._prefix, name)))


@contextmanager
def unread(url: str, doing: str = "") -> Iterator[None]:
    """Turns what an object store says into an InputError that names the place and says what can be done."""
    from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError  # noqa: PLC0415  as above

    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        text = str(error).split("\n\nDebug source", 1)[0]
        kind = _KINDS[url.partition("://")[0].lower()]
        match = _STATUS.search(text)
        is_refused = isinstance(error, PermissionDeniedError | UnauthenticatedError) or bool(_REFUSED.search(text))
        is_refused = is_refused or (match is not None and match[1] in {"401", "403"})
        code = f" ({found[0]})" if (found := _REFUSED.search(text)) else ""
        bucket = "/".join(url.split("/", 3)[:3])
        if _NO_BUCKET.search(text):
            raise InputError(f"{bucket}: there is no such bucket", path=url) from error
        hint = f"they are taken from {_CREDENTIALS.get(kind, 'the environment')}"
        if _NO_CREDENTIALS.search(text):
            raise InputError(f"{url}: {doing}no credentials were found; {hint}", path=url) from error
        if is_refused:
            message = f"{url}: {doing}these credentials have no permission{code}; {hint}"
            raise InputError(message, path=url) from error
        if isinstance(error, FileNotFoundError):
            raise InputError(f"{url}: {doing}there is no such object", path=url) from error
        raise InputError(f"{url}: {doing}{_said(error)}", path=url) from error


def _said(error: Exception) -> str:
    """What the library says, without its inner workings and without the answer's XML."""
    text = str(error).split("\n\nDebug source", 1)[0]
    if silent := _SILENT.search(text):
        return f"the store at {silent[1]} does not answer"
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).strip()


def _side_by_side(work: Callable[[Any], Any], each: Iterable[Any], at_once: int) -> Iterator[Any]:
    """What the work gives for each, in order."""
    tasks = list(each)
    if len(tasks) < 2:
        yield from map(work, tasks)
        return
    with ThreadPoolExecutor(at_once, "tiercel-remote") as pool:
        yield from pool.map(work, tasks)
