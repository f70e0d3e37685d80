"""Compaction: small parts of one day merged into sorted, sized ones, while others read and import."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tiercel.errors import InputError, Issue
from tiercel.tables import TABLES
from tiercel.tables.lake.dataset import Dataset
from tiercel.tables.lake.parts import GREATEST_PART, LEAST_PART, row_key
from tiercel.tables.lake.records import Operation
from tiercel.tables.lake.schema import conform, sort_columns
from tiercel.tables.lake.transaction import Overlap, Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from os import PathLike

    from tiercel.tables import Table
    from tiercel.tables.lake.records import Part
    from tiercel.tables.lake.storage import Storage

__all__ = ["Compacted", "compact"]

_ROWS_AT_ONCE: Final = 262_144
"""Rows in memory during a merge, shared among the parts that are merged."""

_PARTS_AT_ONCE: Final = 32
"""Parts that are merged into one; a day with more takes several passes."""

_COMMIT_BYTES: Final = 1 << 30
"""What is merged before it is committed: a compaction that is stopped loses no more than this."""


@dataclass(slots=True)
class Compacted:
    """What a compaction did: how many live parts of how many bytes became how many.

    `overtaken` counts parts that another compaction had merged first: they were left to it.
    """

    parts_before: int = 0
    parts_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    rows_merged: int = 0
    overtaken: int = 0
    issues: list[Issue] = field(default_factory=list)


def compact(
    where: str | PathLike[str] | Storage, *, progress: Callable[[str, int, int], None] | None = None
) -> Compacted:
    """What was merged. Readers see each row once at any time, importers need not wait.

    Parts below 64 MB are merged with others of their table and day into parts of up to 256 MB, until a day has at
    most one that is smaller. A part that cannot be read is an issue and stays as it is.

    Args:
        where: the lake.
        progress: called with a day's folder, groups done and groups in all of this pass.

    """
    done = Compacted()
    damaged: set[str] = set()
    dataset = Dataset.open(where)
    done.issues += dataset.issues
    done.parts_before, done.bytes_before = _size(dataset)
    while groups := list(_groups(dataset, damaged)):
        chunk: list[tuple[Part, ...]] = []
        before = dataset.version, len(damaged)
        for number, group in enumerate(groups):
            if progress is not None:
                progress(group[0].path.rsplit("/", 1)[0], number, len(groups))
            chunk.append(group)
            if number + 1 == len(groups) or sum(part.bytes for one in chunk for part in one) >= _COMMIT_BYTES:
                _merge_all(dataset, chunk, done, damaged)
                chunk = []
        dataset = Dataset.open(where)
        if before == (dataset.version, len(damaged)):
            break
    done.parts_after, done.bytes_after = _size(dataset)
    return done


def _size(dataset: Dataset) -> tuple[int, int]:
    parts = [part for parts in dataset.tables.values() for part in parts]
    return len(parts), sum(part.bytes for part in parts)


def _groups(dataset: Dataset, damaged: set[str]) -> Iterator[tuple[Part, ...]]:
    """Parts that are to become one, each group of one table and day."""
    for parts in dataset.tables.values():
        days: dict[str, list[Part]] = {}
        for part in parts:
            if part.bytes < LEAST_PART and part.path not in damaged:
                days.setdefault(part.path.rsplit("/", 1)[0], []).append(part)
        for small in days.values():
            group: list[Part] = []
            size = 0
            for part in sorted(small, key=lambda part: (part.bytes, part.path)):
                if len(group) == _PARTS_AT_ONCE or size + part.bytes > GREATEST_PART - LEAST_PART:
                    yield tuple(group)
                    group, size = [], 0
                group.append(part)
                size += part.bytes
            if len(group) > 1:
                yield tuple(group)


def _merge_all(dataset: Dataset, groups: Sequence[tuple[Part, ...]], done: Compacted, damaged: set[str]) -> None:
    """Merges the groups and commits them together; where another compaction has taken some, the others again."""
    merged: list[tuple[Part, ...]] = []
    with Transaction.begin(dataset.storage) as transaction:
        for group in groups:
            try:
                dataset.files(group)
                rows = transaction.write(group[0].table, merge(dataset, group))
            except (InputError, pa.ArrowException, OSError):
                transaction.drop_last()
                broken = dict(dataset.damaged(group))
                if not broken:
                    raise
                done.issues += broken.values()
                damaged.update(broken)
                continue
            expected = sum(part.rows for part in group)
            if rows != expected:
                place = dataset.storage.path_of(group[0].path.rsplit("/", 1)[0])
                raise InputError(
                    f"{place}: {expected:,} rows were merged into {rows:,}; nothing was changed", path=place
                )
            merged.append(group)
        if not merged:
            return
        removes = [part.path for group in merged for part in group]
        outcome = transaction.commit(operation=Operation.COMPACT, removes=removes)
        done.issues += transaction.issues
    if isinstance(outcome, Overlap):
        gone = set(outcome.gone)
        done.overtaken += len(gone)
        _merge_all(dataset, [group for group in merged if not gone & {part.path for part in group}], done, damaged)
    else:
        done.rows_merged += sum(part.rows for part in outcome.adds)


def merge(dataset: Dataset, parts: Sequence[Part]) -> Iterator[pa.RecordBatch]:
    """All rows of the parts, sorted, a little of each part in memory at a time.

    Each part is sorted by itself. Of the rows at hand, those up to the least of the parts' last rows cannot be
    preceded by a row that is still to be read: they are sorted together and handed on, the rest waits.
    """
    table = TABLES[parts[0].table]
    share = _ROWS_AT_ONCE // len(parts)
    order = [(name, "ascending") for name in sort_columns(table)]
    with ExitStack() as stack:
        runs = [_Run(stack, dataset.storage.source(part.path), table, share) for part in parts]
        while runs := [run for run in runs if run.fill()]:
            bound = min(run.last for run in runs)
            taken = pa.Table.from_batches([batch for run in runs for batch in run.take(bound)])
            yield from taken.take(pc.sort_indices(taken, sort_keys=order)).to_batches()


class _Run:
    """One part that is being merged: the rows at hand, and where the next ones come from."""

    def __init__(self, stack: ExitStack, source: Any, table: Table, share: int) -> None:
        self._table = table
        file = stack.enter_context(pq.ParquetFile(source, page_checksum_verification=True))
        self._batches = file.iter_batches(batch_size=share)
        self._rows: Any = None
        self._start = 0
        self.last: tuple[Any, ...] = ()

    def fill(self) -> bool:
        """Whether there are rows at hand, after the next ones were read if there were none."""
        while self._rows is None or self._start == self._rows.num_rows:
            batch = next(self._batches, None)
            if batch is None:
                return False
            self._rows, self._start = conform(batch, self._table), 0
            if batch.num_rows:
                self.last = row_key(self._rows, batch.num_rows - 1, self._table)
        return True

    def take(self, bound: tuple[Any, ...]) -> Iterator[pa.RecordBatch]:
        """The rows at hand up to and with the bound, found by halving."""
        low, high = self._start, self._rows.num_rows
        while low < high:
            middle = (low + high) // 2
            if row_key(self._rows, middle, self._table) <= bound:
                low = middle + 1
            else:
                high = middle
        if low > self._start:
            yield self._rows.slice(self._start, low - self._start)
        self._start = low
