"""Cleaning: files that no reader can want any more are deleted, and what killed writers left behind."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tiercel.tables.lake.log import check_format, prune, read_state, utc_now
from tiercel.tables.lake.records import Operation
from tiercel.tables.lake.storage import STAGING, Storage, storage_at, written
from tiercel.tables.lake.transaction import Transaction

if TYPE_CHECKING:
    from os import PathLike

    from tiercel.tables.lake.log import State

__all__ = ["KEEP", "Cleaned", "clean"]

KEEP: Final = timedelta(days=1)
"""How long a file that is not live stays by default: longer than any query or import is expected to take."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was deleted: parts that compactions had replaced, parts and staging folders of writers that never committed.

    `kept` counts replaced parts that are too young to go, `records` those of the log that checkpoints sum up.
    """

    replaced: int
    unacknowledged: int
    staged: int
    kept: int
    records: int = 0


def clean(where: str | PathLike[str] | Storage, *, keep: timedelta = KEEP) -> Cleaned:
    """What was deleted of all that has not been live for longer than `keep`.

    A reader that opened the lake longer ago than `keep`, and a writer that has been silent for that long, lose their
    files: the reader fails with the file's name, the writer with nothing acknowledged.
    """
    storage = storage_at(where)
    check_format(storage)
    state = read_state(storage)
    oldest = time.time() - keep.total_seconds()
    dead = [path for path, at in state.dead.items() if at <= utc_now() - keep]
    with written(storage):
        strays, staged = _delete(storage, state, dead, oldest)
    if dead:
        with Transaction.begin(where) as transaction:
            transaction.commit(operation=Operation.CLEAN, forgets=dead)
    with written(storage):
        records = prune(storage, oldest)
    return Cleaned(len(dead), strays, staged, len(state.dead) - len(dead), records)


def _delete(storage: Storage, state: State, dead: list[str], oldest: float) -> tuple[int, int]:
    """How many parts without a commit and how many folders of writers went, with the dead parts, after they went."""
    for path in dead:
        storage.remove(path)
    known = {*state.parts, *state.dead}
    strays = [path for path in storage.parts() if path not in known and _older(storage, path, oldest)]
    # A commit may have come since the state was read: what it added is no stray.
    live = read_state(storage).parts
    strays = [path for path in strays if path not in live]
    for path in strays:
        storage.remove(path)
    staged = [name for name in storage.names(STAGING) if _older(storage, f"{STAGING}/{name}", oldest)]
    for name in staged:
        storage.discard(f"{STAGING}/{name}")
    return len(strays), len(staged)


def _older(storage: Storage, name: str, moment: float) -> bool:
    changed = storage.changed(name)
    return changed is not None and changed <= moment
