"""Connections to the store's database: how it is opened, how one writes at a time, and what its errors mean."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from tiercel.errors import TiercelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Database", "Hold", "StoreError", "explained", "store_url"]

_LOCK: Final = 0x7469657263656C
"""PostgreSQL's advisory lock under which the store is written: the letters of `tiercel`."""

_BUSY: Final = (
    "the store at {url} is locked: another process has been writing to it for over {timeout:g} s. "
    "Nothing was recorded; try again when it is done"
)
_FULL: Final = "the disk of the store at {url} is full. Nothing was recorded; make room and run again"
_UNREACHABLE: Final = "the store at {url} cannot be reached: {why}. Nothing was recorded"

_SQLITE: Final = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CANTOPEN: "the store at {url} cannot be opened: {why}. Nothing was recorded",
    sqlite3.SQLITE_READONLY: "the store at {url} cannot be written: {why}. Nothing was recorded",
    sqlite3.SQLITE_IOERR: "the store at {url} cannot be read or written: {why}. Nothing was recorded",
    sqlite3.SQLITE_NOTADB: "{url} is no store: {why}. Nothing was changed",
    sqlite3.SQLITE_CORRUPT: "the store at {url} is damaged: {why}. Nothing was recorded",
}
"""By SQLite's primary result code (sqlite.org/rescode.html)."""

_POSTGRES: Final = {
    "53100": _FULL,
    "55P03": _BUSY,
    "57014": _BUSY,
}
"""By PostgreSQL's error code (its documentation, appendix A)."""


class StoreError(TiercelError):
    """The store cannot do what was asked; what was not acknowledged is not in it."""


def store_url(where: str | Path) -> sa.URL:
    """The database that a URL or a file's path names. Raises UsageError for what is neither SQLite nor PostgreSQL."""
    text = str(where)
    if "://" not in text:
        return sa.URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        url = sa.make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise UsageError(
            "the store's URL cannot be read; write a file's path or postgresql://user@host/database"
        ) from error
    match backend:
        case "sqlite":
            return url
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case _:
            raise UsageError(f"a store stands in SQLite or PostgreSQL, not in {backend}")


class Database:
    """One database, by its URL."""

    def __init__(self, url: sa.URL, timeout: float) -> None:
        self.url = url
        self.timeout = timeout
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.name = url.database or ":memory:" if self.is_sqlite else url.render_as_string(hide_password=True)
        self.engine = self._sqlite() if self.is_sqlite else self._postgres()

    def _sqlite(self) -> sa.Engine:
        path = self.url.database
        if not path or path == ":memory:":
            raise UsageError("a store of alerts is a file: name its path")
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the store's folder {Path(path).parent} cannot be made: {error.strerror}") from error
        engine = sa.create_engine(self.url, poolclass=NullPool, connect_args={"timeout": self.timeout})
        event.listen(engine, "connect", self._prepare)
        event.listen(engine, "begin", _begin)
        return engine

    def _prepare(self, connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours: Python's own would come too late, at the first write
        for pragma in ("foreign_keys = ON", "synchronous = FULL"):
            connection.execute(f"PRAGMA {pragma}")
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            self._start_log(connection)

    def _start_log(self, connection: sqlite3.Connection) -> None:
        """Turn on SQLite's write-ahead log, for which it does not wait by itself while another does the same."""
        until = time.monotonic() + self.timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return

    def _postgres(self) -> sa.Engine:
        try:
            return sa.create_engine(
                self.url,
                pool_pre_ping=True,
                connect_args={"connect_timeout": max(2, int(self.timeout)), "application_name": "tiercel"},
            )
        except ModuleNotFoundError as error:
            raise UsageError("a store in PostgreSQL needs psycopg: pip install 'tiercel[postgres]'") from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one moment of the store."""
        options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._explained(), self.engine.connect() as connection, connection.execution_options(**options).begin():
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A connection in the one transaction that writes; all of it stands when the block ends, or nothing."""
        with self._explained(), self.engine.connect() as connection, connection.execution_options(writes=True).begin():
            if not self.is_sqlite:
                connection.execute(sa.text(f"SET LOCAL lock_timeout = {int(self.timeout * 1000)}"))
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            yield connection

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise explained(error, self.name, self.timeout) from error

    def hold(self, name: str) -> Hold | None:
        """The one place for who does a thing alone, None while another process has it; freed when its holder dies."""
        if not self.is_sqlite:
            with self._explained():
                return _hold_in_postgres(self.engine, name)
        # A lock of SQLite's own on a file beside the store: the same on every system, and the kernel frees it.
        place = f"{self.url.database}.{name}.lock"
        try:
            connection = sqlite3.connect(place, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise StoreError(f"{place} cannot be opened: {error}") from error
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise StoreError(f"{place} cannot be locked: {error}") from error
            return None
        return Hold(connection.close, lambda: True)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


class Hold:
    """Being the one that does a thing."""

    def __init__(self, let_go: Callable[[], None], is_held: Callable[[], bool]) -> None:
        self.let_go = let_go
        self.is_held = is_held
        """Whether it is still so: a database server frees what a lost connection held."""


def _hold_in_postgres(engine: sa.Engine, name: str) -> Hold | None:
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar():
        connection.close()
        return None

    def is_held() -> bool:
        try:
            connection.execute(sa.select(sa.literal(1)))
        except DBAPIError:
            return False
        return True

    def let_go() -> None:
        # Closing alone would give the connection back to the pool with the lock still on it; and a server frees what a
        # closed connection held some time later, so that it is freed in so many words where the connection still lives.
        with contextlib.suppress(DBAPIError):
            connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))
        if not connection.invalidated:
            connection.detach()
        connection.close()

    return Hold(let_go, is_held)


def _begin(connection: sa.Connection) -> None:
    # A transaction that reads first and writes later would be refused, not waited for, when another wrote meanwhile.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def explained(error: DBAPIError, name: str, timeout: float) -> StoreError:
    """The error in words that say what happened to the store, and what was recorded."""
    cause = error.orig
    why = " ".join(str(cause).split())
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        text = _SQLITE.get(code & 0xFF)
    else:
        state = getattr(cause, "sqlstate", None)
        text = _POSTGRES.get(state or "")
        if text is None and (state is None or state[:2] in {"08", "28", "3D", "57"}):
            text = _UNREACHABLE
    if text is None:
        text = "the store at {url} refused: {why}. Nothing was recorded"
    return StoreError(text.format(url=name, why=why, timeout=timeout))
