"""Findings read back from their JSON form, so that a saved result can be shown, chained and reported again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from tiercel.declared import Reader, UnfitError
from tiercel.errors import UsageError
from tiercel.findings.attribution import Attribution
from tiercel.findings.finding import Finding, Process
from tiercel.findings.recurrence import Recurrence

__all__ = ["from_json", "read_lines"]

_NAMES: Final = {
    "Any": Any,
    "Attribution": Attribution,
    "Mapping": Mapping,
    "Process": Process,
    "Recurrence": Recurrence,
    "datetime": datetime,
}
"""What the annotations of the declared classes name, besides what their own modules hold."""

_READER: Final = Reader(_NAMES, zone=UTC)


def from_json(values: Mapping[str, Any]) -> Finding:
    """The finding that `as_json` gave these values of. Names that are not a finding's are passed over.

    Raises:
        UsageError: where a value is missing or of another kind, with its place.

    """
    return _finding(values, "finding")


def read_lines(text: bytes, path: str) -> tuple[Finding, ...]:
    """The findings of a saved result: JSON lines, each a finding. Lines that tell of something else are passed over.

    Raises:
        UsageError: where a line is no JSON, or no finding, with its number.

    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            values = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise UsageError(f"{path}:{number}: not a line of JSON ({error}); a result is written with --out") from None
        if not isinstance(values, dict):
            raise UsageError(f"{path}:{number}: not a finding; a result is written with --out")
        if "rule_id" in values:
            found.append(_finding(values, f"{path}:{number}"))
    return tuple(found)


def _finding(values: Mapping[str, Any], place: str) -> Finding:
    try:
        finding: Finding = _READER.read(Finding, values, place)
    except UnfitError as error:
        raise UsageError(str(error)) from error
    return finding
