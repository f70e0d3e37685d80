"""The conductor of imports: files of telemetry in, commits of a lake out, and nothing twice."""

from __future__ import annotations

import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from tiercel.engines.duckdb import Spill, trouble
from tiercel.errors import EngineError, Issue, UsageError
from tiercel.tables import TABLES
from tiercel.tables.lake import Commit, Dataset, Input, Transaction, create_lake, is_lake, with_ingestion_time
from tiercel.tables.lake.local import LocalStorage
from tiercel.tables.lake.log import utc_now
from tiercel.tables.lake.schema import sort_columns
from tiercel.tables.places import is_url
from tiercel.telemetry import importer
from tiercel.telemetry.inputs import Limits, walk
from tiercel.telemetry.report import ImportReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from datetime import datetime
    from os import PathLike

    from tiercel.tables.lake import Part
    from tiercel.tables.lake.storage import Storage
    from tiercel.telemetry.report import Progress

__all__ = ["BATCH_BYTES", "MEMORY_BYTES", "IngestionTime", "Intake", "Writing", "import_into"]

BATCH_BYTES: Final = 4 * 10**9
"""Bytes of files that are read and committed together, so that an import which is stopped goes on where it was."""

MEMORY_BYTES: Final = 10**9
"""What an import may hold in memory, unless another limit is given."""

_SORTED_BY_WRITER: Final = 400_000
"""A table of so many rows is sorted by the lake's writer in its buffer, a larger one by DuckDB, on disk if need be."""

_BATCH_ROWS: Final = 65_536

_CHANGED: Final = "{} changed or went while it was to be read; nothing of it was imported"
_COPY: Final = "import a copy of it, or the file itself once nothing writes to it any more"


class IngestionTime(StrEnum):
    """What `ingestion_time()` is to return for imported rows."""

    IMPORT = "import"
    """The time of their import, the same for all rows of a commit."""
    EVENT = "event"
    """Each row's own Timestamp, as if it had been stored when it happened."""


@dataclass(frozen=True, slots=True)
class Writing:
    """A table's rows are about to be written to the lake."""

    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class Intake:
    """What an import did: what it read, what it left out as known, and the commits that hold the rest."""

    report: ImportReport
    known: tuple[Input, ...]
    commits: tuple[Commit, ...]

    @property
    def rows(self) -> int:
        """Rows that were added to the lake."""
        return sum(part.rows for commit in self.commits for part in commit.adds)


@dataclass(frozen=True, slots=True)
class _File:
    """A file to import, as it was when it was found."""

    name: str
    path: Path
    bytes: int
    changed: int

    @property
    def is_changed(self) -> bool:
        """Whether it is not what it was, so that its hash may not be that of what was read."""
        try:
            status = self.path.stat()
        except OSError:
            return True
        return (status.st_size, status.st_mtime_ns) != (self.bytes, self.changed)


def import_into(
    lake: str | PathLike[str],
    paths: Iterable[str | PathLike[str]],
    *,
    ingestion_time: IngestionTime = IngestionTime.IMPORT,
    batch_bytes: int = BATCH_BYTES,
    memory_bytes: int = MEMORY_BYTES,
    progress: Callable[[Progress | Writing], None] | None = None,
) -> Intake:
    """What was added to the lake, which is made if it is not there.

    A file whose bytes were imported before, under whatever name, is not read again. Each batch of files is committed as
    one, so whatever is killed can be run again: what was acknowledged stands, what was not is read anew.

    Args:
        lake: the lake's folder, or its URL in an object store as text.
        paths: files and folders, as for `importer.read`; of another lake, its live parts.
        ingestion_time: what `ingestion_time()` is to return for the rows.
        batch_bytes: files are committed together up to this size; a folder's files stay together where they fit.
        memory_bytes: what the process may hold in memory; the rest goes to disk, into the lake's folder if it has one.
        progress: called now and then.

    Raises UsageError where `lake` cannot become a lake, InputError where it is damaged or cannot be written, and
    EngineError where DuckDB gives up.

    """
    given = [_local(path) for path in paths]
    storage = create_lake(lake)
    files, issues = _found(given, storage.root if isinstance(storage, LocalStorage) else None)
    hasher = ThreadPoolExecutor(1, "tiercel-hash")
    spill = Spill.begin(storage.spill())
    work = _Import(storage, ingestion_time, memory_bytes, progress, hasher, spill)
    work.reports.append(ImportReport((), {}, issues=tuple(issues)))
    try:
        for batch in _batches(files, batch_bytes):
            waiting = batch
            while waiting:
                waiting = work.import_batch(waiting)
    except duckdb.Error as error:
        reason = trouble(error, str(spill.folder)) or "DuckDB failed while events were mapped"
        raise EngineError(f"{reason} (DuckDB: {error})") from error
    finally:
        spill.end()
        hasher.shutdown(cancel_futures=True)
    return Intake(_joined(work.reports), tuple(work.known), tuple(work.commits))


@dataclass(slots=True)
class _Import:
    """An import on its way, and what it did so far."""

    storage: Storage
    ingestion_time: IngestionTime
    memory_bytes: int
    progress: Callable[[Progress | Writing], None] | None
    hasher: ThreadPoolExecutor
    spill: Spill
    known: list[Input] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    reports: list[ImportReport] = field(default_factory=list)

    def import_batch(self, files: list[_File]) -> list[_File]:
        """The files to be tried again, without those that stood in the way: none once the batch is committed."""
        files, hashes = self._new(self._unchanged(files))
        if not files:
            return []
        moment = None
        with Transaction.begin(self.storage) as transaction:
            with self.spill.connect(self.memory_bytes) as connection:
                report = importer.read([file.path for file in files], connection, progress=self.progress)
                unchanged = self._unchanged(files)
                if len(unchanged) < len(files):
                    return unchanged
                moment = utc_now()
                for name, rows in report.tables.items():
                    if rows:
                        self._write(transaction, connection, name, rows, moment)
            read = {one.path for one in report.files if one.read}
            digests = [(file, hashes[file.name].result()) for file in files if str(file.path) in read]
            inputs = [Input(digest, file.bytes, file.name) for file, digest in digests if digest is not None]
            if inputs or transaction.parts:
                stamp = moment if self.ingestion_time is IngestionTime.IMPORT else None
                outcome = transaction.commit(inputs=inputs, ingestion_time=stamp)
                if not isinstance(outcome, Commit):
                    return files
                self.commits.append(outcome)
            self.reports += [report, ImportReport((), {}, issues=tuple(transaction.issues))]
        return []

    def _write(
        self, transaction: Transaction, connection: duckdb.DuckDBPyConnection, name: str, rows: int, moment: datetime
    ) -> None:
        """Stages a table's rows, sorted by DuckDB where they are too many for the writer to sort them in its buffer."""
        if self.progress is not None:
            self.progress(Writing(name, rows))
        order = ", ".join(f'"{column}"' for column in sort_columns(TABLES[name]))
        ordered = f'ORDER BY "Timestamp"::DATE, {order}' if rows > _SORTED_BY_WRITER else ""
        selected = connection.sql(f'SELECT * FROM "{name}" {ordered}').to_arrow_reader(_BATCH_ROWS)
        of_event = self.ingestion_time is IngestionTime.EVENT
        transaction.write(name, with_ingestion_time(selected, moment, of_event=of_event))

    def _unchanged(self, files: list[_File]) -> list[_File]:
        """The files that are what they were when they were found; of the others it is said that they are left out."""
        changed = [file for file in files if file.is_changed]
        issues = tuple(Issue("import-changed", _CHANGED.format(file.name), hint=_COPY) for file in changed)
        self.reports.append(ImportReport((), {}, issues=issues))
        return [file for file in files if file not in changed]

    def _new(self, files: list[_File]) -> tuple[list[_File], dict[str, Future[str | None]]]:
        """The files whose bytes are not in the lake, and the SHA-256 of each, which may still be on its way.

        Only a file that is as long as a known one, or as another of the batch, must be hashed before it is read.
        """
        dataset = Dataset.open(self.storage)
        lengths = Counter(dataset.inputs.values()) + Counter(file.bytes for file in files)
        seen = set(dataset.inputs)
        new = []
        hashes = {file.name: self.hasher.submit(_sha256, file.path) for file in files}
        for file in files:
            digest = hashes[file.name].result() if lengths[file.bytes] > 1 else None
            if digest is not None and digest in seen:
                self.known.append(Input(digest, file.bytes, file.name))
                continue
            if digest is not None:
                seen.add(digest)
            new.append(file)
        return new, hashes


def _local(path: str | PathLike[str]) -> Path:
    if is_url(path):
        raise UsageError(f"{path}: what is imported are local files and folders; copy these to one first")
    return Path(path)


def _found(paths: Sequence[Path], lake: Path | None) -> tuple[list[_File], list[Issue]]:
    """The files at the paths: none of the lake's own, and of other lakes the live parts only."""
    found = walk(paths, Limits())
    lakes = {folder for path in paths for folder in (path, *path.absolute().parents) if is_lake(folder)}
    lakes |= {path.parent.parent for _, path in found.files if path.parts[-2:] == ("_tiercel", "format.json")}
    own = lake.resolve() if lake else None
    live = {
        folder.resolve(): {folder.resolve().joinpath(*part.path.split("/")) for part in _all_parts(folder)}
        for folder in lakes
        if folder.resolve() != own
    }
    files = []
    for name, path in found.files:
        real = path.resolve()
        around = next((folder for folder in live if real.is_relative_to(folder)), None)
        if (own and real.is_relative_to(own)) or (around is not None and real not in live[around]):
            continue
        try:
            status = path.stat()
        except OSError as error:
            found.issues.append(Issue("import-unreadable", f"{name}: {error.strerror}"))
            continue
        files.append(_File(name, path, status.st_size, status.st_mtime_ns))
    return files, found.issues


def _all_parts(lake: Path) -> Iterator[Part]:
    return (part for parts in Dataset.open(lake).tables.values() for part in parts)


def _batches(files: Sequence[_File], most: int) -> Iterator[list[_File]]:
    """The files in order, in batches of `most` bytes at most, a folder's files in one batch where they fit."""
    folders: list[list[_File]] = []
    for file in files:
        last = folders[-1] if folders else []
        if last and last[0].path.parent == file.path.parent and _size(last) + file.bytes <= most:
            last.append(file)
        else:
            folders.append([file])
    batch: list[_File] = []
    for folder in folders:
        if batch and _size(batch) + _size(folder) > most:
            yield batch
            batch = []
        batch += folder
    if batch:
        yield batch


def _size(files: Sequence[_File]) -> int:
    return sum(file.bytes for file in files)


def _sha256(path: Path) -> str | None:
    """The SHA-256 of the file, None where it cannot be read: the importer says why."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _joined(reports: Sequence[ImportReport]) -> ImportReport:
    """One report of all batches."""
    tables: Counter[str] = Counter(dict.fromkeys(TABLES, 0))
    orientation: Counter[str] = Counter()
    duplicates: Counter[str] = Counter()
    for report in reports:
        tables.update(report.tables)
        orientation.update(report.orientation)
        duplicates.update(report.duplicates)
    return ImportReport(
        tuple(file for report in reports for file in report.files),
        dict(tables),
        tuple(clock for report in reports for clock in report.clocks),
        dict(orientation),
        tuple(dict.fromkeys(name for report in reports for name in report.names)),
        dict(duplicates),
        min((report.oldest for report in reports if report.oldest), default=None),
        max((report.newest for report in reports if report.newest), default=None),
        tuple(issue for report in reports for issue in report.issues),
    )
