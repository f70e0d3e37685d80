"""Reads files and folders of telemetry into the tables: the conductor of the room."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from tiercel.errors import InputError, Issue, Severity, UsageError
from tiercel.tables import TABLES
from tiercel.tables.arrow import integers, texts
from tiercel.telemetry.addresses import insert_addresses
from tiercel.telemetry.archives import documents
from tiercel.telemetry.corrections.connections import gather_connections, orient_connections, set_network_clock
from tiercel.telemetry.corrections.duplicates import AGAIN, count_merged, drop_repeated, pair_channels
from tiercel.telemetry.corrections.processes import gather_processes
from tiercel.telemetry.corrections.settling import NO_TIME, settle
from tiercel.telemetry.inputs import Document, Limits, Piece, walk
from tiercel.telemetry.macros import create_macros, drop_macros
from tiercel.telemetry.mappings import KINDS, Channel, Family
from tiercel.telemetry.readers.defender import insert_records
from tiercel.telemetry.readers.event_text import read_event_text
from tiercel.telemetry.readers.formats import Format, format_of
from tiercel.telemetry.readers.json_array import read_json_array
from tiercel.telemetry.readers.json_lines import TOO_LONG, read_json_lines
from tiercel.telemetry.readers.recoded import as_utf8
from tiercel.telemetry.readers.wrapped import is_wrapped, unwrapped
from tiercel.telemetry.report import FileReport, ImportReport, Progress
from tiercel.telemetry.staging import DEFENDER, NOT_JSON, UNUSED, Staging
from tiercel.telemetry.storage import create_tables, insertion, keep_quiet, planned_quickly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import duckdb

    from tiercel.telemetry.readers.records import Records
    from tiercel.telemetry.report import Clock, Name

__all__ = ["read"]

_FEW: Final = 200_000
"""Events up to which planning the statements that map them takes longer than mapping them."""


def read(
    paths: Sequence[Path],
    connection: duckdb.DuckDBPyConnection,
    *,
    channels: frozenset[str] | None = None,
    ingestion_time: datetime | None = None,
    progress: Callable[[Progress], None] | None = None,
    pieces: Mapping[Path, Piece] | None = None,
) -> ImportReport:
    """What was read into `connection`, which then holds every table of the catalogue.

    Raises UsageError for an unknown channel; a path that does not exist is an issue, and the others are read.

    Args:
        paths: files and folders; a file is known by its content, archives are read without unpacking.
        connection: an empty DuckDB database.
        channels: only these channels' events are mapped: `sysmon`, `security` (with System's), `wmi`. None: all.
        ingestion_time: what `ingestion_time()` returns for every row, UTC without a zone. None: the newest event's.
        progress: called now and then while reading.
        pieces: files of JSON lines that are copied pieces of others, as a growing log gives them.

    """
    chosen = _channels(channels)
    limits = Limits()
    inputs = walk(paths, limits)
    create_tables(connection)
    temporary = _temporary(connection)
    create_macros(connection)
    keep_quiet(connection)
    staging = Staging(connection, KINDS, chosen)
    wanted = frozenset((kind.channel.provider, str(number)) for kind in staging.kinds for number in kind.event_ids)
    work = _Import(
        connection,
        staging,
        limits,
        inputs.bytes,
        len(inputs.files),
        progress,
        wanted,
        {str(path): piece for path, piece in (pieces or {}).items()},
    )
    work.issues.extend(inputs.issues)
    work.read(inputs.files)
    report = work.finish(ingestion_time)
    for kind in KINDS:
        connection.execute(f"DROP VIEW IF EXISTS {kind.events}")
    for name in _temporary(connection) - temporary:
        connection.execute(f'DROP TABLE temp."{name}"')
    drop_macros(connection)
    return report


def _channels(names: frozenset[str] | None) -> frozenset[Channel]:
    """The channels that are meant."""
    if names is None:
        return frozenset(Channel)
    unknown = names - {channel.value for channel in Channel}
    if unknown:
        known = ", ".join(channel.value for channel in Channel)
        raise UsageError(f"no such channel: {', '.join(sorted(unknown))} (there are {known})")
    extra = {Channel.SYSTEM} if Channel.SECURITY in names else set()
    return frozenset({*(Channel(name) for name in names), *extra})


def _temporary(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    return {str(name) for (name,) in rows}


@dataclass(slots=True)
class _File:
    """One file or member, and what became of it."""

    path: str
    member: str
    folder: str
    format: Format
    before: int = 0
    """Records of the whole file that stand before this piece of it."""
    reason: str = ""
    rows: int = 0
    """Rows that went straight into a table."""
    damaged: int = 0

    @property
    def name(self) -> str:
        return f"{self.path}!{self.member}" if self.member else self.path


@dataclass(frozen=True, slots=True)
class _Mapped:
    """What was corrected in Windows events; nothing where there are none."""

    clocks: tuple[Clock, ...] = ()
    orientation: Mapping[str, int] = field(default_factory=dict)
    names: tuple[Name, ...] = ()
    duplicates: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Import:
    """One import at work: the files so far, and what was found wrong."""

    connection: duckdb.DuckDBPyConnection
    staging: Staging
    limits: Limits
    bytes: int
    count: int
    progress: Callable[[Progress], None] | None
    wanted: frozenset[tuple[str, str]]
    """Providers with the event ids that are used of them."""
    pieces: Mapping[str, Piece]
    files: list[_File] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    done: int = 0
    bytes_done: int = 0

    def read(self, files: Iterable[tuple[str, Path]]) -> None:
        """Reads every file, one after the other."""
        for name, path in files:
            length = path.stat().st_size
            self._read_file(name, path)
            self._advance(name, length)
        self.staging.finish()

    def _new(self, path: str, member: str, folder: str, kind: Format) -> int:
        piece = self.pieces.get(path)
        if piece is None:
            self.files.append(_File(path, member, folder, kind))
        else:
            self.files.append(_File(piece.name, member, piece.name.rpartition("/")[0], kind, before=piece.before))
        return len(self.files) - 1

    def _read_file(self, name: str, path: Path) -> None:
        before = len(self.files)
        try:
            for document in documents(name, path, self.limits, self.issues.append):
                self._read_document(document)
        except OSError as error:
            self.issues.append(Issue("import-unreadable", f"{name}: {error.strerror or error}"))
        if len(self.files) == before:
            number = self._new(name, "", str(path.parent), Format.NONE)
            self.files[number].reason = "nothing in it could be read"

    def _read_document(self, document: Document) -> None:
        as_utf8(document)
        kind = format_of(document.head)
        number = self._new(document.path, document.member, document.folder, kind)
        if kind is Format.NONE:
            self.files[number].reason = "empty" if not document.head else "no known format of telemetry"
            return
        try:
            self._read_as(kind, number, document)
        except InputError as error:
            self.files[number].reason = error.message
            self.issues.append(Issue("import-unreadable", f"{error.path or document.name}: {error.message}"))

    def _read_as(self, kind: Format, number: int, document: Document) -> None:
        """Reads the document by its format, whose reader is loaded where there is need of it."""
        match kind:
            case Format.JSON_LINES | Format.JSON_ARRAY:
                lines = kind is Format.JSON_LINES
                runs = read_json_lines(document.stream) if lines else read_json_array(document.stream, self.connection)
                for records in unwrapped(runs) if is_wrapped(document.head) else runs:
                    self._add(number, records)
            case Format.XML:
                from tiercel.telemetry.readers.event_xml import read_event_xml  # noqa: PLC0415  see above

                for records in read_event_xml(document.stream):
                    self._add(number, records)
            case Format.EVENT_TEXT:
                for records in read_event_text(document.stream):
                    self._add(number, records)
            case Format.EVTX:
                from tiercel.telemetry.readers.evtx import read_evtx  # noqa: PLC0415  see above

                for records in read_evtx(document, self.wanted, UNUSED, self.issues.append):
                    self._add(number, records)
            case Format.PARQUET:
                from tiercel.telemetry.readers.parquet import read_parquet  # noqa: PLC0415  see above

                _, self.files[number].rows = read_parquet(document, self.connection)
            case Format.CSV:
                from tiercel.telemetry.readers.portal_csv import read_portal_csv  # noqa: PLC0415  see above

                _, self.files[number].rows = read_portal_csv(document, self.connection, self.issues.append)

    def _add(self, number: int, records: Records) -> None:
        if records.skipped.get(TOO_LONG):
            place = f"{self.files[number].name}#{records.numbers[0]}"
            hint = "an event has at most 64 KB; the next record is read"
            self.issues.append(Issue("import-long-record", f"{place}: longer than 16 MB, skipped", hint=hint))
        self.files[number].damaged += records.damaged
        self.staging.add(number, records)

    def _advance(self, name: str, length: int) -> None:
        self.done += 1
        self.bytes_done += length
        if self.progress:
            records = sum(self.staging.read.values())
            self.progress(Progress(name, self.done, self.count, self.bytes_done, self.bytes, records))

    def finish(self, ingestion_time: datetime | None) -> ImportReport:
        """Corrects and maps what was read; the report."""
        self._name_files()
        kept = self.staging.kept()
        for number in self.staging.read:
            skipped = self.staging.skipped.setdefault(number, Counter())
            # Lines whose event id is used, but in another channel.
            skipped[UNUSED] += self.staging.read[number] - kept[number] - sum(skipped.values())
        self._skip(insert_records(self.connection, DEFENDER), kept)
        with planned_quickly(self.connection) if kept.total() <= _FEW else nullcontext():
            mapped = self._map_events(kept) if self.staging.holds_events() else _Mapped()
        tables, oldest, newest = self._close(ingestion_time)
        self._judge(kept)
        return ImportReport(
            files=tuple(self._report(number, file, kept) for number, file in enumerate(self.files)),
            tables=tables,
            clocks=mapped.clocks,
            orientation=mapped.orientation,
            names=mapped.names,
            duplicates=mapped.duplicates,
            oldest=oldest,
            newest=newest,
            issues=tuple(self.issues),
        )

    def _map_events(self, kept: Counter[int]) -> _Mapped:
        """What was corrected in the Windows events that were read, which stand in their tables now."""
        kinds = self.staging.kinds
        names, clocks, timeless = settle(self.connection, KINDS)
        self._skip({number: Counter({NO_TIME: count}) for number, count in timeless.items()}, kept)
        again = drop_repeated(self.connection, kinds)
        self._skip({number: Counter({AGAIN: count}) for number, count in again.items()}, kept)
        gather_connections(self.connection)
        clocks += set_network_clock(self.connection)
        orientation = orient_connections(self.connection)
        gather_processes(self.connection)
        pair_channels(self.connection)
        present = self._present()
        for kind in KINDS:
            for rows in kind.rows if kind.name in present else ():
                source = f"FROM {rows.events or kind.events} e {rows.joins} WHERE {rows.where}"
                self.connection.execute(insertion(TABLES[rows.table], rows.values, source))
        insert_addresses(self.connection)
        return _Mapped(clocks, orientation, names, count_merged(self.connection))

    def _present(self) -> set[str]:
        """The kinds of which there are events: planning a statement for none costs as much as for some."""
        union = " UNION ALL ".join(f"SELECT DISTINCT event_id FROM {family.events}" for family in Family)
        ids = {number for (number,) in self.connection.execute(union).fetchall()}
        return {kind.name for kind in KINDS if ids & set(kind.event_ids)}

    def _name_files(self) -> None:
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE import_file (file INTEGER, name VARCHAR, folder VARCHAR, format VARCHAR,"
            " before BIGINT)"
        )
        if self.files:
            named = {
                "file": integers(range(len(self.files)), pa.int32()),
                "name": texts([file.name for file in self.files]),
                "folder": texts([file.folder for file in self.files]),
                "format": texts([file.format.value for file in self.files]),
                "before": integers([file.before for file in self.files], pa.int64()),
            }
            self.connection.register("named", pa.table(named))
            self.connection.execute("INSERT INTO import_file SELECT file, name, folder, format, before FROM named")
            self.connection.unregister("named")

    def _skip(self, reasons: dict[int, Counter[str]], kept: Counter[int]) -> None:
        """Books records that were kept so far as skipped after all."""
        for number, counts in reasons.items():
            self.staging.skipped.setdefault(number, Counter()).update(counts)
            kept[number] -= sum(counts.values())

    def _close(self, ingestion_time: datetime | None) -> tuple[dict[str, int], datetime | None, datetime | None]:
        """Rows per table, oldest and newest time; sets the time of ingestion in every row."""
        counts: dict[str, int] = {}
        spans: list[tuple[datetime, datetime]] = []
        told = " UNION ALL ".join(
            f'SELECT \'{name}\', count(*), min("Timestamp"), max("Timestamp") FROM "{name}"' for name in TABLES
        )
        found = {name: its for name, *its in self.connection.execute(told).fetchall()}
        for name in TABLES:
            count, oldest, newest = found[name]
            counts[name] = int(count)
            if oldest is not None:
                spans.append((oldest, newest))
        newest_of_all = max((newest for _, newest in spans), default=None)
        for name, count in counts.items():
            if count:
                self.connection.execute(f'UPDATE "{name}" SET "_IngestionTime" = $1', [ingestion_time or newest_of_all])
        return counts, min((oldest for oldest, _ in spans), default=None), newest_of_all

    def _judge(self, kept: Counter[int]) -> None:
        """Issues about the whole: damaged lines, foreign bytes, nothing of use."""
        for number, reasons in sorted(self.staging.skipped.items()):
            if reasons[NOT_JSON]:
                message = f"{self.files[number].name}: {reasons[NOT_JSON]:,} records are no JSON"
                self.issues.append(
                    Issue("import-not-json", message, severity=Severity.WARNING, hint="the other records are read")
                )
        for number in sorted(self.staging.replaced):
            message = f"{self.files[number].name}: some bytes are no UTF-8 and stand as U+FFFD"
            self.issues.append(Issue("import-encoding", message, severity=Severity.WARNING))
        if not any(kept.values()) and not any(file.rows for file in self.files):
            hint = "what can be read is listed in docs/telemetry.md"
            self.issues.append(Issue("import-no-events", "no event in any of the files is of use", hint=hint))

    def _report(self, number: int, file: _File, kept: Counter[int]) -> FileReport:
        skipped = {reason: count for reason, count in self.staging.skipped.get(number, Counter()).items() if count}
        read = self.staging.read[number] + file.rows
        return FileReport(
            path=file.path,
            member=file.member,
            format=file.format.value,
            read=read,
            kept=kept[number] + file.rows,
            skipped=skipped,
            reason=file.reason,
            damaged=file.damaged,
        )
