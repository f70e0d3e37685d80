"""The raw events of a page: each source is numbered once, and the texts go in compressed."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tiercel.report.words import text
from tiercel.shown import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiercel.telemetry.originals import Original

__all__ = ["EVENT_BYTES", "LONGEST_EVENT", "Events", "Told"]

LONGEST_EVENT: Final = 16_000
"""Of a raw event, so many characters go into the page; Windows bounds an event at 64 KB."""

EVENT_BYTES: Final = 2_000_000
"""So many bytes raw events take in a page, unless it is told otherwise."""

_LOGS: Final = (("sysmon", "Sysmon"), ("security", "Security"), ("system", "System"), ("wmi", "WMI-Activity"))
_TIMES: Final = ("utctime", "systemtime", "timecreated", "eventtime", "@timestamp", "timestamp")
"""Where events write their time, the closest to what happened first."""
_KEYS: Final = frozenset({"channel", "eventid", "actiontype", *_TIMES})
_DEEPEST: Final = 4
_PLACE: Final = 36
"""So many characters of an event's place stand beside it."""

_LEFT_OUT: Final = "Left out to keep this page small; the event stands in its file."


@dataclass(frozen=True, slots=True)
class Told:
    """What a raw event says of itself: its log and id (`Sysmon 3`), and its time as it stands there."""

    by: str = ""
    written: str = ""

    @property
    def is_sysmon(self) -> bool:
        """Whether Sysmon wrote it."""
        return self.by.startswith("Sysmon")


class Events:
    """The sources that a page shows, numbered in the order in which they were met."""

    def __init__(self, originals: Mapping[str, Original]) -> None:
        self._originals = originals
        self._numbers: dict[str, int] = {}

    def number(self, source: str | None) -> int | None:
        """The number of a source in the page; None where the raw event is not known."""
        return self._numbers.setdefault(source, len(self._numbers)) if source else None

    @staticmethod
    def place(source: str | None) -> str:
        """Where a raw event stands, the end of it where it is long: the whole place stands over the event itself."""
        name = source.replace("\\", "/").rpartition("/")[2].rpartition("!")[2] if source else ""
        return text(name if len(name) <= _PLACE else f"...{name[-_PLACE:]}")

    def told(self, source: str | None) -> Told:
        """What the raw event of a source says of itself."""
        original = self._originals.get(source or "")
        return _told(original.text) if original and original.length == len(original.text) else Told()

    def packed(self, most: int) -> str:
        """A JSON list of the events' texts by number, zlib-compressed, in base64: `most` bytes, or little more."""
        packing = zlib.compressobj(6)
        packed = bytearray()
        for index, source in enumerate(self._numbers):
            words = _words(self._originals.get(source)) if len(packed) * 4 // 3 < most else _LEFT_OUT
            piece = ("," if index else "[") + json.dumps(f"{text(source)}\n\n{words}")
            packed += packing.compress(piece.encode())
            if index % 64 == 0:
                packed += packing.flush(zlib.Z_SYNC_FLUSH)
        packed += packing.compress(b"]" if self._numbers else b"[]")
        return base64.b64encode(packed + packing.flush()).decode()


def _told(event: str) -> Told:
    try:
        values = _named(json.loads(event))
    except (ValueError, RecursionError):
        return Told()
    log = str(values.get("channel") or "")
    name = next((short for part, short in _LOGS if part in log.lower()), log.rpartition("/")[0] or log)
    by = f"{name} {values.get('eventid', '')}".strip() if name else str(values.get("actiontype") or "")
    return Told(by, next((str(values[key]) for key in _TIMES if values.get(key)), ""))


def _named(event: Any, depth: int = 0) -> dict[str, Any]:
    """The values of the keys that say what an event is, wherever they stand; outer ones first."""
    found: dict[str, Any] = {}
    if not isinstance(event, dict) or depth > _DEEPEST:
        return found
    for key, value in event.items():
        name = str(key).lower().replace("_", "")
        if name in _KEYS and isinstance(value, str | int):
            found.setdefault(name, value)
        elif name in _KEYS and isinstance(value, dict):
            found.setdefault(name, value.get("#text"))
    for value in event.values():
        for name, inner in _named(value, depth + 1).items():
            found.setdefault(name, inner)
    return found


def _words(original: Original | None) -> str:
    """The event as it is shown: JSON spread over lines, and what is left out of it."""
    if original is None:
        return "The raw event was not read."
    if original.missing:
        return f"The raw event cannot be shown: {shown(original.missing)}."
    if original.length > len(original.text):
        left_out = original.length - len(original.text)
        return f"{shown(original.text)}\n... ({left_out:,} more characters stand in the file)"
    try:
        event: Any = json.loads(original.text)
        spread = json.dumps(event, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        spread = original.text
    return shown(spread, keep="\n")
