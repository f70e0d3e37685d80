"""Raw events read again from the files they came from, by the source that every row carries."""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import duckdb

from tiercel.errors import InputError
from tiercel.telemetry.archives import documents
from tiercel.telemetry.inputs import Limits
from tiercel.telemetry.mappings import KINDS
from tiercel.telemetry.readers.event_text import read_event_text
from tiercel.telemetry.readers.event_xml import read_event_xml
from tiercel.telemetry.readers.evtx import read_evtx
from tiercel.telemetry.readers.formats import Format, format_of
from tiercel.telemetry.readers.json_array import read_json_array
from tiercel.telemetry.readers.json_lines import read_json_lines, split_lines
from tiercel.telemetry.readers.recoded import as_utf8
from tiercel.telemetry.readers.records import LONGEST_RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tiercel.telemetry.inputs import Document
    from tiercel.telemetry.readers.records import Records

__all__ = ["Original", "read_originals"]

_GONE: Final = "the file is not where it was read from"
_NO_RECORD: Final = "the file holds no such record any more"
_OWN_NUMBER: Final = re.compile(r'"EventRecordID":(\d+)')
"""The number that an event of an event log says of itself: an exported log numbers its records anew."""
_DERIVED: Final = "no single event: Tiercel derived it from several"


@dataclass(frozen=True, slots=True)
class Original:
    """A raw event as its file holds it. `text` is its first part where it is long; `length` counts all characters.

    An event that is not there any more has no text, and `missing` says why. Of EVTX and Parquet, which hold no text,
    it is the record as JSON.
    """

    text: str = ""
    length: int = 0
    missing: str = ""


def read_originals(
    sources: Iterable[str],
    folders: Sequence[Path],
    *,
    longest: int,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Original]:
    """The raw event of each source, `<file>[!<member>]#<record>`; each file is read once.

    Args:
        sources: as in the rows' `_Source`.
        folders: where files that are named relatively are looked for, the first that has the file.
        longest: so many characters of an event are kept.
        progress: called with each file's name before it is read.

    """
    found: dict[str, Original] = {}
    wanted: dict[Path, dict[str, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
    for source in dict.fromkeys(sources):
        place, _, number = source.rpartition("#")
        if not place or not number.isascii() or not number.isdigit():
            found[source] = Original(missing=_DERIVED)
            continue
        at = _file(place, folders)
        if at is None:
            found[source] = Original(missing=_GONE)
            continue
        file, member = at
        wanted[file][member][int(number)] = source
    for file, members in wanted.items():
        if progress:
            progress(str(file))
        found.update(_read_file(file, members, longest))
    return found


def _file(place: str, folders: Sequence[Path]) -> tuple[Path, str] | None:
    """The file that a place names, and the member within it: a `!` may also be part of a name."""
    cuts = [len(place), *(index for index, character in enumerate(place) if character == "!")]
    for cut in sorted(cuts, reverse=True):
        for folder in folders:
            try:
                if (file := folder / place[:cut]).is_file():
                    return file, place[cut + 1 :]
            except (OSError, ValueError):  # a name that is too long, or holds NUL, is no file's
                continue
    return None


def _read_file(file: Path, members: Mapping[str, Mapping[int, str]], longest: int) -> dict[str, Original]:
    """The events of one file, or of an archive's members."""
    found: dict[str, Original] = {}
    reason = _NO_RECORD
    left = set(members)
    try:
        for document in documents(str(file), file, Limits(), lambda _: None):
            if document.member not in left:
                continue
            left.discard(document.member)
            asked = members[document.member]
            for number, line in _records(document, asked):
                if number in asked and asked[number] not in found:
                    found[asked[number]] = Original(line[:longest], len(line))
            if not left:
                break
    except OSError as error:
        reason = error.strerror or str(error)
    except (InputError, duckdb.Error) as error:
        reason = str(error)
    for asked in members.values():
        for source in asked.values():
            found.setdefault(source, Original(missing=reason))
    return found


def _records(document: Document, asked: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """At least the asked records of a document with their numbers; the document is read no further than needed."""
    as_utf8(document)
    last = max(asked)
    match format_of(document.head):
        case Format.JSON_LINES:
            yield from _lines(read_json_lines(document.stream), last)
        case Format.JSON_ARRAY:
            with duckdb.connect() as connection:
                yield from _lines(read_json_array(document.stream, connection), last)
        case Format.EVENT_TEXT:
            yield from _lines(read_event_text(document.stream), last)
        case Format.XML:
            yield from _lines(read_event_xml(document.stream), last)
        case Format.EVTX:
            wanted = {(kind.channel.provider, str(number)) for kind in KINDS for number in kind.event_ids}
            for run in read_evtx(document, wanted, "", lambda _: None):
                for number, line in zip(run.numbers, run.lines.to_pylist(), strict=True):
                    own = _OWN_NUMBER.search(line)
                    yield int(own[1]) if own else number, line
        case Format.PARQUET:
            yield from _parquet_rows(document, asked)
        case Format.CSV:
            yield from _csv_rows(document, asked, last)
        case Format.NONE:
            return


def _lines(runs: Iterable[Records], last: int) -> Iterator[tuple[int, str]]:
    for run in runs:
        if len(run.lines):
            yield from zip(run.numbers, (line.rstrip("\n") for line in run.lines.to_pylist()), strict=True)
        if len(run.numbers) and run.numbers[-1] >= last:
            return


def _parquet_rows(document: Document, asked: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    with tempfile.NamedTemporaryFile(suffix=".parquet") as copy, duckdb.connect() as connection:
        name = str(document.local) if document.local else copy.name
        if not document.local:
            while content := document.stream.read(1 << 20):
                copy.write(content)
            copy.flush()
        rows = connection.execute(
            "SELECT file_row_number + 1, to_json(e)::VARCHAR FROM read_parquet($1, file_row_number = true) e "
            "WHERE file_row_number + 1 IN (SELECT unnest($2::BIGINT[]))",
            [name, sorted(asked)],
        )
        while row := rows.fetchone():
            values = json.loads(row[1])
            values.pop("file_row_number", None)
            yield int(row[0]), json.dumps(values, ensure_ascii=False)


def _csv_rows(document: Document, asked: Mapping[int, str], last: int) -> Iterator[tuple[int, str]]:
    csv.field_size_limit(LONGEST_RECORD)
    lines = (
        line.decode("utf-8", "replace") + "\n" for _, run in split_lines(document.stream) for line in run or [b"\r"]
    )
    rows = (row for row in csv.reader(lines) if row)
    header = next(rows, [])
    for number, row in enumerate(rows, 1):
        if number in asked:
            yield number, json.dumps(dict(zip(header, row, strict=False)), ensure_ascii=False)
        if number >= last:
            return
