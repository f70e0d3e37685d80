"""What a file is, told by its first bytes and never by its name."""

from __future__ import annotations

import codecs
import re
from enum import StrEnum
from typing import Final

from tiercel.telemetry.readers.event_text import EVENT_TEXT

__all__ = ["Encoding", "Format", "encoding_of", "format_of"]


class Format(StrEnum):
    """What a stream holds."""

    EVTX = "evtx"
    PARQUET = "parquet"
    JSON_LINES = "json lines"
    JSON_ARRAY = "json array"
    CSV = "csv"
    XML = "xml"
    EVENT_TEXT = "event text"
    NONE = "no telemetry"


class Encoding(StrEnum):
    """How a text stream is encoded; everything but UTF-16 is read as UTF-8."""

    UTF8 = "utf-8"
    UTF16_LE = "utf-16-le"
    UTF16_BE = "utf-16-be"


_TABLE_HEADER: Final = re.compile(
    rb'"?(Timestamp|TimeGenerated|DeviceId|DeviceName|ActionType|ReportId|Event Time)\b[^\r\n]*,'
)
_EVENT: Final = re.compile(rb"<Event[\s>]")
_WRAPPED: Final = re.compile(rb'\s*\{\s*"(?:records|value|Results|results)"\s*:\s*\[')


def encoding_of(head: bytes) -> tuple[Encoding, int]:
    """The encoding that the first bytes show, and how many bytes of it are a byte order mark."""
    for mark, encoding in (
        (codecs.BOM_UTF8, Encoding.UTF8),
        (codecs.BOM_UTF16_LE, Encoding.UTF16_LE),
        (codecs.BOM_UTF16_BE, Encoding.UTF16_BE),
    ):
        if head.startswith(mark):
            return encoding, len(mark)
    if len(head) >= 4 and head[1] == 0 == head[3] and head[0] and head[2]:
        return Encoding.UTF16_LE, 0
    if len(head) >= 4 and head[0] == 0 == head[2] and head[1] and head[3]:
        return Encoding.UTF16_BE, 0
    return Encoding.UTF8, 0


def format_of(head: bytes) -> Format:
    """What the stream is that begins with these bytes (text already as UTF-8, without a byte order mark)."""
    if head.startswith(b"ElfFile\x00"):
        return Format.EVTX
    if head.startswith(b"PAR1"):
        return Format.PARQUET
    text = head.lstrip(b" \t\r\n\x00")
    if text.startswith(b"["):
        return Format.JSON_ARRAY
    if text.startswith(b"{"):
        if _WRAPPED.match(text):
            return Format.JSON_ARRAY
        first = text.split(b"\n", 1)[0].rstrip()
        # A pretty-printed object breaks its first line open; an object on one line is closed there, or longer than the head.
        whole_line = b"\n" not in text or first.endswith((b"}", b"},"))
        return Format.JSON_LINES if whole_line else Format.JSON_ARRAY
    if EVENT_TEXT.match(text):
        return Format.EVENT_TEXT
    if text.startswith(b"<") and _EVENT.search(text):
        return Format.XML
    if _TABLE_HEADER.search(text.split(b"\n", 1)[0]):
        return Format.CSV
    return Format.NONE
