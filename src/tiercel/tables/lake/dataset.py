"""What stands in a lake at one moment, for readers: a frozen list of parts that no later commit changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tiercel.errors import InputError, Issue
from tiercel.tables import TABLES
from tiercel.tables.lake.log import State, check_format, oldest_commit, read_commits, read_state
from tiercel.tables.lake.schema import fingerprint, table_named
from tiercel.tables.lake.storage import Storage, storage_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from os import PathLike

    from tiercel.tables.lake.records import Commit, Part

__all__ = ["Dataset"]


@dataclass(frozen=True)
class Dataset:
    """The live parts of every table after commit `version`, and what was imported until then.

    Files of parts that a later compaction replaced stay for a day or what `--keep` says, so that a reader may take
    its time. `inputs` holds the size of each imported file by the SHA-256 of its bytes, `offsets` how far each source's
    items have been read.
    """

    storage: Storage
    version: int
    tables: Mapping[str, tuple[Part, ...]] = field(repr=False)
    inputs: Mapping[str, int] = field(repr=False)
    offsets: Mapping[tuple[str, str], str] = field(repr=False)
    issues: tuple[Issue, ...]

    @classmethod
    def open(cls, where: str | PathLike[str] | Storage) -> Dataset:
        """The lake as it stands now.

        Raises InputError where there is no lake, where it is of a newer format, and where its log is damaged.
        """
        storage = storage_at(where)
        check_format(storage)
        return cls._of(storage, read_state(storage))

    def newer(self) -> Dataset:
        """The lake as it stands now, read on from here: only the commits since. Raises as `open` does.

        Where what is known here does not lead to what stands there (a lake put back from a copy), all is read.
        """
        if self.issues:
            return Dataset.open(self.storage)
        check_format(self.storage)
        parts = {part.path: part for parts in self.tables.values() for part in parts}
        known = State(self.version, parts, dict(self.inputs), offsets=dict(self.offsets))
        try:
            state = read_state(self.storage, known)
        except InputError:
            return Dataset.open(self.storage)
        return self if state.version == self.version else Dataset._of(self.storage, state)

    @classmethod
    def _of(cls, storage: Storage, state: State) -> Dataset:
        """What the state says, by table."""
        tables: dict[str, list[Part]] = {name: [] for name in TABLES}
        for part in sorted(state.parts.values(), key=lambda part: part.path):
            if part.table in tables:
                tables[part.table].append(part)
            else:
                hint = "upgrade Tiercel to use this table"
                state.issues.append(
                    Issue("lake-unknown-table", f"{storage.path_of(part.path)} is of no known table", hint=hint)
                )
        return cls(
            storage,
            state.version,
            {name: tuple(parts) for name, parts in tables.items()},
            state.inputs,
            state.offsets,
            tuple(state.issues),
        )

    def parts(
        self,
        table: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        devices: Collection[str] = (),
    ) -> tuple[Part, ...]:
        """The table's live parts, in order of day, without those that hold nothing of what is asked for.

        Args:
            table: a table of the catalogue.
            since: no part that ends before; UTC without a zone.
            until: no part that begins after it.
            devices: DeviceIds; no part that has only others. Empty: all.

        """
        table_named(table)
        return tuple(
            part
            for part in self.tables[table]
            if (since is None or part.last is None or part.last >= since)
            and (until is None or part.first is None or part.first <= until)
            and (not devices or _may_hold(part, devices))
        )

    def files(self, parts: Collection[Part]) -> list[str]:
        """The parts' files: absolute paths, or URLs.

        Raises InputError, naming those that are missing or not as long as written.
        """
        addresses = [self.storage.address(part.path) for part in parts]
        sizes = self.storage.sizes([part.path for part in parts])
        broken = [
            trouble
            for part, address, size in zip(parts, addresses, sizes, strict=True)
            if (trouble := _trouble(part, address, size))
        ]
        if broken:
            more = f" (and {len(broken) - 3} more)" if len(broken) > 3 else ""
            raise InputError(f"{'; '.join(broken[:3])}{more}", path=broken[0].split(": ", 1)[0])
        return addresses

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The oldest and the newest Timestamp of all rows with a credible day; None where there is none."""
        parts = [part for parts in self.tables.values() for part in parts if part.day is not None]
        moments = [moment for part in parts for moment in (part.first, part.last) if moment is not None]
        return (min(moments), max(moments)) if moments else None

    def columns(self, part: Part) -> Collection[str]:
        """The columns that the part was written with. Raises InputError, naming the file, where it cannot be read."""
        table = TABLES[part.table]
        if part.columns == fingerprint(table):
            return table.by_name
        path = self.storage.path_of(part.path)
        try:
            return frozenset(pq.read_schema(self.storage.source(part.path)).names)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path}: {error}", path=path) from error

    def rows(self, table: str) -> int:
        """How many rows the table has."""
        return sum(part.rows for part in self.tables[table])

    def devices(self, parts: Iterable[Part]) -> set[str]:
        """The DeviceIds that occur in the parts. Raises InputError, naming the file, where one cannot be read."""
        found: set[str] = set()
        for part in parts:
            if part.least is None or part.least == part.greatest:
                found.update(filter(None, [part.least]))
                continue
            path = self.storage.path_of(part.path)
            try:
                with pq.ParquetFile(self.storage.source(part.path), read_dictionary=["DeviceId"]) as file:
                    for batch in file.iter_batches(columns=["DeviceId"]):
                        found.update(batch.column(0).dictionary.to_pylist())
            except (pa.ArrowException, OSError) as error:
                raise InputError(f"{path}: {error}", path=path) from error
        return found

    def commits(self, since: int = 0) -> Iterator[Commit]:
        """The records of the commits after `since` up to this dataset's version, oldest first.

        Raises InputError where one of them was pruned: `oldest_commit` says from where on they are kept.
        """
        return read_commits(self.storage, range(since + 1, self.version + 1))

    @property
    def oldest_commit(self) -> int:
        """The first commit whose record is still there."""
        return oldest_commit(self.storage)

    def damaged(self, parts: Iterable[Part] | None = None) -> Iterator[tuple[str, Issue]]:
        """The path of, and an issue for, each part that is missing, cut, or changed in any page; None: of all parts."""
        for part in chain.from_iterable(self.tables.values()) if parts is None else parts:
            path = self.storage.path_of(part.path)
            [size] = self.storage.sizes([part.path])
            trouble = _trouble(part, path, size) or _damage(part, path, self.storage.source(part.path))
            if trouble:
                hint = "restore the file from a copy, or import its source again into a new lake"
                yield part.path, Issue("lake-damaged-part", trouble, hint=hint)


def _may_hold(part: Part, devices: Collection[str]) -> bool:
    least, greatest = part.least, part.greatest
    return least is None or greatest is None or any(least <= device <= greatest for device in devices)


def _trouble(part: Part, path: str, size: int | str) -> str:
    """What is wrong with the file as far as its size tells; empty if nothing is."""
    if isinstance(size, str):
        return f"{path}: {size}"
    return "" if size == part.bytes else f"{path}: {size:,} bytes long, but {part.bytes:,} were written"


def _damage(part: Part, path: str, source: Any) -> str:
    """What is wrong with the file's content, read whole; empty if nothing is."""
    rows = 0
    try:
        with pq.ParquetFile(source, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=16_384):
                rows += batch.num_rows
    except (pa.ArrowException, OSError, InputError) as error:
        return f"{path}: {error}"
    return "" if rows == part.rows else f"{path}: {rows:,} rows, but {part.rows:,} were written"
