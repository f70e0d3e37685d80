"""A hunt's whole result as one JSON document, and read back: findings, import, rules run and not run, warnings.

The document's shape is that of the dataclasses: what a stage adds to the result is saved without a line here.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from tiercel import findings
from tiercel.declared import Reader, UnfitError
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

_READER: Final = Reader(_NAMES, lists={Findings: Finding})


@dataclass(frozen=True)
class Saved:
    """A result as it was saved. `folder` is where the hunt ran: sources are named from there.

    `is_whole` is False where only findings were saved, as JSON lines: what was imported is then not known.
    """

    result: Result
    folder: str
    is_whole: bool = True


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
    except (UnfitError, UsageError) as error:
        raise InputError(f"{path} is no result that this version reads: {error}", path=str(path)) from error


def _read(text: str, path: Path) -> Saved:
    if text.startswith('{"kind"'):
        document = _json(text)
        if document.get("format") != _FORMAT:
            raise UnfitError(f"its format is {document.get('format')!r}, known is {_FORMAT}")
        return Saved(_READER.read(Result, document.get("result"), "result"), str(document.get("folder") or ""))
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
        raise UnfitError(f"it is no JSON ({error})") from error


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
