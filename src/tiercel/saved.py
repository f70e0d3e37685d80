"""A hunt's whole result as one JSON document, and read back: findings, import, rules run and not run, warnings.

The document's shape is that of the dataclasses: what a stage adds to the result is saved without a line here.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from tiercel import findings
from tiercel.errors import InputError, Issue, UsageError
from tiercel.findings import Finding, read_lines
from tiercel.hunt import Findings, Result, RuleRun
from tiercel.rules import read_catalog
from tiercel.telemetry.report import ImportReport

__all__ = ["Saved", "dump", "load"]

_KIND: Final = "tiercel result"
_FORMAT: Final = 1
_NAMES: Final = {
    **vars(findings),
    "Mapping": Mapping,
    "datetime": datetime,
    "ImportReport": ImportReport,
    "Issue": Issue,
}
"""What the dataclasses' annotations name that their modules import for type checkers alone."""


@dataclass(frozen=True)
class Saved:
    """A result as it was saved. `folder` is where the hunt ran: sources are named from there.

    `is_whole` is False where only findings were saved, as JSON lines: what was imported is then not known.
    """

    result: Result
    folder: str
    is_whole: bool = True


class _UnfittingError(ValueError):
    """A value that is not what the dataclass says; the message names its place."""


def dump(result: Result, folder: Path | None = None) -> str:
    """The result as one JSON document. `folder` is what its sources are relative to, the current one if not given."""
    document = {
        "kind": _KIND,
        "format": _FORMAT,
        "written_by": version("tiercel"),
        "folder": str((folder or Path()).absolute()),
        "result": _encoded(result),
    }
    return json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def load(path: Path) -> Saved:
    """The result saved in the file; of findings as JSON lines, a result that holds nothing else.

    Raises InputError for a file that is neither, saying where it differs.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise InputError(f"{path} cannot be read: {reason}", path=str(path)) from error
    try:
        return _read(text, path)
    except (_UnfittingError, UsageError) as error:
        raise InputError(f"{path} is no result that this version reads: {error}", path=str(path)) from error


def _read(text: str, path: Path) -> Saved:
    if text.startswith('{"kind"'):
        document = _json(text)
        if document.get("format") != _FORMAT:
            raise _UnfittingError(f"its format is {document.get('format')!r}, known is {_FORMAT}")
        return Saved(_decoded(Result, document.get("result"), "result"), str(document.get("folder") or ""))
    found = read_lines(text.encode("utf-8", "surrogatepass"), str(path))
    rules = {rule.id: rule for rule in read_catalog().rules}
    told = Counter(rule_id for each in found for rule_id in (each.rules or (each.rule_id,)))
    last = max((each.last_time for each in found if each.last_time), default=None)
    result = Result(
        findings=Findings(found),
        report=ImportReport((), {}),
        rules_run=tuple(RuleRun(rules[each], count, 0, 0.0) for each, count in told.items() if each in rules),
        rules_failed=(),
        warnings=(),
        now=last or datetime.fromtimestamp(path.stat().st_mtime, UTC),
    )
    return Saved(result, "", is_whole=False)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _UnfittingError(f"it is no JSON ({error})") from error


def _encoded(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _encoded(getattr(value, field.name)) for field in dataclasses.fields(value)}
    match value:
        case StrEnum():
            return value.value
        case datetime():
            return value.isoformat()
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): _encoded(each) for key, each in value.items()}
        case list() | tuple() | Findings() | set() | frozenset():
            return [_encoded(each) for each in value]
        case _:
            return value


@cache
def _fields(kind: type) -> Mapping[str, tuple[Any, bool]]:
    """The type of each field of a dataclass, and whether the field must be given."""
    hints = typing.get_type_hints(kind, localns=_NAMES)
    missing = dataclasses.MISSING
    return {
        field.name: (hints[field.name], field.default is missing and field.default_factory is missing)
        for field in dataclasses.fields(kind)
        if field.init
    }


def _decoded(kind: Any, value: Any, place: str) -> Any:
    """The value as its type says it is."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and types.NoneType in arguments:
            return None
        return _decoded(next(each for each in arguments if each is not types.NoneType), value, place)
    if origin is tuple:
        many = _checked(list, value, place)
        if arguments[-1] is ...:
            return tuple(_decoded(arguments[0], each, f"{place}[{index}]") for index, each in enumerate(many))
        pairs = zip(arguments, many, strict=True) if len(arguments) == len(many) else ()
        return tuple(_decoded(each, item, f"{place}[{index}]") for index, (each, item) in enumerate(pairs))
    if origin is not None and issubclass(origin, Mapping):
        named = _checked(dict, value, place)
        return {key: _decoded(arguments[1], each, f"{place}.{key}") for key, each in named.items()}
    if kind is Findings:
        many = _checked(list, value, place)
        return Findings(_decoded(Finding, each, f"{place}[{index}]") for index, each in enumerate(many))
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _built(kind, _checked(dict, value, place), place)
    return _plain(kind, value, place)


def _built(kind: type, given: Mapping[str, Any], place: str) -> Any:
    """The dataclass with these values; what is not given takes its default."""
    fields = _fields(kind)
    missing = [name for name, (_, is_needed) in fields.items() if is_needed and name not in given]
    if missing:
        raise _UnfittingError(f"{place} has no `{missing[0]}`")
    return kind(
        **{name: _decoded(hint, given[name], f"{place}.{name}") for name, (hint, _) in fields.items() if name in given}
    )


def _plain(kind: Any, value: Any, place: str) -> Any:
    if kind is datetime:
        try:
            return datetime.fromisoformat(_checked(str, value, place))
        except ValueError as error:
            raise _UnfittingError(f"{place} is no time") from error
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(value)
        except ValueError as error:
            raise _UnfittingError(f"{place} is none of {', '.join(kind)}") from error
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _checked(kind, value, place)


def _checked(kind: Any, value: Any, place: str) -> Any:
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise _UnfittingError(
        f"{place} is {'empty' if value is None else 'a ' + type(value).__name__}, not a {kind.__name__}"
    )
