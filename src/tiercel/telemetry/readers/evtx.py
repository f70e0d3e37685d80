"""EVTX: the records of Windows' own event log files, as the JSON that the `evtx` library writes."""

from __future__ import annotations

import io
import re
import tempfile
from typing import TYPE_CHECKING, Any, Final, cast

from evtx import PyEvtxParser

from tiercel.errors import InputError, Issue
from tiercel.tables.arrow import texts
from tiercel.telemetry.readers.records import Records

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from typing import IO

    from tiercel.telemetry.inputs import Document

__all__ = ["read_evtx"]

_HEADER: Final = 4096
_CHUNK: Final = 65536
_RUN: Final = 4 << 20
_IN_MEMORY: Final = 64 << 20
_MOST_ODD: Final = 2000
_BEGIN: Final = re.compile(
    r'\{"Event":\{"#attributes":\{"xmlns":"[^"]*"\},"System":\{"Provider":\{"#attributes":\{"Name":"([^"]*)"'
    r'(?:,"\w+":"[^"]*")*\}\},"EventID":(?:\{"#attributes":\{"Qualifiers":\d+\},"#text":)?(\d+)[,}]'
)
"""How the library begins a record: the provider's name, and the event id with or without qualifiers."""


def read_evtx(
    document: Document, wanted: Container[tuple[str, str]], unused: str, report: Callable[[Issue], None]
) -> Iterator[Records]:
    """The log's records whose provider and event id are wanted; the others are skipped as `unused`.

    A record that does not begin as the library's others do is handed on without its event id, to be looked at more
    closely. A damaged chunk or record is counted and named, what follows is read. Raises InputError when the file
    header itself cannot be read.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        source: str | IO[bytes] = str(document.local) if document.local else _copied(document, copy)
        try:
            parser = PyEvtxParser(source)
        except (OSError, RuntimeError) as error:
            raise InputError(f"no readable EVTX header: {error}", path=document.name) from error
        _tell_if_cut(document, source, report)
        yield from _records(parser, document.name, wanted, unused, report)


def _records(
    parser: PyEvtxParser,
    name: str,
    wanted: Container[tuple[str, str]],
    unused: str,
    report: Callable[[Issue], None],
) -> Iterator[Records]:
    """Runs of the parser's wanted records, and at the end those that began oddly and the counts of the others."""
    records = cast("Iterator[dict[str, Any]]", parser.records_json())
    begin = _BEGIN.match
    numbers: list[int] = []
    lines: list[str] = []
    ids: list[int] = []
    odd: list[tuple[int, str]] = []
    damaged: list[str] = []
    size = others = 0
    while True:
        try:
            for record in records:
                line = record["data"]
                begun = begin(line)
                if begun is None:
                    odd.append((record["event_record_id"], line))
                    if len(odd) == _MOST_ODD:
                        yield _looked_at_closely(odd)
                        odd = []
                elif begun.groups() in wanted:
                    numbers.append(record["event_record_id"])
                    lines.append(line)
                    ids.append(int(begun[2]))
                    size += len(line)
                    if size > _RUN:
                        yield Records(numbers, texts(lines), event_ids=ids)
                        numbers, lines, ids, size = [], [], [], 0
                else:
                    others += 1
        except RuntimeError as error:
            damaged.append(" ".join(str(error).split()))
            continue
        break
    if damaged:
        message = f"{name}: {len(damaged)} damaged places, the first: {damaged[0][:200]}"
        report(Issue("import-damaged-record", message, hint="the other records are read"))
    yield Records(numbers, texts(lines), {unused: others} if others else {}, damaged=len(damaged), event_ids=ids)
    if odd:
        yield _looked_at_closely(odd)


def _looked_at_closely(odd: list[tuple[int, str]]) -> Records:
    """Records that began oddly, as whatever holds JSON."""
    return Records([number for number, _ in odd], texts([line for _, line in odd]))


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
