"""JSON lines: one event a line, found where it lies a few megabytes at a time."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from tiercel.telemetry.readers.records import LONGEST_RECORD, Records, text_array

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    _Bytes = NDArray[np.uint8]
    _Ends = NDArray[np.int64]

__all__ = ["TOO_LONG", "read_json_lines", "split_lines"]

TOO_LONG: Final = "record longer than 16 MB"
_CHUNK: Final = 16 << 20
_SMALL_CHUNK: Final = 1 << 20
"""Measured: bytes of this size are reused by the allocator; larger ones cost twice the time in fresh pages."""
_LINE_FEED: Final = 10
_BLANK: Final = 32
"""A byte up to this one is a control character or a blank."""


def read_json_lines(stream: IO[bytes]) -> Iterator[Records]:
    """The stream's records: its lines that are not blank, numbered from 1 as DuckDB numbers them too.

    A line beyond the longest record is skipped and counted, the next one read. A line keeps the line feed that ends it.
    """
    number = 1
    for run in _runs(stream):
        if run is None:
            yield Records(range(number, number + 1), pa.array([], pa.string()), {TOO_LONG: 1})
            number += 1
            continue
        array, replaced = _where_they_lie(*run), False
        if array is None:
            lines = run[0].tobytes().split(b"\n")
            array, replaced = text_array([line for line in lines if line and not line.isspace()])
        yield Records(range(number, number + len(array)), array, replaced=replaced)
        number += len(array)


def _runs(stream: IO[bytes]) -> Iterator[tuple[_Bytes, _Ends] | None]:
    """Runs of whole lines, each with where its lines end; None for a line that is longer than any record may be."""
    rest: _Bytes = np.empty(0, np.uint8)
    is_beyond = False
    got = _CHUNK
    while got:
        block = np.empty(len(rest) + _CHUNK, np.uint8)
        block[: len(rest)] = rest
        got = _read_into(stream, block[len(rest) :])
        content = block[: len(rest) + got]
        ends = np.flatnonzero(content == _LINE_FEED) + 1
        if not got and len(content):
            ends = np.array([len(content)])
        begin = 0
        if is_beyond and (len(ends) or not got):
            yield None
            is_beyond = False
            begin, ends = (int(ends[0]), ends[1:]) if len(ends) else (0, ends)
        for index in np.flatnonzero(np.diff(ends, prepend=begin) > LONGEST_RECORD):
            before = ends[(ends > begin) & (ends < ends[index])]
            if len(before):
                yield content[begin : before[-1]], before - begin
            yield None
            begin = int(ends[index])
        ends = ends[ends > begin]
        if len(ends):
            yield content[begin : ends[-1]], ends - begin
            begin = int(ends[-1])
        rest = content[begin:]
        if is_beyond or len(rest) > LONGEST_RECORD:
            is_beyond, rest = True, rest[:0]


def _read_into(stream: IO[bytes], room: _Bytes) -> int:
    """How many bytes of the stream were put where there is room; none at its end."""
    if isinstance(stream, io.BufferedIOBase | io.FileIO):
        return int(stream.readinto(room.data) or 0)
    content = stream.read(len(room))
    room[: len(content)] = np.frombuffer(content, np.uint8)
    return len(content)


def _where_they_lie(content: _Bytes, ends: _Ends) -> pa.StringArray | None:
    """The lines without a copy of them; None where one may be blank, or is no UTF-8."""
    offsets = np.concatenate((np.zeros(1, np.int32), ends.astype(np.int32)))
    if (content[offsets[:-1]] <= _BLANK).any():
        return None
    array = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(content))
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return None
    return array


def split_lines(
    stream: IO[bytes], longest: int = LONGEST_RECORD, chunk_size: int = _SMALL_CHUNK
) -> Iterator[tuple[int, list[bytes] | None]]:
    r"""Runs of whole lines with the number of their first; None instead of a line that is longer than `longest`.

    >>> import io
    >>> list(split_lines(io.BytesIO(b"a\nbb\n\nc"), chunk_size=3))
    [(1, [b'a']), (2, [b'bb', b'']), (4, [b'c'])]
    """
    number = 1
    rest: list[bytes] = []
    size = 0
    while chunk := stream.read(chunk_size):
        cut = chunk.rfind(b"\n")
        if cut < 0:
            size += len(chunk)
            if size <= longest:
                rest.append(chunk)
            else:
                rest.clear()
            continue
        begin = 0
        if size > longest:
            yield number, None
            number += 1
            begin = chunk.find(b"\n") + 1
        if begin <= cut:
            lines = b"".join([*rest, chunk[begin:cut]]).split(b"\n")
            yield number, lines
            number += len(lines)
        rest = [chunk[cut + 1 :]]
        size = len(rest[0])
    if size > longest:
        yield number, None
    elif size:
        yield number, [b"".join(rest)]
