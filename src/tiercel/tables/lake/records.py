"""What the log is made of: commits, the parts they add, the inputs they took, and their form as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tiercel.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["FORMAT", "UNDATED", "Commit", "Input", "Operation", "Part", "Reached", "day_folder", "seal", "unseal"]

FORMAT: Final = 1
"""The version of the layout that this module writes. One that is higher is refused."""

UNDATED: Final = "__HIVE_DEFAULT_PARTITION__"
"""The day of rows that have none: Hive's name for null, which DuckDB and Spark know."""

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  times in tables are UTC without a zone
_PATH: Final = re.compile(rf"[A-Za-z]+/day=(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|{UNDATED})/part-[0-9a-f-]+\.parquet")


def day_folder(table: str, day: date | None) -> str:
    """The folder of a table's day within the lake.

    >>> day_folder("DeviceEvents", date(2020, 9, 20))
    'DeviceEvents/day=2020-09-20'
    """
    return f"{table}/day={UNDATED if day is None else day.isoformat()}"


class Operation(StrEnum):
    """What a commit did."""

    IMPORT = "import"
    COMPACT = "compact"
    CLEAN = "clean"


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of one table and one day, its rows sorted by device and time.

    `first` and `last` bound the Timestamps and `least` and `greatest` the DeviceIds: None where the table has no
    such column or the part no such value. `columns` is the fingerprint of the columns it was written with.
    """

    path: str
    rows: int
    bytes: int
    first: datetime | None
    last: datetime | None
    least: str | None
    greatest: str | None
    columns: str

    @property
    def table(self) -> str:
        """The table whose rows it holds."""
        return self.path.split("/", 1)[0]

    @property
    def day(self) -> date | None:
        """The day of all its rows, None for rows without a credible one."""
        name = self.path.split("/", 2)[1].removeprefix("day=")
        return None if name == UNDATED else date.fromisoformat(name)


@dataclass(frozen=True, slots=True)
class Input:
    """A file that was imported: the SHA-256 of its bytes, how many they are, and the path as it was given."""

    sha256: str
    bytes: int
    path: str


@dataclass(frozen=True, slots=True)
class Reached:
    """How far an item of a source has been read: a file of a folder, a partition of a topic.

    `before` and `after` are texts that the source alone understands; None: nothing is known of the item.
    """

    source: str
    item: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Commit:
    """One step of a lake's history, whole or not at all.

    `removes` are parts whose rows live on in `adds`; `forgets` are dead parts whose files were deleted.
    `ingestion_time` is what the rows of an import carry, which singles them out also after a compaction; None where
    each carries its own.
    """

    version: int
    operation: Operation
    at: datetime
    adds: tuple[Part, ...] = ()
    removes: tuple[str, ...] = ()
    forgets: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    ingestion_time: datetime | None = None
    offsets: tuple[tuple[str, str, str | None], ...] = ()
    """Source, item, and how far it has been read with this commit; None: the item may be forgotten."""

    def to_json(self) -> dict[str, Any]:
        """The commit as JSON values."""
        return {
            "version": self.version,
            "operation": self.operation.value,
            "at": moment_to_json(self.at),
            "ingestion_time": moment_to_json(self.ingestion_time),
            "inputs": [[one.sha256, one.bytes, one.path] for one in self.inputs],
            "adds": [part_to_json(part) for part in self.adds],
            "removes": list(self.removes),
            "forgets": list(self.forgets),
            "offsets": [list(each) for each in self.offsets],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Commit:
        """The commit that the values tell of. Raises KeyError, TypeError or ValueError where they tell of none."""
        at = moment_from_json(values["at"])
        if at is None:
            raise ValueError("it has no time")
        return cls(
            int(values["version"]),
            Operation(values["operation"]),
            at,
            tuple(part_from_json(part) for part in values["adds"]),
            tuple(checked_path(path) for path in values["removes"]),
            tuple(checked_path(path) for path in values["forgets"]),
            tuple(Input(str(sha256), int(size), str(path)) for sha256, size, path in values["inputs"]),
            moment_from_json(values["ingestion_time"]),
            offsets_from_json(values.get("offsets", ())),
        )


def offsets_from_json(values: Iterable[Any]) -> tuple[tuple[str, str, str | None], ...]:
    """The offsets that the lists tell of. Raises TypeError or ValueError where they tell of none."""
    return tuple((str(source), str(item), None if to is None else str(to)) for source, item, to in values)


def moment_to_json(moment: datetime | None) -> int | None:
    """Microseconds since 1970, UTC: exact, and the unit of the Parquet columns."""
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def moment_from_json(micros: int | None) -> datetime | None:
    """The moment of so many microseconds since 1970, UTC without a zone."""
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)


def part_to_json(part: Part) -> list[Any]:
    """The part as a list, since a checkpoint may hold a hundred thousand of them."""
    first, last = moment_to_json(part.first), moment_to_json(part.last)
    return [part.path, part.rows, part.bytes, first, last, part.least, part.greatest, part.columns]


def part_from_json(values: list[Any]) -> Part:
    """The part that the list tells of. Raises TypeError or ValueError where it tells of none."""
    path, rows, size, first, last, least, greatest, columns = values
    return Part(
        checked_path(path),
        int(rows),
        int(size),
        moment_from_json(first),
        moment_from_json(last),
        least,
        greatest,
        str(columns),
    )


def checked_path(path: str) -> str:
    """The path, which lies within the lake. Raises ValueError where it would not: a log may have been tampered with."""
    if not _PATH.fullmatch(path):
        raise ValueError(f"{path!r} is no part's path")
    return path


def seal(values: Mapping[str, Any]) -> bytes:
    """The values as one line of JSON, with the format's version and a checksum over both."""
    body = {"format": FORMAT, **values}
    return _line({**body, "sha256": _checksum(body)})


def unseal(content: bytes, name: str) -> dict[str, Any]:
    """The values of a sealed line.

    Raises InputError, with `name` as the file, where the line is damaged or of a newer format.
    """
    try:
        values = json.loads(content)
        checksum = values.pop("sha256")
        version = int(values["format"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{name} is damaged: no sealed record ({error!r})", path=name) from error
    if version > FORMAT:
        message = f"{name} was written by a newer Tiercel: the lake's format is {version}, this version knows {FORMAT}"
        raise InputError(f"{message}; upgrade Tiercel to use this lake", path=name)
    if checksum != _checksum(values):
        raise InputError(f"{name} is damaged: its checksum does not match", path=name)
    return dict(values)


def _line(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def _checksum(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(_line(values)).hexdigest()
