"""Events in the rarer wrappings of shippers and products, each put into one that the staging reads.

The common wrappings (event log, Winlogbeat, NXLog) are read in SQL, whole files at once; these are taken apart one by
one, where the first events of a file show one of them:

    Wazuh            {"data": {"win": {"system": {"eventID"...}, "eventdata": {"processId"...}}}}
    Velociraptor     {"System": {"EventID": {"Value"...}, ...}, "EventData": {...}}, without an `Event` around it
    Splunk           {"result": {...}}, {"event": ...}, with the fields, or with the event as XML in `_raw`
    Elasticsearch    {"_source": {"winlog.event_id"...}}
    Graylog, GELF    {"winlogbeat_winlog_event_data_Image"...}
    Azure            {"EventLog"..., "EventData": "<DataItem>..."}, the table Event of Log Analytics
    PowerShell       Get-WinEvent | ConvertTo-Json: {"Id", "LogName", "MachineName", "Message"}
    converters       {"EventData": {"Data": [{"@Name": "Image", "#text": "..."}]}}
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from tiercel.tables.arrow import texts
from tiercel.telemetry.readers.event_message import fields_of_message
from tiercel.telemetry.readers.event_xml import data_of_xml, event_of_xml
from tiercel.telemetry.readers.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["is_wrapped", "unwrapped"]

_LOOKED_AT: Final = 20
"""So many of a file's first events show how all are wrapped."""
_DEEPEST: Final = 4
_ENVELOPES: Final = ("_source", "result", "event", "data", "win")
_XML_KEYS: Final = ("_raw", "event", "xml", "Xml", "original", "message", "Message")
_UNDERSCORED: Final = re.compile(r"^(?:winlogbeat_)?winlog_(event_data_|user_data_)?")
_UNDERSCORED_HEADER: Final = {
    "event_id": "EventID",
    "channel": "Channel",
    "computer_name": "Computer",
    "record_id": "EventRecordID",
}
_SPLUNK_SOURCE: Final = re.compile(r"^(?:Xml)?WinEventLog:", re.IGNORECASE)


def is_wrapped(head: bytes) -> bool:
    """Whether the first events in a file's first bytes are wrapped in one of these ways."""
    return any(_opened(value) is not None for value in _first_values(head))


def unwrapped(runs: Iterable[Records]) -> Iterator[Records]:
    """The records with every event that is wrapped in one of these ways put into a wrapping that is read."""
    for run in runs:
        yield Records(
            run.numbers, texts([_line(line) for line in run.lines.to_pylist()]), run.skipped, run.damaged, run.replaced
        )


def _first_values(head: bytes) -> Iterator[dict[str, Any]]:
    """The first JSON objects, of lines or of an array."""
    text = head.decode("utf-8", "replace").lstrip(" \t\r\n\x00[")
    decoder = json.JSONDecoder(strict=False)
    for _ in range(_LOOKED_AT):
        try:
            value, end = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            return
        if isinstance(value, dict):
            yield value
        text = text[end:].lstrip(" \t\r\n\x00,")
        if not text:
            return


def _line(line: str) -> str:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    opened = _opened(value) if isinstance(value, dict) else None
    return line if opened is None else orjson.dumps(opened, option=orjson.OPT_NON_STR_KEYS).decode()


def _opened(value: dict[str, Any], depth: int = 0) -> dict[str, Any] | None:
    """The event in a wrapping that is read; None where it is in none of these."""
    for one in (_from_xml, _wazuh, _listed, _bare, _log_analytics, _underscored, _get_winevent):
        if (found := one(value)) is not None:
            return found
    if depth == _DEEPEST:
        return None
    for key in _ENVELOPES:
        inner = value.get(key)
        if isinstance(inner, dict) and not {"winlog", "event_data", "Event"} & value.keys():
            if (found := _opened(inner, depth + 1)) is not None:
                return found
            if key == "result":
                return _splunk_fields(inner)
            if key == "_source" and any(name.startswith("winlog.") for name in inner):
                return inner
    return None


def _from_xml(value: dict[str, Any]) -> dict[str, Any] | None:
    for key in _XML_KEYS:
        text = value.get(key)
        if isinstance(text, str) and text.lstrip().startswith("<Event") and "<System" in text[:400]:
            return event_of_xml(text.strip())
    return None


def _wazuh(value: dict[str, Any]) -> dict[str, Any] | None:
    """Wazuh writes every name with a small first letter (Wazuh's documentation, Windows event channel)."""
    system, data = value.get("system"), value.get("eventdata")
    if not isinstance(system, dict) or "eventID" not in system:
        return None
    named = data if isinstance(data, dict) else {}
    return _event(
        system.get("eventID"),
        system.get("channel"),
        system.get("computer"),
        system.get("systemTime"),
        {_capital(name): text for name, text in named.items()},
        record=system.get("eventRecordID"),
    )


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _listed(value: dict[str, Any]) -> dict[str, Any] | None:
    """Converters that keep `<Data Name="...">` as a list."""
    event = value.get("Event")
    inner = event if isinstance(event, dict) else value
    data = inner.get("EventData")
    named = data.get("Data") if isinstance(data, dict) else None
    if not isinstance(inner.get("System"), dict) or not isinstance(named, list):
        return None
    fields = {}
    for each in named:
        if not isinstance(each, dict):
            continue
        attributes = each.get("#attributes", each)
        if not isinstance(attributes, dict):
            continue
        name = next((attributes[key] for key in ("Name", "@Name", "_Name") if key in attributes), None)
        if isinstance(name, str):
            fields[name] = next((each[key] for key in ("#text", "$t", "_", "text", "Value") if key in each), "")
    return {"Event": {**_system(inner["System"]), "EventData": fields, "UserData": inner.get("UserData")}}


def _bare(value: dict[str, Any]) -> dict[str, Any] | None:
    """An event without the element that holds it."""
    system = value.get("System")
    if "Event" in value or not isinstance(system, dict) or "EventID" not in system:
        return None
    data = value.get("EventData")
    fields = data if isinstance(data, dict) else {}
    return {"Event": {**_system(system), "EventData": fields, "UserData": value.get("UserData")}}


def _system(system: dict[str, Any]) -> dict[str, Any]:
    """The header, its time as text where it is a number of seconds."""
    created = system.get("TimeCreated")
    if isinstance(created, dict) and isinstance(created.get("SystemTime"), int | float):
        created = {"SystemTime": _instant(created["SystemTime"])}
    identifier = system.get("EventID")
    if isinstance(identifier, dict):
        identifier = next((identifier[key] for key in ("Value", "#text", "text") if key in identifier), None)
    return {"System": {**system, "TimeCreated": created, "EventID": identifier}}


def _log_analytics(value: dict[str, Any]) -> dict[str, Any] | None:
    """The table Event of Log Analytics (Microsoft Learn, "Event"): its EventData is XML."""
    data = value.get("EventData")
    if "EventLog" not in value or not isinstance(data, str):
        return None
    return _event(
        value.get("EventID"),
        value.get("EventLog"),
        value.get("Computer"),
        value.get("TimeGenerated"),
        data_of_xml(data) or {},
    )


def _underscored(value: dict[str, Any]) -> dict[str, Any] | None:
    """Names with underscores for dots, as Graylog keeps them."""
    if not any(name.endswith("winlog_event_id") for name in value):
        return None
    flat: dict[str, Any] = {"TimeCreated": value.get("timestamp", value.get("@timestamp"))}
    for name, text in value.items():
        found = _UNDERSCORED.match(name)
        if found:
            rest = name[found.end() :]
            flat[rest if found[1] else _UNDERSCORED_HEADER.get(rest, name)] = text
    return flat


def _get_winevent(value: dict[str, Any]) -> dict[str, Any] | None:
    """What PowerShell keeps of an event: its text, and no named values."""
    if not {"Id", "LogName", "MachineName"} <= value.keys():
        return None
    identifier, message = value["Id"], value.get("Message")
    named = fields_of_message(identifier, message) if isinstance(identifier, int) and isinstance(message, str) else {}
    return {
        **named,
        "EventID": identifier,
        "Channel": value["LogName"],
        "Computer": value["MachineName"],
        "TimeCreated": _moment(value.get("TimeCreated")),
        "EventRecordID": value.get("RecordId"),
        "Message": message,
    }


def _splunk_fields(value: dict[str, Any]) -> dict[str, Any] | None:
    """A search's result: fields as Splunk's add-on for Windows names them."""
    identifier = value.get("EventID", value.get("EventCode"))
    if identifier is None:
        return None
    source = _SPLUNK_SOURCE.sub("", str(value.get("source") or ""))
    header = {
        "EventID": identifier,
        "Channel": value.get("Channel") or value.get("LogName") or source,
        "Computer": value.get("Computer") or value.get("ComputerName") or value.get("host"),
        "TimeCreated": value.get("SystemTime") or value.get("_time"),
        "EventRecordID": value.get("EventRecordID") or value.get("RecordNumber"),
    }
    return {**value, **header}


def _event(
    identifier: Any, channel: Any, computer: Any, time: Any, data: dict[str, Any], *, record: Any = None
) -> dict[str, Any]:
    system = {
        "EventID": identifier,
        "Channel": channel,
        "Computer": computer,
        "EventRecordID": record,
        "TimeCreated": {"SystemTime": time},
    }
    return {"Event": {"System": system, "EventData": data}}


def _instant(seconds: float) -> str | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
    except (OverflowError, OSError, ValueError):
        return None


def _moment(time: Any) -> Any:
    """`/Date(1600618616597)/`, milliseconds, as text; anything else as it stands."""
    found = re.match(r"/Date\((-?\d+)", time) if isinstance(time, str) else None
    return _instant(int(found[1]) / 1000) if found else time
