"""The commit log: numbered records, each claimed by one writer, and checkpoints that sum them up.

    _tiercel/format.json                                 which version of the layout
    _tiercel/commits/00000000000000000001/commit.json    one record a commit, without gaps
    _tiercel/checkpoints/00000000000000000064.json       what lives after that commit

The log alone says which parts live. A checkpoint saves reading, and a damaged one is passed over. Records that two
sound checkpoints sum up are deleted in time: a lake written to every minute would have half a million in a year.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tiercel.errors import InputError, Issue, Severity, UsageError
from tiercel.tables.lake.records import (
    Commit,
    Part,
    checked_path,
    moment_from_json,
    moment_to_json,
    offsets_from_json,
    part_from_json,
    part_to_json,
    seal,
    unseal,
)
from tiercel.tables.lake.storage import HOUSE, Storage, storage_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

__all__ = [
    "CHECKPOINT_EVERY",
    "State",
    "check_format",
    "claim",
    "create_lake",
    "is_lake",
    "oldest_commit",
    "prune",
    "read_commit",
    "read_commits",
    "read_state",
    "utc_now",
    "write_checkpoint",
]

CHECKPOINT_EVERY: Final = 64
"""How many commits a reader replays at most."""

_FORMAT: Final = f"{HOUSE}/format.json"
_COMMITS: Final = f"{HOUSE}/commits"
_RECORD: Final = "commit.json"
_CHECKPOINTS: Final = f"{HOUSE}/checkpoints"


def utc_now() -> datetime:
    """The present, UTC without a zone, as all times in tables are."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(slots=True)
class State:
    """What stands in the lake after `version`.

    Live parts by path, the sizes of what was imported by SHA-256, since when those parts are dead whose files may still
    be there, and how far each item of each source has been read.
    """

    version: int = 0
    parts: dict[str, Part] = field(default_factory=dict)
    inputs: dict[str, int] = field(default_factory=dict)
    dead: dict[str, datetime] = field(default_factory=dict)
    offsets: dict[tuple[str, str], str] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)

    def apply(self, commit: Commit, name: str) -> None:
        """Takes one commit further. Raises InputError where it does not follow from what stands."""
        gone = [path for path in commit.removes if path not in self.parts]
        twice = [part.path for part in commit.adds if part.path in self.parts]
        if commit.version != self.version + 1 or gone or twice:
            raise InputError(f"{name} is damaged: it does not follow from the commits before it", path=name)
        for path in commit.removes:
            del self.parts[path]
            self.dead[path] = commit.at
        self.parts.update((part.path, part) for part in commit.adds)
        self.inputs.update((one.sha256, one.bytes) for one in commit.inputs)
        for path in commit.forgets:
            self.dead.pop(path, None)
        for source, item, reached in commit.offsets:
            if reached is None:
                self.offsets.pop((source, item), None)
            else:
                self.offsets[source, item] = reached
        self.version = commit.version


def is_lake(where: str | PathLike[str]) -> bool:
    """Whether a lake stands there, readable or not."""
    return storage_at(where).exists(_FORMAT)


def create_lake(where: str | PathLike[str] | Storage) -> Storage:
    """The lake's storage; where no lake stood, an empty one stands now.

    Raises UsageError for a folder that holds other things, InputError for a lake of a newer format.
    """
    storage = storage_at(where)
    if not storage.exists(_FORMAT):
        storage.require_room()
        strangers = [name for name in storage.names("") if name != HOUSE]
        if strangers:
            message = f"{storage} holds other things than a lake ({strangers[0]}, ...)"
            raise UsageError(f"{message}; give a new folder, an empty one or a lake")
        # Two writers may do so at once: both write the same bytes, each by way of a folder of its own.
        writer = uuid.uuid4().hex
        storage.put(_FORMAT, seal({"lake": "tiercel"}), writer)
        storage.unstage(writer)
    check_format(storage)
    return storage


def check_format(storage: Storage) -> None:
    """Nothing, if this is a lake that can be used. Raises InputError if not."""
    if not storage.exists(_FORMAT):
        storage.require_room()
        raise InputError(f"{storage} is no lake: it has no {_FORMAT}", path=str(storage))
    unseal(storage.read(_FORMAT), storage.path_of(_FORMAT))


def read_commit(storage: Storage, version: int) -> Commit:
    """The record of one commit. Raises InputError where it is damaged."""
    return next(read_commits(storage, [version]))


def read_commits(storage: Storage, versions: Sequence[int]) -> Iterator[Commit]:
    """The records of the commits, in this order. Raises InputError where one is damaged."""
    names = [f"{_folder(version)}/{_RECORD}" for version in versions]
    for version, name, content in zip(versions, names, storage.read_all(names), strict=True):
        place = storage.path_of(name)
        values = unseal(content, place)
        try:
            commit = Commit.from_json(values)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{place} is damaged: {error!r}", path=place) from error
        if commit.version != version:
            raise InputError(f"{place} is damaged: it is the record of commit {commit.version}", path=place)
        yield commit


def read_state(storage: Storage, since: State | None = None) -> State:
    """What stands after the newest commit; with `since`, that state taken further.

    Raises InputError where the log has a gap, is damaged, or is of a newer format.
    """
    checkpoints = _numbers(storage, _CHECKPOINTS)  # listed before the commits: no later one is missing by a race
    numbers = _numbers(storage, _COMMITS)
    newest = max(numbers, default=0)
    is_pruned = since is not None and since.version + 1 < min(numbers, default=0)
    state = _checkpoint(storage, checkpoints) if since is None or is_pruned else since
    if max(state.version, *checkpoints, 0) > newest:
        place = storage.path_of(_COMMITS)
        raise InputError(f"{place} is damaged: commits after {newest} are missing", path=place)
    for commit in read_commits(storage, range(state.version + 1, newest + 1)):
        state.apply(commit, storage.path_of(f"{_folder(commit.version)}/{_RECORD}"))
    return state


def claim(storage: Storage, commit: Commit, writer: str) -> bool:
    """Whether the commit is now part of the log; False where another writer has taken its number."""
    if not storage.put_if_absent(_folder(commit.version), _RECORD, seal(commit.to_json()), writer):
        return False
    # A writer that slept for days between reading the log and this may have got a number whose record was pruned.
    if max(_numbers(storage, _CHECKPOINTS), default=0) < commit.version:
        return True
    storage.discard(_folder(commit.version))
    return False


def oldest_commit(storage: Storage) -> int:
    """The number of the oldest record that is kept; 1 where there is none yet."""
    return min(_numbers(storage, _COMMITS), default=1)


def prune(storage: Storage, before: float) -> int:
    """How many records went that were written before the moment (seconds since 1970) and are summed up twice."""
    checkpoints = sorted(_numbers(storage, _CHECKPOINTS), reverse=True)
    sound = (version for version in checkpoints if _checkpoint(storage, [version]).version == version)
    newest, second = next(sound, 0), next(sound, 0)
    if not newest or not second:
        return 0
    gone = 0
    for version in sorted(_numbers(storage, _COMMITS)):
        folder = _folder(version)
        changed = storage.changed(f"{folder}/{_RECORD}")
        if version > second or changed is None or changed > before:
            break  # from the oldest on, so that what is left has no gap
        storage.discard(folder)
        gone += 1
    for version in checkpoints:
        if version < second:
            storage.remove(f"{_CHECKPOINTS}/{version:020d}.json")
    return gone


def write_checkpoint(storage: Storage, state: State, writer: str) -> None:
    """Sums up the log where it is due; readers would do without."""
    if state.version % CHECKPOINT_EVERY:
        return
    values = {
        "version": state.version,
        "parts": [part_to_json(part) for part in state.parts.values()],
        "inputs": list(state.inputs.items()),
        "dead": [[path, moment_to_json(at)] for path, at in state.dead.items()],
        "offsets": [[*key, reached] for key, reached in state.offsets.items()],
    }
    storage.put(f"{_CHECKPOINTS}/{state.version:020d}.json", seal(values), writer)


def _checkpoint(storage: Storage, versions: list[int]) -> State:
    """The newest checkpoint that can be read; an empty state where there is none."""
    issues: list[Issue] = []
    for version in sorted(versions, reverse=True):
        name = f"{_CHECKPOINTS}/{version:020d}.json"
        place = storage.path_of(name)
        try:
            values = unseal(storage.read(name), place)
            parts = [part_from_json(part) for part in values["parts"]]
            return State(
                int(values["version"]),
                {part.path: part for part in parts},
                {str(sha256): int(size) for sha256, size in values["inputs"]},
                {checked_path(path): moment_from_json(at) or utc_now() for path, at in values["dead"]},
                {(source, item): to or "" for source, item, to in offsets_from_json(values.get("offsets", ()))},
                issues,
            )
        except (InputError, KeyError, TypeError, ValueError, OverflowError) as error:
            hint = "the log was read instead, which takes longer; delete the file"
            issues.append(Issue("lake-checkpoint", f"{place}: {error}", hint=hint, severity=Severity.WARNING))
    return State(issues=issues)


def _folder(version: int) -> str:
    return f"{_COMMITS}/{version:020d}"


def _numbers(storage: Storage, folder: str) -> list[int]:
    stems = (name.removesuffix(".json") for name in storage.names(folder))
    return [int(stem) for stem in stems if len(stem) == 20 and stem.isascii() and stem.isdigit()]
