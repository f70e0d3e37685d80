"""The elements of JSON arrays, of `{"records": [...]}`, and of pretty-printed objects one after the other, as lines.

The stream is cut between two elements at a time, so an array of any length is read in bounded memory. Where an element
ends cannot be told by looking at brackets alone; every cut is proven by parsing what lies before it.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Final

import pyarrow as pa

from tiercel.telemetry.readers.json_lines import TOO_LONG
from tiercel.telemetry.readers.records import LONGEST_RECORD, Records

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

__all__ = ["read_json_array"]

_CHUNK: Final = 16 << 20
_OPENING: Final = re.compile(rb'\s*(?:\{\s*"(?:records|value|Results|results)"\s*:\s*)?\[\s*')
_BETWEEN_DOCUMENTS: Final = re.compile(
    rb'\s*\]\s*(?:,\s*"[^"]*"\s*:\s*[^\[\]{}]*)?\}\s*\{\s*"(?:records|value|Results|results)"\s*:\s*\[\s*'
)
_BETWEEN_OBJECTS: Final = re.compile(rb"\}[ \t\r]*\n\s*\{")
_SEPARATOR: Final = re.compile(rb"\}\s*,\s*\{")
_FIRST_KEY: Final = re.compile(rb'\{\s*("(?:[^"\\]|\\.)*")\s*:')
_CLOSING: Final = re.compile(rb"\s*\][^\]]*$")
_TRIES: Final = 64


def read_json_array(stream: IO[bytes], connection: duckdb.DuckDBPyConnection) -> Iterator[Records]:
    """The elements, numbered from 1. What is no JSON is cut out at the next likely boundary and handed on as it is."""
    number = 1
    buffer = b""
    opened = False
    while True:
        chunk = stream.read(_CHUNK)
        buffer += chunk
        if not opened and (opening := _OPENING.match(buffer)):
            buffer = buffer[opening.end() :]
        opened = True
        buffer = _BETWEEN_DOCUMENTS.sub(b",", buffer)
        buffer = _BETWEEN_OBJECTS.sub(b"},\n{", buffer)
        if not chunk:
            break
        separator = _separator(buffer)
        cut = _proven_cut(buffer, separator, connection)
        if cut is None and len(buffer) > 2 * LONGEST_RECORD:
            cut = next((found.start() + 1 for found in separator.finditer(buffer)), None)
            if cut is None:
                # An element without an end in sight: forget what there is of it and go on at the next boundary.
                yield Records(range(number, number + 1), pa.array([], pa.string()), {TOO_LONG: 1})
                number += 1
                buffer = _resume(stream, separator)
                continue
        if cut is not None:
            lines = _elements(buffer[:cut], separator, connection)
            yield Records(range(number, number + len(lines)), lines)
            number += len(lines)
            buffer = buffer[cut:].lstrip(b" \t\r\n,")
    lines = _elements(_last(buffer, connection), _separator(buffer), connection)
    yield Records(range(number, number + len(lines)), lines)


def _separator(buffer: bytes) -> re.Pattern[bytes]:
    """What most likely stands between two elements: an end, a comma, and the key that the first element begins with."""
    first = _FIRST_KEY.match(buffer.lstrip())
    return re.compile(rb"\}\s*,\s*\{\s*" + re.escape(first[1]) + rb"\s*:") if first else _SEPARATOR


def _proven_cut(buffer: bytes, separator: re.Pattern[bytes], connection: duckdb.DuckDBPyConnection) -> int | None:
    """The last place at which everything before is whole elements, or None."""
    for pattern in (separator, _SEPARATOR):
        places = [found.start() + 1 for found in pattern.finditer(buffer, max(0, len(buffer) - _CHUNK // 4))]
        for place in reversed(places[-_TRIES:]):
            if _is_json(b"[" + buffer[:place] + b"]", connection):
                return place
    return None


def _last(buffer: bytes, connection: duckdb.DuckDBPyConnection) -> bytes:
    """What remains of the last elements, without the bracket that closes the array."""
    if _is_json(b"[" + buffer + b"]", connection):
        return buffer
    closing = _CLOSING.search(buffer)
    return buffer[: closing.start()] if closing else buffer


def _is_json(text: bytes, connection: duckdb.DuckDBPyConnection) -> bool:
    rows = connection.execute("SELECT json_valid($1)", [text.decode("utf-8", "replace")]).fetchall()
    return bool(rows[0][0])


def _elements(text: bytes, separator: re.Pattern[bytes], connection: duckdb.DuckDBPyConnection) -> pa.Array:
    """The elements as lines; where the whole is no JSON, the pieces between likely boundaries."""
    text = text.strip(b" \t\r\n,")
    if not text:
        return pa.array([], pa.string())
    whole = b"[" + text + b"]"
    if _is_json(whole, connection):
        with connection.cursor() as cursor:
            elements = cursor.sql(
                "SELECT unnest(from_json($1, '[\"JSON\"]'))::VARCHAR AS line", params=[whole.decode("utf-8", "replace")]
            )
            return elements.to_arrow_table().column("line").combine_chunks()
    pieces = []
    begin = 0
    for found in separator.finditer(text):
        pieces.append(text[begin : found.start() + 1])
        begin = text.index(b"{", found.start() + 1)
    pieces.append(text[begin:])
    return pa.array([b"".join(piece.splitlines()).decode("utf-8", "replace") for piece in pieces], pa.string())


def _resume(stream: IO[bytes], separator: re.Pattern[bytes]) -> bytes:
    """The stream's next bytes from a likely boundary on."""
    tail = b""
    while chunk := stream.read(_CHUNK):
        tail = tail[-4096:] + chunk
        found = separator.search(tail)
        if found:
            return tail[tail.index(b"{", found.start() + 1) :]
    return b""
