"""What an import says of itself: what was read, kept, skipped and why, and what was corrected on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tiercel.errors import Issue

__all__ = ["Clock", "FileReport", "ImportReport", "Name", "Progress"]


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file, or one member of an archive: its records, each either kept or skipped for a named reason.

    `kept` counts the records that the tables stand on; `skipped` the others, by reason. `kept` plus all of `skipped` is
    `read`, always.
    """

    path: str
    member: str
    format: str
    read: int
    kept: int
    skipped: Mapping[str, int]
    reason: str = ""
    """Why nothing was read, where the file holds no telemetry at all."""
    damaged: int = 0
    """Places of an event log where it cannot even be told how many records were lost."""

    @property
    def name(self) -> str:
        """The path as given, and behind a `!` the member where the file is an archive."""
        return f"{self.path}!{self.member}" if self.member else self.path


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock that was set right: `offset` seconds were added to the times of `rows` rows of `device`.

    `clock` names whose clock it was (`Sysmon network events`, `Security`), `known_from` how the offset is known.
    """

    device: str
    clock: str
    offset: float
    known_from: str
    rows: int


@dataclass(frozen=True, slots=True)
class Name:
    """One device that was written in several ways."""

    device: str
    written: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import has come: the file at hand, bytes done of those known, records read."""

    path: str
    files_done: int
    files: int
    bytes_done: int
    bytes: int
    records: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, for people and for tests.

    `tables` holds the rows per table, every table of the catalogue included. `orientation` counts the rows of network
    events by how it was decided which side is the device's own; what begins with `guessed` is not certain. `oldest` and
    `newest` are the times of the events kept, UTC without a zone. `duplicates` counts events that told of something
    another event had told.
    """

    files: tuple[FileReport, ...]
    tables: Mapping[str, int]
    clocks: tuple[Clock, ...] = ()
    orientation: Mapping[str, int] = field(default_factory=dict)
    names: tuple[Name, ...] = ()
    duplicates: Mapping[str, int] = field(default_factory=dict)
    oldest: datetime | None = None
    newest: datetime | None = None
    issues: tuple[Issue, ...] = ()

    @property
    def read(self) -> int:
        """Records read, of all files."""
        return sum(file.read for file in self.files)

    @property
    def kept(self) -> int:
        """Records that the tables stand on."""
        return sum(file.kept for file in self.files)

    @property
    def skipped(self) -> dict[str, int]:
        """Records not used, by reason, the most frequent first."""
        total: dict[str, int] = {}
        for file in self.files:
            for reason, count in file.skipped.items():
                total[reason] = total.get(reason, 0) + count
        return dict(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))
