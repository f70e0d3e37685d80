"""All checks over all files, and the result for people's programs: JSON and SARIF."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tiercel.checks.analytics_columns import check_analytics_columns
from tiercel.checks.analytics_fields import check_analytics_fields
from tiercel.checks.attack_ids import check_attack_ids
from tiercel.checks.binned_join import check_binned_join
from tiercel.checks.data_sources import check_data_sources
from tiercel.checks.environment_filters import check_environment_filters
from tiercel.checks.evidence_columns import check_evidence_columns
from tiercel.checks.file_name_suffix import check_file_name_suffix
from tiercel.checks.join_kind import check_join_kind
from tiercel.checks.meaning import check_meaning
from tiercel.checks.result_columns import check_result_columns
from tiercel.checks.subject import Kind, read_subjects
from tiercel.checks.syntax import check_syntax
from tiercel.errors import Issue, Severity
from tiercel.rules import read_catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tiercel.checks.subject import Subject
    from tiercel.rules import Rule
    from tiercel.tables import Table

__all__ = ["CHECKS", "Checked", "as_json", "as_sarif", "check_paths"]

CHECKS: Final[tuple[Callable[[Subject], Iterable[Issue]], ...]] = (
    check_syntax,
    check_meaning,
    check_join_kind,
    check_binned_join,
    check_file_name_suffix,
    check_result_columns,
    check_evidence_columns,
    check_data_sources,
    check_attack_ids,
    check_analytics_fields,
    check_analytics_columns,
    check_environment_filters,
)
"""Every check in order: first whether the query can be read, then what it does, then what is said about it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A file and what was found in it, in the order of its lines."""

    path: str
    issues: tuple[Issue, ...]

    @property
    def has_errors(self) -> bool:
        """Whether something must be changed before the rule can run."""
        return any(issue.severity is Severity.ERROR for issue in self.issues)


def check_paths(paths: Sequence[Path], given: Mapping[str, Table] | None = None) -> Iterator[Checked]:
    """Each file of the paths with all that the checks found. A path that does not exist is a UsageError.

    `given` are tables and watchlists that rules may read beside those of the catalogue.
    """
    subjects = list(read_subjects(paths))
    known: tuple[Rule, ...] = ()
    if any(subject.kind is Kind.FILTERS for subject in subjects):
        known = (*(each.rule for each in subjects if each.rule is not None), *read_catalog().rules)
    for each in subjects:
        subject = replace(each, rules=known if each.kind is Kind.FILTERS else (), given=given or {})
        found = [*subject.issues]
        for check in CHECKS:
            found.extend(issue for issue in check(subject) if issue not in found)
        yield Checked(subject.path, tuple(sorted(found, key=_place)))


def _place(issue: Issue) -> tuple[int, int]:
    return (issue.span.line, issue.span.column) if issue.span is not None else (0, 0)


def as_json(checked: Iterable[Checked]) -> list[dict[str, Any]]:
    """One object an issue: path, line, column, length, severity, code, message, hint."""
    return [
        {
            "path": _written(each.path),
            "line": issue.span.line if issue.span is not None else None,
            "column": issue.span.column if issue.span is not None else None,
            "length": issue.span.length if issue.span is not None else None,
            "severity": str(issue.severity),
            "code": issue.code,
            "message": issue.message,
            "hint": issue.hint,
        }
        for each in checked
        for issue in each.issues
    ]


def _written(path: str) -> str:
    """A path that may hold bytes that are no UTF-8, as text that can be written."""
    return path.encode("utf-8", "backslashreplace").decode()


def as_sarif(checked: Iterable[Checked], version: str) -> dict[str, Any]:
    """The issues as SARIF 2.1.0 (OASIS), which editors and code hosts show beside the lines."""
    results = [_sarif_result(each.path, issue) for each in checked for issue in each.issues]
    codes = sorted({result["ruleId"] for result in results})
    for result in results:
        result["ruleIndex"] = codes.index(result["ruleId"])
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "Tiercel", "version": version, "rules": [{"id": code} for code in codes]}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _sarif_result(path: str, issue: Issue) -> dict[str, Any]:
    uri = quote(PurePath(_written(path)).as_posix())
    place: dict[str, Any] = {"artifactLocation": {"uri": f"file://{uri}" if uri.startswith("/") else uri}}
    if issue.span is not None:
        span = issue.span
        place["region"] = {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.line,
            "endColumn": span.column + span.length,
        }
    return {
        "ruleId": issue.code,
        "level": str(issue.severity),
        "message": {"text": f"{issue.message} ({issue.hint})" if issue.hint else issue.message},
        "locations": [{"physicalLocation": place}],
    }
