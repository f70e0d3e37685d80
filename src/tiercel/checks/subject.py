"""What is checked: a rule document, a file of KQL, a Sentinel rule, each read once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from tiercel.checks.analytics import Analytics
from tiercel.errors import Issue, Severity, Span, UsageError
from tiercel.filters import read_filter_document
from tiercel.kql import Source, parse
from tiercel.plan import compile as compile_query
from tiercel.rules import read_rule
from tiercel.rules.yaml_document import read_yaml
from tiercel.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tiercel.filters import Filters
    from tiercel.kql import Parsed
    from tiercel.plan import Compiled, Plan
    from tiercel.rules import Rule
    from tiercel.tables import Table

__all__ = ["Kind", "Subject", "read_subjects"]

_LARGEST: Final = 4 * 1024 * 1024
"""A file of more bytes is no rule."""

_NOW: Final = datetime(2026, 1, 1)  # noqa: DTZ001  plans take UTC without a zone; no check's answer depends on it


class Kind(StrEnum):
    """What a file is: a Markdown rule, KQL alone, a Sentinel rule in YAML, environment filters in YAML."""

    RULE = "rule"
    QUERY = "query"
    ANALYTICS = "analytics"
    FILTERS = "filters"


_KINDS: Final = {
    ".md": Kind.RULE,
    ".markdown": Kind.RULE,
    ".kql": Kind.QUERY,
    ".csl": Kind.QUERY,
    ".yaml": Kind.ANALYTICS,
    ".yml": Kind.ANALYTICS,
}


@dataclass(frozen=True)
class Subject:
    """One file. `source` is its query, None where it has none that can be told; `issues` were found while reading."""

    path: str
    kind: Kind
    source: Source | None
    issues: tuple[Issue, ...] = ()
    rule: Rule | None = None
    analytics: Analytics | None = None
    lines: tuple[str, ...] = ()
    filters: Filters | None = None
    rules: tuple[Rule, ...] = ()
    """Of a file of filters, the rules that they may name."""
    given: Mapping[str, Table] = field(default_factory=dict)
    """Tables and watchlists that the user gives beside the catalogue's."""

    @cached_property
    def parsed(self) -> Parsed | None:
        """The query's tree, or what is wrong with its syntax; None without a query."""
        return parse(self.source) if self.source is not None else None

    @cached_property
    def compiled(self) -> Compiled | None:
        """The query's plan against the catalogue of tables; None where its syntax is wrong."""
        return self._compilation[0]

    @cached_property
    def _compilation(self) -> tuple[Compiled | None, bool]:
        """The query's plan, and whether its columns depend on rows, of which a check has none."""
        if self.source is None or self.parsed is None or self.parsed.query is None:
            return None, False
        asked: list[Plan] = []

        def no_rows(plan: Plan) -> list[tuple[object, ...]]:
            asked.append(plan)
            return []

        tables = {**TABLES, **self.given}
        compiled = compile_query(self.parsed.query, self.source, now=_NOW, tables=tables, probe=no_rows)
        return compiled, bool(asked)

    @property
    def result(self) -> tuple[str, ...] | None:
        """The names of the result's columns; None where they are not known."""
        compiled, of_rows = self._compilation
        if compiled is None or compiled.plan is None or of_rows:
            return None
        return tuple(column.name for column in compiled.plan.columns)

    def place_of(self, text: str, after: str = "") -> Span:
        """The first place of `text` behind the line that begins with `after`; the file's first line where it is not."""
        begin = next((number for number, line in enumerate(self.lines) if after and line.startswith(after)), 0)
        for number, line in enumerate(self.lines[begin:], begin):
            column = line.find(text)
            if column >= 0:
                return Span(self.path, number + 1, column + 1, len(text), line)
        return Span(self.path, 1, 1, 1, self.lines[0] if self.lines else "")

    def in_file(self, issues: Iterable[Issue]) -> Iterator[Issue]:
        """Issues of the query with their places in the file."""
        for issue in issues:
            if self.analytics is not None and issue.span is not None:
                yield replace(issue, span=self.analytics.exact(issue.span))
            else:
                yield issue


def read_subjects(paths: Sequence[Path]) -> Iterator[Subject]:
    """Each file, and every rule in each folder, recursively. A path that does not exist is a UsageError."""
    for path in paths:
        if path.is_dir():
            for found in sorted(each for each in path.rglob("*") if each.suffix.lower() in _KINDS and each.is_file()):
                subject = _read(found, _KINDS[found.suffix.lower()])
                if _is_rule(subject):
                    yield subject
        elif not path.exists():
            raise UsageError(f"there is no file or folder at {path}")
        else:
            yield _read(path, _KINDS.get(path.suffix.lower(), Kind.QUERY))


def _is_rule(subject: Subject) -> bool:
    """Whether a file found in a folder is meant to be checked: a README or a workflow's YAML is not."""
    if subject.source is not None or subject.kind in {Kind.QUERY, Kind.FILTERS}:
        return True
    return not {issue.code for issue in subject.issues} & {"rule-no-query", "analytics-no-query"}


def _read(path: Path, kind: Kind) -> Subject:
    name = str(path)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        return _unreadable(name, kind, "check-unreadable", f"the file cannot be read: {error.strerror}")
    if len(content) > _LARGEST:
        return _unreadable(name, kind, "check-too-large", f"the file has more than {_LARGEST:,} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _unreadable(name, kind, "check-not-utf8", "the file is not UTF-8 text", line)
    lines = tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    if kind is Kind.RULE:
        reading = read_rule(text, name)
        rule = reading.rule
        source = Source(rule.query.text, name, rule.query.first_line) if rule is not None else None
        return Subject(name, kind, source, reading.issues, rule, lines=lines)
    if kind is Kind.ANALYTICS:
        document = read_yaml(text, name)
        if isinstance(document, Issue):
            return Subject(name, kind, None, (document,))
        if "filters" in document.root.fields and "query" not in document.root.fields:
            filters = read_filter_document(text, name)
            return Subject(name, Kind.FILTERS, None, filters.issues, lines=lines, filters=filters)
        analytics = Analytics(document.path, document.lines, document.root)
        issues: tuple[Issue, ...] = ()
        if analytics.query is None:
            issues = (Issue("analytics-no-query", "the document has no `query`", analytics.place(None)),)
        return Subject(name, kind, analytics.query, issues, analytics=analytics, lines=lines)
    return Subject(name, kind, Source(text, name), lines=lines)


def _unreadable(path: str, kind: Kind, code: str, message: str, line: int = 1) -> Subject:
    return Subject(path, kind, None, (Issue(code, message, Span(path, line, 1), severity=Severity.ERROR),))
