"""What keeps a lake that is written to all day small: compaction when parts are many, and cleaning now and then."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tiercel.tables.lake import KEEP, clean, compact
from tiercel.tables.lake.parts import LEAST_PART

if TYPE_CHECKING:
    from datetime import timedelta

    from tiercel.errors import Issue
    from tiercel.tables.lake import Dataset
    from tiercel.tables.places import Place

__all__ = ["SMALL_PARTS", "Upkeep", "keep_up"]

SMALL_PARTS: Final = 24
"""So many small parts of one table and day are merged into one."""
_CLEAN_AFTER: Final = 32
"""Compactions between two cleanings."""


@dataclass(slots=True)
class Upkeep:
    """What was done to the lake."""

    merged: int = 0
    deleted: int = 0
    issues: tuple[Issue, ...] = ()


def keep_up(lake: Place, dataset: Dataset, compactions: int, *, keep: timedelta = KEEP) -> Upkeep | None:
    """What was done; None where nothing was due. `compactions` counts those before."""
    folders = Counter(
        part.path.rsplit("/", 1)[0] for parts in dataset.tables.values() for part in parts if part.bytes < LEAST_PART
    )
    if max(folders.values(), default=0) < SMALL_PARTS:
        return None
    done = compact(lake)
    deleted = 0
    if compactions % _CLEAN_AFTER == 0:
        cleaned = clean(lake, keep=keep)
        deleted = cleaned.replaced + cleaned.unacknowledged + cleaned.records
    return Upkeep(done.parts_before - done.parts_after, deleted, tuple(done.issues))
