"""JSON lines: one event a line, split in C a megabyte at a time."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

import pyarrow as pa

from tiercel.telemetry.readers.records import LONGEST_RECORD, Records, text_array

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["TOO_LONG", "read_json_lines", "split_lines"]

TOO_LONG: Final = "record longer than 16 MB"
_CHUNK: Final = 1 << 20
"""Measured: bytes of this size are reused by the allocator; larger chunks cost twice the time in fresh pages."""


def read_json_lines(stream: IO[bytes]) -> Iterator[Records]:
    """The stream's records: its lines that are not blank, numbered from 1 as DuckDB numbers them too.

    A line beyond the longest record is skipped and counted, the next one read.
    """
    number = 1
    for _, lines in split_lines(stream):
        if lines is None:
            yield Records(range(number, number + 1), pa.array([], pa.string()), {TOO_LONG: 1})
            number += 1
            continue
        array, replaced = text_array([line for line in lines if line and not line.isspace()])
        yield Records(range(number, number + len(array)), array, replaced=replaced)
        number += len(array)


def split_lines(
    stream: IO[bytes], longest: int = LONGEST_RECORD, chunk_size: int = _CHUNK
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
