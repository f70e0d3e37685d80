"""Events as text, `LogName=...` and the rendered message, as Splunk's Windows input writes them; each as flat JSON.

The time at the head of each is the host's local time, without a zone: it is handed on as a shipper's own time, which
the import sets right where Sysmon tells by how much.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import IO, TYPE_CHECKING, Final

import orjson

from tiercel.tables.arrow import texts
from tiercel.telemetry.readers.event_message import fields_of_message
from tiercel.telemetry.readers.json_lines import split_lines
from tiercel.telemetry.readers.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EVENT_TEXT", "read_event_text"]

EVENT_TEXT: Final = re.compile(rb"^\d\d/\d\d/\d{4} \d\d:\d\d:\d\d(?:\.\d+)?(?: [AP]M)?[ \t]*\r?\nLogName=")
"""How the first event begins."""
_HEAD: Final = re.compile(rb"^(\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)(?:\.\d+)?( [AP]M)?\s*$")
_MOST_LINES: Final = 20_000
"""Of one event; a longer one is cut there."""
_RUN: Final = 4096


def read_event_text(stream: IO[bytes]) -> Iterator[Records]:
    """The stream's events, numbered from 1 in their order."""
    number = 1
    lines: list[str] = []
    for block in _blocks(stream):
        lines.append(_event(block))
        if len(lines) == _RUN:
            yield Records(range(number, number + _RUN), texts(lines))
            number, lines = number + _RUN, []
    yield Records(range(number, number + len(lines)), texts(lines))


def _blocks(stream: IO[bytes]) -> Iterator[list[bytes]]:
    """The lines of each event: a line that is a time, and those up to the next one that `LogName=` follows."""
    block: list[bytes] = []
    for _, run in split_lines(stream):
        for line in run or ():
            if line.startswith(b"LogName=") and block and _HEAD.match(block[-1]):
                head = block.pop()
                if block:
                    yield block
                block = [head]
            if len(block) < _MOST_LINES:
                block.append(line.rstrip(b"\r"))
    if block and _HEAD.match(block[0]):
        yield block


def _event(block: list[bytes]) -> str:
    """The event as one line of JSON."""
    fields: dict[str, str] = {}
    message: list[str] = []
    for line in block[1:]:
        text = line.decode("utf-8", "replace")
        if message:
            message.append(text)
            continue
        name, sign, value = text.partition("=")
        if name == "Message":
            message.append(value)
        elif sign:
            fields.setdefault(name, value)
    told = "\n".join(message).rstrip()
    code = fields.get("EventCode", "")
    named = fields_of_message(int(code), told) if code.isascii() and code.isdigit() else {}
    event = {
        **named,
        "EventTime": _moment(block[0]),
        "EventID": code,
        "Channel": fields.get("LogName"),
        "Computer": fields.get("ComputerName"),
        "RecordNumber": fields.get("RecordNumber"),
        "Message": told,
    }
    return orjson.dumps(event).decode()


def _moment(line: bytes) -> str | None:
    found = _HEAD.match(line)
    if found is None:
        return None
    pattern = "%m/%d/%Y %I:%M:%S %p" if found[2] else "%m/%d/%Y %H:%M:%S"
    try:
        time = datetime.strptime((found[1] + (found[2] or b"")).decode(), pattern)  # noqa: DTZ007  it names no zone
    except ValueError:
        return None
    return time.isoformat(" ")
