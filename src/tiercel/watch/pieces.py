"""Pieces that were assembled before: a row that a rule finds at every step is followed to its raw events once."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from tiercel.findings import assemble_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tiercel.errors import Issue
    from tiercel.findings import Finding
    from tiercel.findings.lookup import Lookup
    from tiercel.rules import Rule

__all__ = ["Pieces"]

_MOST: Final = 20_000
"""So many pieces are known at once; beyond that all are forgotten, and found again as they are met."""

_Key = tuple[str, str]


class Pieces:
    """What rows of rules' results were assembled to, for as long as no row comes in at one of their times."""

    def __init__(self) -> None:
        self._known: dict[_Key, Finding] = {}
        self._at: dict[datetime, set[_Key]] = defaultdict(set)
        self._issues: dict[str, tuple[Issue, ...]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def forget(self) -> None:
        """Nothing is known any more."""
        with self._lock:
            self._known.clear()
            self._at.clear()

    def touched(self, moments: Iterable[datetime]) -> Iterator[tuple[str, datetime]]:
        """The rules with pieces at these times, where rows came in; those pieces are forgotten."""
        with self._lock:
            found = {(key, moment) for moment in moments for key in self._at.pop(moment, ())}
            for key, _ in found:
                self._known.pop(key, None)
        yield from {(rule, moment) for (rule, _), moment in found}

    def assembled(
        self, rule: Rule, result: pa.Table, tables: Sequence[str], lookup: Lookup
    ) -> tuple[tuple[Finding, ...], tuple[Issue, ...]]:
        """As `assemble_rows`, for a rule that one thread at a time is at work on."""
        if not result.num_rows:
            return assemble_rows(rule, result, tables, lookup)
        rows = _plain(result)
        keys = [(rule.id, repr(row)) for row in rows]
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
        missing = [number for number, key in enumerate(keys) if key not in found]
        issues = self._issues.get(rule.id, ())
        if missing or rule.id not in self._issues:
            some = result.take(pa.array(missing, pa.int64()))
            pieces, issues = assemble_rows(rule, some, tables, lookup)
            new = dict(zip((keys[number] for number in missing), pieces, strict=True))
            found |= new
            self._remember(new, {keys[number]: rows[number] for number in missing})
            self._issues[rule.id] = issues
        return tuple(found[key] for key in keys), issues

    def _remember(self, new: dict[_Key, Finding], rows: dict[_Key, tuple[object, ...]]) -> None:
        with self._lock:
            if len(self._known) + len(new) > _MOST:
                self._known.clear()
                self._at.clear()
            self._known |= new
            for key, row in rows.items():
                for value in row:
                    if isinstance(value, datetime):
                        self._at[value].add(key)


def _plain(result: pa.Table) -> list[tuple[object, ...]]:
    """The rows as Python values, times at microseconds: as many as tell one row from another."""
    columns = [
        pc.cast(column, pa.timestamp("us"), safe=False) if pa.types.is_timestamp(column.type) else column
        for column in result.columns
    ]
    return list(zip(*(column.to_pylist() for column in columns), strict=True))
