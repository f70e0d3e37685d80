"""What one writer adds to a lake: parts that are staged, moved into place, and acknowledged together by one commit."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from tiercel.errors import InputError, Issue, Severity
from tiercel.tables.lake.log import claim, create_lake, read_commit, read_state, utc_now, write_checkpoint
from tiercel.tables.lake.parts import PartWriter
from tiercel.tables.lake.records import Commit, Input, Operation, Reached
from tiercel.tables.lake.schema import table_named
from tiercel.tables.lake.storage import written

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from os import PathLike
    from pathlib import Path

    import pyarrow as pa

    from tiercel.tables.lake.log import State
    from tiercel.tables.lake.records import Part
    from tiercel.tables.lake.storage import Storage

__all__ = ["Overlap", "Transaction"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Why nothing was committed, for another writer was faster.

    It has imported `inputs`, read further what `reached` names, or compacted away the parts `gone`.
    """

    inputs: tuple[Input, ...] = ()
    gone: tuple[str, ...] = ()
    reached: tuple[Reached, ...] = ()


@dataclass(slots=True)
class Transaction:
    """Rows on their way into a lake. As a context manager: what is not committed by its end was never there.

        with Transaction.begin("lake") as transaction:
            transaction.write("DeviceProcessEvents", reader)
            transaction.commit(inputs=[Input(sha256, size, "Security.evtx")])

    Any number of writers may be at it at the same time, in any number of processes.
    """

    storage: Storage
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    issues: list[Issue] = field(default_factory=list)
    _written: list[PartWriter] = field(default_factory=list)
    _placed: list[str] = field(default_factory=list)
    _writes: int = 0
    _attempt: Commit | None = None

    @classmethod
    def begin(cls, where: str | PathLike[str] | Storage) -> Self:
        """A transaction on the lake, which is made if it is not there. Raises as `create_lake` does."""
        with written(where):
            transaction = cls(create_lake(where))
            transaction.storage.stage(transaction.name)
        return transaction

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """A local folder for what the writer needs on the way; it goes when the transaction ends."""
        return self.storage.stage(self.name)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that were written so far."""
        return tuple(part for writer in self._written for _, part in writer.finished)

    def write(self, table: str, rows: Iterable[pa.RecordBatch]) -> int:
        """How many rows of the table were staged. Raises InputError for rows that are not the table's."""
        self._writes += 1
        number = f"{self._writes:02d}"
        with written(self.storage):
            stage = self.storage.stage(f"{self.name}/{number}")
            writer = PartWriter(table_named(table), stage, f"{self.name[:16]}-{number}")
            self._written.append(writer)
            try:
                return writer.write(rows)
            finally:
                writer.abandon()

    def drop_last(self) -> None:
        """What the last `write` staged is not part of the transaction."""
        for staged, _ in self._written.pop().finished:
            staged.unlink(missing_ok=True)

    def commit(
        self,
        *,
        operation: Operation = Operation.IMPORT,
        inputs: Collection[Input] = (),
        removes: Collection[str] = (),
        forgets: Collection[str] = (),
        ingestion_time: datetime | None = None,
        reached: Collection[Reached] = (),
    ) -> Commit | Overlap:
        """The commit that all readers see from now on, or why there is none; then nothing was added.

        Args:
            operation: what kind of step it is.
            inputs: the files that the rows come from; where one of them is in the lake already, nothing is added.
            removes: live parts that the written ones replace; where one of them is not live any more, nothing is added.
            forgets: dead parts whose files are gone.
            ingestion_time: what the rows carry, if all carry the same.
            reached: how far the rows' sources have been read; where one of them is not where it was before, nothing is
                added.

        """
        finished = [pair for writer in self._written for pair in writer.finished]
        self._placed = [part.path for _, part in finished]
        with written(self.storage):
            self.storage.place([staged for staged, _ in finished], self._placed)
        state = read_state(self.storage)
        while True:
            known = tuple(one for one in inputs if one.sha256 in state.inputs)
            gone = tuple(path for path in removes if path not in state.parts)
            moved = tuple(one for one in reached if state.offsets.get((one.source, one.item)) != one.before)
            if known or gone or moved:
                self.close()
                return Overlap(known, gone, moved)
            self._require_placed()
            self._attempt = commit = Commit(
                state.version + 1,
                operation,
                utc_now(),
                self.parts,
                tuple(removes),
                tuple(forgets),
                tuple(inputs),
                ingestion_time,
                tuple((one.source, one.item, one.after) for one in reached),
            )
            with written(self.storage):
                claimed = claim(self.storage, commit, self.name)
            if claimed:
                break
            self._attempt = None
            state = read_state(self.storage, state)
        self._placed = []
        state.apply(commit, "")
        self._sum_up(state)
        self.close()
        return commit

    def close(self) -> None:
        """Ends the transaction: staged files are gone, and so are placed ones if they cannot have been committed."""
        if self._placed and not self._may_be_committed():
            try:
                for name in self._placed:
                    self.storage.remove(name)
            except InputError as error:
                hint = "no record of the log names it: `tiercel lake compact` deletes it in time"
                self.issues.append(Issue("lake-leftover", str(error), hint=hint, severity=Severity.WARNING))
        self._placed = []
        self._written = []
        self.storage.unstage(self.name)

    def _require_placed(self) -> None:
        """Raises InputError where a placed part was deleted: its rows must not be acknowledged."""
        for name in self._placed:
            if not self.storage.exists(name):
                path = self.storage.path_of(name)
                raise InputError(f"{path} was deleted before it was committed; nothing was added", path=path)

    def _may_be_committed(self) -> bool:
        """Whether the log holds the commit, or may come to hold it, although its writer was interrupted just then."""
        if self._attempt is None:
            return False
        if self.storage.settles_late:
            return True  # what is not committed after all is a part that no record names: `clean` takes it away
        state = read_state(self.storage)
        if state.version < self._attempt.version:
            return False
        return read_commit(self.storage, self._attempt.version) == self._attempt

    def _sum_up(self, state: State) -> None:
        try:
            write_checkpoint(self.storage, state, self.name)
        except (OSError, InputError) as error:
            message = f"{self.storage}: no checkpoint could be written: {error}"
            hint = "the commit stands; readers replay the log from the checkpoint before"
            self.issues.append(Issue("lake-checkpoint", message, hint=hint, severity=Severity.WARNING))
