"""Findings as Arrow and as JSON, each with one fixed shape."""

from __future__ import annotations

import base64
import dataclasses
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tiercel.findings.finding import Finding

__all__ = ["SCHEMA", "as_arrow", "as_json", "iso", "plain"]

_HALF: Final = re.compile("[\ud800-\udfff]")
_TIME: Final = pa.timestamp("us", tz="UTC")
_TEXT: Final = pa.string()
_PROCESS: Final = pa.struct([("name", _TEXT), ("pid", pa.int64()), ("command_line", _TEXT), ("start", _TIME)])
_STEP: Final = pa.struct(
    [
        ("step", _TEXT),
        ("time", _TIME),
        ("text", _TEXT),
        ("role", _TEXT),
        ("device", _TEXT),
        ("process", _TEXT),
        ("process_id", pa.int64()),
        ("command_line", _TEXT),
        ("peer", _TEXT),
        ("account", _TEXT),
        ("table", _TEXT),
        ("source", _TEXT),
    ]
)
_EVENT: Final = [("table", _TEXT), ("source", _TEXT)]
_CALLER: Final = pa.struct(
    [
        ("ip", _TEXT),
        ("device", _TEXT),
        ("device_id", _TEXT),
        ("known_by", _TEXT),
        ("process", _PROCESS),
        ("process_known_by", _TEXT),
        ("account", _TEXT),
        ("logon_id", pa.int64()),
        ("time", _TIME),
        *_EVENT,
    ]
)
_MIRROR: Final = pa.struct(
    [
        ("time", _TIME),
        ("text", _TEXT),
        ("device", _TEXT),
        ("device_id", _TEXT),
        ("process", _PROCESS),
        ("account", _TEXT),
        ("local_ip", _TEXT),
        ("local_port", pa.int64()),
        ("remote_ip", _TEXT),
        ("remote_port", pa.int64()),
        ("apart", pa.float64()),
        ("is_exact", pa.bool_()),
        ("is_relay", pa.bool_()),
        *_EVENT,
    ]
)
_LOGON: Final = pa.struct(
    [
        ("time", _TIME),
        ("text", _TEXT),
        ("account", _TEXT),
        ("logon_id", pa.int64()),
        ("package", _TEXT),
        ("source_ip", _TEXT),
        ("source_port", pa.int64()),
        ("workstation", _TEXT),
        ("tied_by", _TEXT),
        *_EVENT,
    ]
)
_FOLLOWED: Final = pa.struct(
    [
        ("time", _TIME),
        ("kind", _TEXT),
        ("text", _TEXT),
        ("tied_by", _TEXT),
        ("process", _PROCESS),
        ("account", _TEXT),
        *_EVENT,
    ]
)
_TREE_PROCESS: Final = pa.struct(
    [
        ("depth", pa.int64()),
        ("role", _TEXT),
        ("name", _TEXT),
        ("pid", pa.int64()),
        ("command_line", _TEXT),
        ("start", _TIME),
        ("account", _TEXT),
        *_EVENT,
    ]
)
_UNKNOWN: Final = pa.struct([("what", _TEXT), ("text", _TEXT), ("setting", _TEXT)])
_ATTRIBUTION: Final = pa.struct(
    [
        ("sentence", _TEXT),
        ("caller", _CALLER),
        ("logon", _LOGON),
        ("mirrors", pa.list_(_MIRROR)),
        ("followed", pa.list_(_FOLLOWED)),
        ("tree", pa.list_(_TREE_PROCESS)),
        ("caller_tree", pa.list_(_TREE_PROCESS)),
        ("unknown", pa.list_(_UNKNOWN)),
    ]
)
_RECURRENCE: Final = pa.struct(
    [
        ("caller", _TEXT),
        ("image", _TEXT),
        ("devices", pa.int64()),
        ("times", pa.int64()),
        ("first_time", _TIME),
        ("last_time", _TIME),
    ]
)
SCHEMA: Final = pa.schema(
    [
        ("id", _TEXT),
        ("rule_id", _TEXT),
        ("title", _TEXT),
        ("techniques", pa.list_(_TEXT)),
        ("tactics", pa.list_(_TEXT)),
        ("severity", _TEXT),
        ("confidence", _TEXT),
        ("summary", _TEXT),
        ("device", _TEXT),
        ("device_id", _TEXT),
        ("peer_ip", _TEXT),
        ("peer_name", _TEXT),
        ("account", _TEXT),
        ("first_time", _TIME),
        ("last_time", _TIME),
        ("server", _PROCESS),
        ("child", _PROCESS),
        ("evidence", pa.list_(_STEP)),
        ("rows", pa.int64()),
        ("family", _TEXT),
        ("strength", _TEXT),
        ("links", pa.list_(_TEXT)),
        ("rules", pa.list_(_TEXT)),
        ("columns", _TEXT),
        ("attribution", _ATTRIBUTION),
        ("recurring", _RECURRENCE),
    ]
)
"""The columns of findings as Arrow: the fields of `Finding`; `columns` is JSON text."""


def iso(time: datetime) -> str:
    """The instant as ISO 8601 in UTC, with milliseconds, or microseconds where it has them.

    >>> iso(datetime(2020, 9, 20, 16, 16, 56, 597000))
    '2020-09-20T16:16:56.597Z'
    >>> iso(datetime(2020, 9, 20, 16, 16, 56, 597001, tzinfo=UTC))
    '2020-09-20T16:16:56.597001Z'
    """
    naive = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    return naive.isoformat(timespec="microseconds" if naive.microsecond % 1000 else "milliseconds") + "Z"


def as_arrow(findings: Iterable[Finding]) -> pa.Table:
    """The findings as an Arrow table of `SCHEMA`, in their order."""
    return pa.Table.from_pylist([_row(finding) for finding in findings], schema=SCHEMA)


def as_json(finding: Finding) -> dict[str, Any]:
    """The finding as JSON values: times as ISO text, absent things as null."""
    values: dict[str, Any] = plain(dataclasses.asdict(finding))
    return values


def plain(value: Any) -> Any:
    r"""A result's value as JSON can hold it; halves of characters, which UTF-8 has no place for, become U+FFFD.

    >>> plain({"a": ("x\ud800", timedelta(seconds=2))})
    {'a': ['x\ufffd', 2.0]}
    """
    match value:
        case datetime():
            return iso(value)
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case str():
            return _HALF.sub("\ufffd", value)
        case _:
            return value


def _row(finding: Finding) -> dict[str, Any]:
    values = dataclasses.asdict(finding)
    columns: Mapping[str, Any] = values["columns"]
    row: dict[str, Any] = _encodable({**values, "columns": orjson.dumps(plain(columns)).decode()})
    return row


def _encodable(value: Any) -> Any:
    """The value with its texts as UTF-8 can hold them; times stay times."""
    match value:
        case str():
            return _HALF.sub("\ufffd", value)
        case dict():
            return {name: _encodable(each) for name, each in value.items()}
        case list() | tuple():
            return [_encodable(each) for each in value]
        case _:
            return value
