"""Findings read back from their JSON form, so that a saved result can be shown, chained and reported again."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import orjson

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


def from_json(values: Mapping[str, Any]) -> Finding:
    """The finding that `as_json` gave these values of. Names that are not a finding's are passed over.

    Raises:
        UsageError: where a value is missing or of another kind, with its place.

    """
    finding: Finding = _read(Finding, values, "finding")
    return finding


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
            found.append(_read(Finding, values, f"{path}:{number}"))
    return tuple(found)


def _read(kind: Any, value: Any, place: str) -> Any:
    """The JSON value as a value of the declared type."""
    if dataclasses.is_dataclass(kind):
        return _read_fields(kind, value, place)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (types.UnionType, Union):
        if value is None:
            return None
        return _read(next(each for each in arguments if each is not types.NoneType), value, place)
    if kind is Any:
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise _unfit(place, "a list", value)
        return tuple(_read(arguments[0], each, f"{place}[{index}]") for index, each in enumerate(value))
    if origin is Mapping:
        if not isinstance(value, dict):
            raise _unfit(place, "an object", value)
        return value
    if kind is datetime:
        return _instant(value, place)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise _unfit(place, _WORDS.get(kind, kind.__name__), value)
    return value


_WORDS: Final = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _read_fields(kind: Any, value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise _unfit(place, "an object", value)
    read = {}
    for field, hint in _declared(kind):
        if field.name in value:
            read[field.name] = _read(hint, value[field.name], f"{place}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise UsageError(f"{place}: `{field.name}` is missing; is this a finding of another program?")
    return kind(**read)


@cache
def _declared(kind: Any) -> tuple[tuple[dataclasses.Field[Any], Any], ...]:
    hints = get_type_hints(kind, localns=_NAMES)
    return tuple((field, hints[field.name]) for field in dataclasses.fields(kind))


def _instant(value: Any, place: str) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _unfit(place, "a time", value) from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _unfit(place: str, expected: str, value: Any) -> UsageError:
    return UsageError(f"{place}: {expected} was expected, not {type(value).__name__}")
