"""Windows events as XML, as `wevtutil` exports them and collectors forward them, each as the JSON of an event log.

An event is cut out of its surroundings and parsed by itself, so no document type, entity or root element of a file is
ever read.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

import orjson
import pyarrow as pa

from tiercel.tables.arrow import texts
from tiercel.telemetry.readers.json_lines import TOO_LONG
from tiercel.telemetry.readers.records import LONGEST_RECORD, Records

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NOT_XML", "data_of_xml", "event_of_xml", "read_event_xml"]

NOT_XML: Final = "not XML"
_CHUNK: Final = 1 << 20
_BEGIN: Final = re.compile(rb"<Event[\s>]")
_END: Final = b"</Event>"
_ATTRIBUTES: Final = {
    "Provider": ("Name",),
    "TimeCreated": ("SystemTime",),
    "Security": ("UserID",),
    "Execution": ("ProcessID", "ThreadID"),
}
"""Header elements whose values stand in attributes ([MS-EVEN6] 2.2.13, and the schema of events on Microsoft Learn)."""


def read_event_xml(stream: IO[bytes]) -> Iterator[Records]:
    """The stream's events, numbered from 1 in their order; one that is no XML is skipped and counted."""
    number = 1
    lines: list[str] = []
    skipped: dict[str, int] = {}
    first = number
    for fragment in _fragments(stream):
        if fragment is None:
            skipped[TOO_LONG] = skipped.get(TOO_LONG, 0) + 1
        elif (event := event_of_xml(fragment)) is None:
            skipped[NOT_XML] = skipped.get(NOT_XML, 0) + 1
        else:
            lines.append(orjson.dumps(event).decode())
            number += 1
            if len(lines) < 4096:
                continue
        if lines:
            yield Records(range(first, number), texts(lines))
        if skipped:
            number += sum(skipped.values())
            yield Records(range(number - sum(skipped.values()), number), pa.array([], pa.string()), skipped)
        lines, skipped, first = [], {}, number
    if lines:
        yield Records(range(first, number), texts(lines))


def _fragments(stream: IO[bytes]) -> Iterator[bytes | None]:
    """Each `<Event>...</Event>`; None for one that is longer than any record may be."""
    buffer = b""
    while True:
        chunk = stream.read(_CHUNK)
        buffer += chunk
        at = 0
        while found := _BEGIN.search(buffer, at):
            end = buffer.find(_END, found.start())
            if end < 0:
                at = found.start()
                break
            yield buffer[found.start() : end + len(_END)]
            at = end + len(_END)
        else:
            at = max(at, len(buffer) - len(_END))
        buffer = buffer[at:]
        if len(buffer) > LONGEST_RECORD:
            yield None
            buffer = b""
        if not chunk:
            return


def event_of_xml(text: bytes | str) -> dict[str, Any] | None:
    """The event as an event log's JSON; None where it is no XML, or no event."""
    encoded = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if b"<!" in encoded:  # neither a document type nor an entity has a place within an event
        return None
    try:
        root = ET.fromstring(encoded.decode("utf-8", "replace"))  # noqa: S314  without a document type there is nothing to expand
    except (ET.ParseError, ValueError, RecursionError):
        return None
    parts = {_name(child): child for child in root}
    system = parts.get("System")
    if _name(root) != "Event" or system is None:
        return None
    header: dict[str, Any] = {}
    for element in system:
        name = _name(element)
        attributes = _ATTRIBUTES.get(name)
        text_of = (element.text or "").strip()
        header[name] = {"#attributes": {key: element.get(key, "") for key in attributes}} if attributes else text_of
    event: dict[str, Any] = {"System": header, "EventData": _data(parts.get("EventData"))}
    user = parts.get("UserData")
    if user is not None:
        event["UserData"] = _user_data(user)
    return {"Event": event}


def data_of_xml(text: str) -> dict[str, str] | None:
    """The named values of an `<EventData>`, wherever it stands in the text; None where it is no XML."""
    if "<!" in text:
        return None
    try:
        root = ET.fromstring(text)  # noqa: S314  as above
    except (ET.ParseError, ValueError, RecursionError):
        return None
    data = (
        root if _name(root) == "EventData" else next((each for each in root.iter() if _name(each) == "EventData"), None)
    )
    return _data(data)


def _data(element: ET.Element | None) -> dict[str, str]:
    r"""`<Data Name="Image">C:\\...</Data>` by name; values without a name cannot be told."""
    if element is None:
        return {}
    return {name: each.text or "" for each in element if (name := each.get("Name"))}


def _user_data(element: ET.Element) -> dict[str, Any]:
    """The fields within the one element that user data holds."""
    return {_name(inner): {_name(field): field.text or "" for field in inner} for inner in element}


def _name(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]
