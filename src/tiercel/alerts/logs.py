"""Structured logs: one JSON object a line, which no event's content can break out of."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from tiercel.findings import iso
from tiercel.findings.shapes import plain

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["JsonLog"]


class JsonLog:
    r"""Writes lines `{"at": ..., "level": ..., "event": ..., ...}`; everything but plain ASCII stands as an escape.

    >>> import io
    >>> lines = io.StringIO()
    >>> JsonLog(lines, lambda: datetime(2026, 7, 14, tzinfo=UTC)).info("rule_ran", rule="a\x1b\n", seconds=0.5)
    >>> print(lines.getvalue(), end="")
    {"at": "2026-07-14T00:00:00.000Z", "level": "info", "event": "rule_ran", "rule": "a\u001b\n", "seconds": 0.5}
    """

    def __init__(self, stream: IO[str], clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._stream = stream
        self._clock = clock
        self._lock = threading.Lock()

    def info(self, event: str, **fields: Any) -> None:
        """Something happened as it should."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Something failed and is tried again, or is left out."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Something failed that somebody has to see to."""
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, Any]) -> None:
        line = {"at": iso(self._clock()), "level": level, "event": event, **plain(fields)}
        text = json.dumps(line, ensure_ascii=True, default=str).replace("\x7f", "\\u007f")
        with self._lock:
            self._stream.write(text + "\n")
            self._stream.flush()
