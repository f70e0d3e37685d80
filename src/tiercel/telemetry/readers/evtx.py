"""EVTX: the records of Windows' own event log files, as the JSON that the `evtx` library writes."""

from __future__ import annotations

import io
import tempfile
from typing import TYPE_CHECKING, Any, Final, cast

from evtx import PyEvtxParser

from tiercel.errors import InputError, Issue
from tiercel.tables.arrow import texts
from tiercel.telemetry.readers.records import Records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from tiercel.telemetry.inputs import Document

__all__ = ["read_evtx"]

_HEADER: Final = 4096
_CHUNK: Final = 65536
_RUN: Final = 4 << 20
_IN_MEMORY: Final = 64 << 20
_NAME: Final = '"Name":"'
"""What stands before the provider's name, which the library writes first."""
_HEAD: Final = 400


def read_evtx(
    document: Document, providers: tuple[str, ...], unused: str, report: Callable[[Issue], None]
) -> Iterator[Records]:
    """The log's records that one of the providers wrote; the others are skipped as `unused`.

    A damaged chunk or record is counted and named, what follows is read. Raises InputError when the file header itself
    cannot be read.
    """
    wanted = tuple(f'{provider}"' for provider in providers)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        source: str | IO[bytes] = str(document.local) if document.local else _copied(document, copy)
        try:
            parser = PyEvtxParser(source)
        except (OSError, RuntimeError) as error:
            raise InputError(f"no readable EVTX header: {error}", path=document.name) from error
        _tell_if_cut(document, source, report)
        yield from _records(parser, document.name, wanted, unused, report)


def _records(
    parser: PyEvtxParser, name: str, wanted: tuple[str, ...], unused: str, report: Callable[[Issue], None]
) -> Iterator[Records]:
    """Runs of the parser's records that a wanted provider wrote, and at the end the counts of the others."""
    records = cast("Iterator[dict[str, Any]]", parser.records_json())
    numbers: list[int] = []
    lines: list[str] = []
    damaged: list[str] = []
    size = others = 0
    while True:
        try:
            for record in records:
                line = record["data"]
                named = line.find(_NAME, 0, _HEAD)
                if named >= 0 and not line.startswith(wanted, named + len(_NAME)):
                    others += 1
                    continue
                numbers.append(record["event_record_id"])
                lines.append(line)
                size += len(line)
                if size > _RUN:
                    yield Records(numbers, texts(lines))
                    numbers, lines, size = [], [], 0
        except RuntimeError as error:
            damaged.append(" ".join(str(error).split()))
            continue
        break
    if damaged:
        message = f"{name}: {len(damaged)} damaged places, the first: {damaged[0][:200]}"
        report(Issue("import-damaged-record", message, hint="the other records are read"))
    yield Records(numbers, texts(lines), {unused: others} if others else {}, damaged=len(damaged))


def _tell_if_cut(document: Document, source: str | IO[bytes], report: Callable[[Issue], None]) -> None:
    """Reports a file that is shorter than its header says: [MS-EVEN6] 2.2.17, number of chunks at offset 42."""
    said = int.from_bytes(document.head[42:44], "little")
    size = document.local.stat().st_size if document.local else _length(source)
    there, over = divmod(max(0, size - _HEADER), _CHUNK)
    if said > there or over:
        message = f"{document.name}: cut off: its header tells of {said} chunks, {there} are whole"
        report(Issue("import-cut-file", message, hint="the whole chunks are read; copy the log again if you can"))


def _copied(document: Document, copy: IO[bytes]) -> IO[bytes]:
    """The document's bytes where they can be read in any order, as the format needs."""
    while content := document.stream.read(1 << 20):
        copy.write(content)
    copy.seek(0)
    return copy


def _length(source: str | IO[bytes]) -> int:
    if isinstance(source, str):
        return 0
    source.seek(0, io.SEEK_END)
    length = source.tell()
    source.seek(0)
    return length
