"""Statements kept from one run to the next: compiling a rule takes longer than running it over a small case.

A statement is kept under what made it: the query's text and place, the engine, and the compiler itself (its files'
sizes and times, the versions of what it uses), so that an edited rule or a new version never meets an old statement.
Only statements that are true of every run are kept.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from tiercel.declared import Reader, UnfitError
from tiercel.engines.engine import Statement
from tiercel.errors import Issue
from tiercel.kept import KeptFiles, cache_folder, key_of, maker_of
from tiercel.tables import Column

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KeptStatements", "default_folder"]

_ROOMS: Final = ("engines", "kql", "plan", "tables")
"""What decides how a query is compiled."""
_READER: Final = Reader({"Issue": Issue, "Column": Column})


class KeptStatements:
    """The statements in a folder; with None, those of this process alone.

    A folder that cannot be written, and a file in it that cannot be read, mean that the rule is compiled again.
    """

    def __init__(self, folder: Path | None) -> None:
        self._files = KeptFiles(folder)
        self._known: dict[str, Statement] = {}

    def find(self, engine: str, place: str, text: str) -> Statement | None:
        """The statement that the engine made of this text at this place (`rule.md:12`), if it was kept."""
        key = _key(engine, place, text)
        if key not in self._known:
            found = _read(self._files.find(key))
            if found is None:
                return None
            self._known[key] = found
        return self._known[key]

    def keep(self, engine: str, place: str, text: str, statement: Statement) -> None:
        """Keeps a statement that is true of every run; another one is not kept."""
        if not statement.is_lasting:
            return
        key = _key(engine, place, text)
        self._known[key] = statement
        self._files.keep(key, statement)


def default_folder() -> Path | None:
    """Where statements are kept: `TIERCEL_CACHE` (empty: nowhere), or the user's own folder for such things."""
    return cache_folder("statements")


def _key(engine: str, place: str, text: str) -> str:
    return key_of(engine, _compiler(), place, text)


@cache
def _compiler() -> str:
    """What tells one version of the compiler from another."""
    return maker_of(_ROOMS, ("sqlglot", "duckdb"))


def _read(value: Any) -> Statement | None:
    try:
        found: Statement = _READER.read(Statement, value, "statement")
    except UnfitError:
        return None
    return found if found.is_lasting else None
