"""A rule from its Markdown document, with everything that is odd about the document as issues."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from tiercel.errors import Issue, Severity, Span
from tiercel.rules.document import CodeBlock, Document, Section, read_document
from tiercel.rules.evidence import read_evidence
from tiercel.rules.rule import AttackRow, DataSource, Rule, RuleQuery, Version

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CONFIDENCES", "SEVERITIES", "Reading", "read_rule", "with_filters"]

SEVERITIES: Final = ("informational", "low", "medium", "high", "critical")
CONFIDENCES: Final = ("low", "medium", "high")

_TEXT_SECTIONS: Final = {
    "detection description": "description",
    "permission required to execute the technique": "permission",
    "permissions required to execute the technique": "permission",
    "description of the attack": "attack_description",
    "technical description of the attack": "attack_description",
    "considerations": "considerations",
    "false positives": "false_positives",
    "suggested response actions": "response",
    "detection blind spots": "blind_spots",
}
"""Headings whose text is kept as it stands, in the spellings of both layouts, and the field they fill."""

_METADATA: Final = ("metadata", "hunt tags")
_ATTACK: Final = ("att&ck tags",)
_SOURCES: Final = ("utilized data sources", "utilized data source")
_DETECTION: Final = ("detection", "hunt details")
_KNOWN: Final = frozenset(
    {*_TEXT_SECTIONS, *_METADATA, *_ATTACK, *_SOURCES, *_DETECTION, "references", "version history", "evidence"}
)

_KQL_HEADINGS: Final = ("kql", "kusto", "query")
_TECHNIQUE: Final = re.compile(r"\bT(\d{4})(?:\.(\d{3}))?\b")
_BEGIN: Final = re.compile(r"^\s*//\s*begin environment-specific filter\b", re.IGNORECASE)
_END: Final = re.compile(r"^\s*//\s*end environment-specific filter\b", re.IGNORECASE)
_ID: Final = re.compile(r"^[^\x00-\x1f\x7f]{1,200}$")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document gave: the rule, or None when it cannot be run, and its issues."""

    rule: Rule | None
    issues: tuple[Issue, ...]


def read_rule(text: str, path: str) -> Reading:
    """The rule that a document states. `path` is what places in the issues name.

    A document without a query, or with two, gives no rule; everything else that is missing or odd is a warning and the
    rule runs.
    """
    document = read_document(text)
    issues: list[Issue] = []
    notes = _Notes(path, document, issues)
    sections = _by_heading(document, notes)
    query = _query(_first(sections, _DETECTION), notes)
    if query is None:
        return Reading(None, tuple(issues))
    fields = _metadata(document, sections, notes)
    identifier = fields.pop("id", "")
    if not identifier or not _ID.match(identifier):
        identifier = PurePath(path).stem
        notes.warn("rule-no-id", f"the document names no id; `{identifier}` is used", 1, "add `**ID:** ...`")
    if not document.title:
        notes.warn("rule-no-title", "the document has no heading of the first level", 1, "add `# Title` as first line")
    detection = _detection_fields(_first(sections, _DETECTION))
    rule = Rule(
        id=identifier,
        title=document.title or identifier,
        path=path,
        query=query,
        os=tuple(part.strip() for part in fields.pop("os", "").split(",") if part.strip()),
        attack=_attack(_first(sections, _ATTACK), document, identifier),
        data_sources=_data_sources(_first(sections, _SOURCES)),
        severity=_choice(fields.pop("severity", ""), SEVERITIES, "severity", document, notes),
        confidence=_choice(fields.pop("confidence", ""), CONFIDENCES, "confidence", document, notes),
        references=_references(_first(sections, ("references",))),
        language=detection.pop("language", "Kusto"),
        platform=detection.pop("platform", "") or detection.get("source", ""),
        versions=_versions(_first(sections, ("version history",))),
        evidence=read_evidence(_first(sections, ("evidence",)), notes.warn),
        metadata=tuple({**fields, **detection}.items()),
        extra=tuple((heading, section.text) for heading, section in sections.items() if _key(heading) not in _KNOWN),
    )
    texts = {
        _TEXT_SECTIONS[_key(heading)]: section.text
        for heading, section in sections.items()
        if _key(heading) in _TEXT_SECTIONS
    }
    return Reading(replace(rule, **texts), tuple(issues))  # type: ignore[arg-type]  # field names come from the table


def with_filters(query: RuleQuery, filters: Sequence[str]) -> RuleQuery:
    """The query with environment filters between its markers, each a line of KQL such as `| where ...`.

    They are put in front of the end marker, on its own line: no line of the query moves, so that places in it still are
    places in the document. A query without markers gets them at its end.
    """
    if not filters:
        return query
    for each in filters:
        if "\n" in each or "\r" in each:
            raise ValueError(f"an environment filter is one line of KQL: {each!r}")
    lines = query.text.split("\n")
    joined = " ".join(each.strip() for each in filters)
    if query.filter_end is None:
        lines.append(joined)
    else:
        lines[query.filter_end] = f"{joined} {lines[query.filter_end].strip()}"
    return replace(query, text="\n".join(lines))


class _Notes:
    """Collects issues, each with its line in the document."""

    def __init__(self, path: str, document: Document, issues: list[Issue]) -> None:
        self._path, self._lines, self._issues = path, document.lines, issues

    def warn(self, code: str, message: str, line: int, hint: str = "") -> None:
        self._add(code, message, line, hint, Severity.WARNING)

    def error(self, code: str, message: str, line: int, hint: str = "") -> None:
        self._add(code, message, line, hint, Severity.ERROR)

    def _add(self, code: str, message: str, line: int, hint: str, severity: Severity) -> None:
        text = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        column = len(text) - len(text.lstrip()) + 1
        span = Span(self._path, line, column, max(len(text.strip()), 1), text)
        self._issues.append(Issue(code, message, span, hint, severity))


def _key(heading: str) -> str:
    return " ".join(heading.lower().split()).rstrip(":")


def _by_heading(document: Document, notes: _Notes) -> dict[str, Section]:
    """The sections by heading; of two with one heading the first is kept and the second named."""
    found: dict[str, Section] = {}
    keys: set[str] = set()
    for section in document.sections:
        if _key(section.heading) in keys:
            notes.warn(
                "rule-section-twice", f"`{section.heading}` stands here a second time; the first is used", section.line
            )
            continue
        keys.add(_key(section.heading))
        found[section.heading] = section
        if _key(section.heading) not in _KNOWN:
            close = difflib.get_close_matches(_key(section.heading), sorted(_KNOWN), 1, cutoff=0.85)
            if close:
                notes.warn(
                    "rule-unknown-section",
                    f"`{section.heading}` is no section of the format; kept as it is",
                    section.line,
                    f"did you mean `{close[0]}`?",
                )
    return found


def _first(sections: dict[str, Section], keys: Sequence[str]) -> Section | None:
    return next((section for heading, section in sections.items() if _key(heading) in keys), None)


def _query(section: Section | None, notes: _Notes) -> RuleQuery | None:
    """The one KQL block of the detection section."""
    if section is None:
        notes.error(
            "rule-no-query",
            "the document has no section `Detection` (or `Hunt details`)",
            1,
            "put the KQL into a fenced block under `## Detection`, after `**Query:**`",
        )
        return None
    blocks = list(section.code)
    named = [block for block in blocks if _key(block.under) in _KQL_HEADINGS]
    if len(blocks) > 1 and named:
        blocks = named
    if not blocks:
        notes.error(
            "rule-no-query",
            f"the section `{section.heading}` holds no fenced block",
            section.line,
            "put the KQL between two lines of three backquotes",
        )
        return None
    if len(blocks) > 1:
        notes.error(
            "rule-two-queries",
            f"the document holds {len(blocks)} queries; one document is one rule",
            blocks[1].first_line - 1,
            "give each query a document of its own, or join them with `union`",
        )
        return None
    block = blocks[0]
    if not block.is_closed:
        notes.error(
            "rule-open-block",
            "the block that begins here is never closed",
            block.first_line - 1,
            "end the query with a line of three backquotes",
        )
        return None
    if not block.text.strip():
        notes.error("rule-no-query", "the query is empty", block.first_line - 1)
        return None
    return _with_markers(block, notes)


def _with_markers(block: CodeBlock, notes: _Notes) -> RuleQuery:
    lines = block.text.split("\n")
    begin = next((number for number, line in enumerate(lines) if _BEGIN.match(line)), None)
    end = next((number for number, line in enumerate(lines) if _END.match(line)), None)
    if (begin is None) != (end is None):
        known = begin if begin is not None else end
        notes.warn(
            "rule-filter-markers",
            "one of the two environment-filter markers is missing",
            block.first_line + (known or 0),
            "a begin and an end marker belong together",
        )
        begin = end = None
    elif begin is not None and end is not None and end < begin:
        notes.warn("rule-filter-markers", "the end marker stands before the begin marker", block.first_line + end)
        begin = end = None
    return RuleQuery(block.text, block.first_line, begin, end)


def _metadata(document: Document, sections: dict[str, Section], notes: _Notes) -> dict[str, str]:
    """The `**Key:** value` lines of the metadata section, or of the preamble of a document without one."""
    section = _first(sections, _METADATA)
    if section is None:
        notes.warn("rule-no-metadata", "the document has no section `Metadata`", 1, "add `## Metadata`")
    return {field.key: field.value for field in (section or document.preamble).fields if field.value}


def _detection_fields(section: Section | None) -> dict[str, str]:
    """The detection section's own lines: language and platform, or the hunt layout's source and expected noise."""
    fields = {field.key: field.value for field in section.fields if field.value} if section else {}
    fields.pop("query", None)
    return fields


def _choice(value: str, allowed: Sequence[str], name: str, document: Document, notes: _Notes) -> str:
    if not value:
        return "medium"
    if value.lower() in allowed:
        return value.lower()
    line = next((number for number, text in enumerate(document.lines, 1) if f"**{name}:" in text.lower()), 1)
    notes.warn(f"rule-unknown-{name}", f"`{value}` is no {name}; medium is used", line, "one of " + ", ".join(allowed))
    return "medium"


def _attack(section: Section | None, document: Document, identifier: str) -> tuple[AttackRow, ...]:
    """The ATT&CK rows: a table, or the hunt layout's two lines, whose ids stand in the text, the id or the title."""
    if section is None:
        return ()
    if rows := _rows(section, 4):
        return tuple(AttackRow(*row) for row in rows)
    fields = {field.key: field.value for field in section.fields}
    name = fields.get("technique", "")
    match = next((m for text in (name, identifier, document.title) if (m := _TECHNIQUE.search(text))), None)
    technique, subtechnique = (f"T{match[1]}", match[2] or "") if match else ("", "")
    tactics = [part.strip() for part in fields.get("tactic", "").split(",") if part.strip()]
    return tuple(AttackRow(tactic, technique, subtechnique, name) for tactic in tactics or [""] if technique or tactic)


def _rows(section: Section, width: int) -> list[tuple[str, ...]]:
    """The first table's rows, cut or filled to a width; rows without any text are left out."""
    if not section.tables:
        return []
    rows = [tuple(cell.text for cell in row) for row in section.tables[0].rows]
    return [(*row[:width], *[""] * (width - len(row))) for row in rows if any(row)]


def _data_sources(section: Section | None) -> tuple[DataSource, ...]:
    """The data sources; the hunt layout has four columns in another order: id, name (the table), provider, source."""
    if section is None or not section.tables:
        return ()
    headers = [_key(header) for header in section.tables[0].headers]
    hunt_layout = "table name" not in headers

    def source(row: tuple[str, ...]) -> DataSource:
        cells = dict(zip(headers, row, strict=False))
        return DataSource(
            provider=cells.get("log provider", ""),
            table=cells.get("event name" if hunt_layout else "table name", ""),
            event_id=cells.get("event id", "").strip("-"),
            event_name="" if hunt_layout else cells.get("event name", ""),
            attack_data_source=cells.get("att&ck data source", ""),
            attack_data_component=cells.get("att&ck data component", ""),
        )

    return tuple(source(row) for row in _rows(section, len(headers)))


def _references(section: Section | None) -> tuple[str, ...]:
    return section.bullets if section else ()


def _versions(section: Section | None) -> tuple[Version, ...]:
    return tuple(Version(*row) for row in _rows(section, 4)) if section else ()
