"""Statements kept from one run to the next: compiling a rule takes longer than running it over a small case.

A statement is kept under what made it: the query's text and place, the engine, and the compiler itself (its files'
sizes and times), so that an edited rule or a new version never meets an old statement. Only statements that are true of
every run are kept. The folder can be deleted at any moment.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from tiercel.engines.engine import Statement, TableRead
from tiercel.errors import Issue, Severity, Span
from tiercel.tables import Column, KustoType

__all__ = ["KeptStatements", "default_folder"]

_MOST: Final = 1000
"""Statements in the folder; beyond that the oldest half goes."""
_ROOMS: Final = ("engines", "kql", "plan", "tables")
"""What decides how a query is compiled."""


class KeptStatements:
    """The statements in a folder; with None, those of this process alone.

    A folder that cannot be written, and a file in it that cannot be read, mean that the rule is compiled again.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[str, Statement] = {}

    def find(self, engine: str, place: str, text: str) -> Statement | None:
        """The statement that the engine made of this text at this place (`rule.md:12`), if it was kept."""
        key = _key(engine, place, text)
        if key not in self._known and self._folder:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                self._known[key] = _read(orjson.loads((self._folder / f"{key}.json").read_bytes()))
        return self._known.get(key)

    def keep(self, engine: str, place: str, text: str, statement: Statement) -> None:
        """Keeps a statement that is true of every run; another one is not kept."""
        if not statement.is_lasting:
            return
        key = _key(engine, place, text)
        self._known[key] = statement
        if self._folder:
            with contextlib.suppress(OSError):  # a home that cannot be written costs time, not findings
                self._write(self._folder, key, orjson.dumps(statement))

    def _write(self, folder: Path, key: str, content: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".new", delete=False) as file:
            file.write(content)
        Path(file.name).replace(folder / f"{key}.json")
        kept = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in kept[: len(kept) // 2] if len(kept) > _MOST else ():
            path.unlink(missing_ok=True)


def default_folder() -> Path | None:
    """Where statements are kept: `TIERCEL_CACHE` (empty: nowhere), or the user's own folder for such things."""
    given = os.environ.get("TIERCEL_CACHE")
    if given is not None:
        return Path(given, "statements") if given else None
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local, "tiercel", "cache", "statements") if local else None
    home = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("HOME") and Path(os.environ["HOME"], ".cache"))
    return Path(home, "tiercel", "statements") if home else None


def _key(engine: str, place: str, text: str) -> str:
    parts = (engine, _compiler(), place, text)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _compiler() -> str:
    """What tells one version of the compiler from another: its files, their sizes and times."""
    package = Path(__file__).parent.parent
    files = sorted(path for room in _ROOMS for path in (package / room).rglob("*.*") if path.suffix in {".py", ".txt"})
    facts = ((str(path.relative_to(package)), path.stat()) for path in files)
    text = "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in facts)
    return hashlib.sha256(f"{sys.version}\n{text}".encode()).hexdigest()


def _read(value: dict[str, Any]) -> Statement:
    return Statement(
        sql=value["sql"],
        columns=tuple(Column(**{**column, "type": KustoType(column["type"])}) for column in value["columns"]),
        tables=tuple(value["tables"]),
        warnings=tuple(_issue(issue) for issue in value["warnings"]),
        is_lasting=True,
        subtracted=tuple(value["subtracted"]),
        reads=tuple(
            TableRead(each["table"], tuple(each["columns"]), tuple(each["conditions"])) for each in value["reads"]
        ),
    )


def _issue(value: dict[str, Any]) -> Issue:
    span = Span(**value["span"]) if value["span"] else None
    return Issue(value["code"], value["message"], span, value["hint"], Severity(value["severity"]))
