"""The shapes in which shippers write a Windows event as JSON, each as the SQL that takes it apart.

A shape says where the header fields stand and where the event's own fields. Keys are matched exactly, case included:
NXLog's `ProcessID` is the logging process, its `ProcessId` the event's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DEFENDER_RECORD",
    "ENVELOPE",
    "EVENT_DUMP",
    "FIRST_OF_WRAPPING",
    "FLATTENED_DATA",
    "FLATTENED_WINLOG",
    "HEADER",
    "SHAPES",
    "Shape",
    "event_number",
    "structure",
]

HEADER: Final = (
    "event_id",
    "channel",
    "computer",
    "event_record",
    "written",
    "clock",
    "stamp",
    "sid",
    "header_pid",
    "nxlog",
)
"""What every shape gives: `written` is the time as written, `clock` which of the shipper's time fields that was,
`stamp` a second time that may be the time of collection, `sid` the account in the header, `header_pid` the process that
logged, `nxlog` whether NXLog's names hold (it overwrites some of the event's own).
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """One way of writing events.

    `test` is SQL over `line`, true for lines of this shape; `within` the path of objects that holds the event's own
    fields; `keys` the header keys to parse, an object for each level; `header` SQL over the parsed `j` for each of
    `HEADER`.
    """

    name: str
    test: str
    within: tuple[str, ...]
    keys: Mapping[str, object]
    header: Mapping[str, str]
    message: str | None = None
    """The key of the rendered text at the top of the line."""
    opening: str = ""
    """A key, quoted, whose object tells the shape where it is the first of `FIRST_OF_WRAPPING` in the line."""
    confirmed: str = "true"
    """SQL that must hold besides."""
    user_data: str = ""
    """A pointer to the object that holds the fields of events that log `UserData`, there or in its only member."""


_TEXT: Final = "VARCHAR"

_FLAT: Final = Shape(
    name="flat",
    test="true",
    within=(),
    keys=dict.fromkeys(
        (
            "EventID",
            "event_id",
            "Channel",
            "log_name",
            "Hostname",
            "Computer",
            "computer_name",
            "RecordNumber",
            "EventRecordID",
            "record_number",
            "EventTime",
            "TimeGenerated",
            "TimeCreated",
            "@timestamp",
            "SourceModuleType",
            "ExecutionProcessID",
            "UserID",
        ),
        _TEXT,
    ),
    header={
        "event_id": "coalesce(j.EventID, j.event_id)",
        "channel": "coalesce(j.Channel, j.log_name)",
        "computer": "coalesce(j.Hostname, j.Computer, j.computer_name)",
        "event_record": "coalesce(j.RecordNumber, j.EventRecordID, j.record_number)",
        "written": 'coalesce(j.EventTime, j.TimeGenerated, j.TimeCreated, j."@timestamp")',
        "clock": "CASE WHEN j.EventTime IS NOT NULL THEN 'EventTime'"
        " WHEN j.TimeGenerated IS NOT NULL THEN 'TimeGenerated' WHEN j.TimeCreated IS NOT NULL THEN 'TimeCreated' ELSE '@timestamp' END",
        "stamp": 'j."@timestamp"',
        "sid": "j.UserID",
        "header_pid": "j.ExecutionProcessID",
        "nxlog": "j.SourceModuleType IS NOT NULL",
    },
    message="Message",
)

_BEAT_6: Final = Shape(
    name="winlogbeat 6",
    test="""regexp_matches(line, '"event_data"\\s*:\\s*\\{')""",
    within=("event_data",),
    keys={
        **dict.fromkeys(("event_id", "log_name", "computer_name", "record_number", "@timestamp", "process_id"), _TEXT),
        "user": {"identifier": _TEXT},
    },
    header={
        "event_id": "j.event_id",
        "channel": "j.log_name",
        "computer": "j.computer_name",
        "event_record": "j.record_number",
        "written": 'j."@timestamp"',
        "clock": "'system'",
        "stamp": "NULL",
        "sid": "j.user.identifier",
        "header_pid": "j.process_id",
        "nxlog": "false",
    },
    message="message",
    opening='"event_data"',
    user_data="/user_data",
)

_BEAT_7: Final = Shape(
    name="winlogbeat 7",
    test="""regexp_matches(line, '"winlog"\\s*:\\s*\\{')""",
    within=("winlog", "event_data"),
    keys={
        "@timestamp": _TEXT,
        "winlog": {
            **dict.fromkeys(("event_id", "channel", "computer_name", "record_id"), _TEXT),
            "process": {"pid": _TEXT},
            "user": {"identifier": _TEXT},
        },
    },
    header={
        "event_id": "j.winlog.event_id",
        "channel": "j.winlog.channel",
        "computer": "j.winlog.computer_name",
        "event_record": "j.winlog.record_id",
        "written": 'j."@timestamp"',
        "clock": "'system'",
        "stamp": "NULL",
        "sid": "j.winlog.user.identifier",
        "header_pid": "j.winlog.process.pid",
        "nxlog": "false",
    },
    message="message",
    opening='"winlog"',
    user_data="/winlog/user_data",
)


def _element(*attributes: str) -> dict[str, object]:
    """The keys of an XML element's attributes, in the three ways in which converters write them."""
    plain = dict.fromkeys(attributes, _TEXT)
    return {"#attributes": plain, **{f"@{name}": _TEXT for name in attributes}, **plain}


def _attribute(element: str, name: str) -> str:
    """SQL for the attribute, however it was written."""
    path = f"j.Event.System.{element}"
    return f'coalesce({path}."#attributes".{name}, {path}."@{name}", {path}.{name})'


_HAS_SYSTEM: Final = """regexp_matches(line, '"System"\\s*:\\s*\\{')"""
_EVENT: Final = Shape(
    name="event",
    test=f"""regexp_matches(line, '"Event"\\s*:\\s*\\{{') AND {_HAS_SYSTEM}""",
    within=("Event", "EventData"),
    keys={
        "Event": {
            "System": {
                **dict.fromkeys(("EventID", "Channel", "Computer", "EventRecordID"), _TEXT),
                "TimeCreated": _element("SystemTime"),
                "Security": _element("UserID"),
                "Execution": _element("ProcessID"),
            },
        }
    },
    header={
        "event_id": "j.Event.System.EventID",
        "channel": "j.Event.System.Channel",
        "computer": "j.Event.System.Computer",
        "event_record": "j.Event.System.EventRecordID",
        "written": _attribute("TimeCreated", "SystemTime"),
        "clock": "'system'",
        "stamp": "NULL",
        "sid": _attribute("Security", "UserID"),
        "header_pid": _attribute("Execution", "ProcessID"),
        "nxlog": "false",
    },
    opening='"Event"',
    confirmed=_HAS_SYSTEM,
    user_data="/Event/UserData",
)

SHAPES: Final[tuple[Shape, ...]] = (_BEAT_7, _EVENT, _BEAT_6, _FLAT)
"""In this order: the more deeply an event is wrapped, the earlier; what has no wrapping is flat."""
EVENT_DUMP: Final = SHAPES.index(_EVENT)
"""The shape that the `evtx` library writes."""
DEFENDER_RECORD: Final = r'"category"\s*:\s*"AdvancedHunting-'
FLATTENED_WINLOG: Final = r'"winlog[.][^"\\]+"\s*:'
FLATTENED_DATA: Final = r'"event_data[.][^"\\]+"\s*:'
ENVELOPE: Final = r'"_source"\s*:\s*\{'
FIRST_OF_WRAPPING: Final = (
    r'"(?:(?:winlog|event_data|_source|Event)"\s*:\s*\{|(?:winlog|event_data)[.][^"\\]+"\s*:|'
    f"{DEFENDER_RECORD[1:]})"
)
"""What only lines hold that are not flat, as a key with its closing quote: within a text a quote has a backslash before
it, so no command line can look like one.
"""


def structure(shape: Shape, fields: tuple[str, ...]) -> str:
    """What `from_json` is told to take from a line of the shape: header keys, and the event's own fields."""
    return _object(_merged(shape.keys, shape.within, fields))


def event_number(text: str) -> str:
    """SQL for the event id in SQL `text`, which may be an object with qualifiers beside the number."""
    number = """regexp_extract({0}, '"(?:#text|[$]t|_|Value|value|text)"\\s*:\\s*"?(\\d+)', 1)"""
    return f"try_cast(CASE WHEN starts_with({text}, '{{') THEN {number.format(text)} ELSE {text} END AS INTEGER)"


def _merged(keys: Mapping[str, object], within: tuple[str, ...], fields: tuple[str, ...]) -> dict[str, object]:
    if not within:
        return {**keys, **dict.fromkeys(fields, _TEXT)}
    inner = keys.get(within[0], {})
    if not isinstance(inner, dict):
        raise TypeError(within[0])
    return {**keys, within[0]: _merged(inner, within[1:], fields)}


def _object(keys: Mapping[str, object]) -> str:
    members = [
        f'"{key}": {_object(value)}' if isinstance(value, dict) else f'"{key}": "{value}"'
        for key, value in keys.items()
    ]
    return "{" + ", ".join(members) + "}"
