"""A rule: a Markdown document, read once and never changed."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ROLES", "AttackRow", "DataSource", "EvidenceColumns", "Rule", "RuleQuery", "Version"]

ROLES = ("connection", "server", "child", "logon", "service", "pipe")
"""What a step of the evidence can be in a finding."""


@dataclass(frozen=True, slots=True)
class AttackRow:
    """One row of `## ATT&CK Tags`: `TA0008 - Lateral Movement`, `T1021`, `002`, the name."""

    tactic: str
    technique: str
    subtechnique: str
    name: str

    @property
    def attack_id(self) -> str:
        """The ATT&CK id: `T1021.002`, or `T1047` where there is no sub-technique."""
        return f"{self.technique}.{self.subtechnique}" if self.subtechnique else self.technique

    @property
    def tactic_name(self) -> str:
        """The tactic without its id: `Lateral Movement`."""
        return self.tactic.partition(" - ")[2].strip() or self.tactic


@dataclass(frozen=True, slots=True)
class DataSource:
    """One row of `## Utilized Data Sources`."""

    provider: str
    table: str
    event_id: str
    event_name: str
    attack_data_source: str
    attack_data_component: str


@dataclass(frozen=True, slots=True)
class Version:
    """One row of `## Version History`."""

    version: str
    date: str
    impact: str
    notes: str


@dataclass(frozen=True, slots=True)
class RuleQuery:
    """The KQL of a document and where it stands there.

    `text` is as it stands in the document, indentation included, so that a place in it is a place in the document;
    `first_line` is the document's line of its first line. `filter_begin` and `filter_end` are the 0-based line numbers
    within `text` of the environment-filter markers, None where the document has none.
    """

    text: str
    first_line: int
    filter_begin: int | None = None
    filter_end: int | None = None


@dataclass(frozen=True, slots=True)
class EvidenceColumns:
    """One row of `## Evidence`: which columns of the result hold a step of the attack.

    `table` is where the step's raw row stands (looked up by device, time and what else is named to give its source).
    Empty strings where a step has no such column. `text` is a sentence with `{Column}` places. `line` is the row's line
    in the document.
    """

    step: str
    table: str
    time: str
    role: str = ""
    """One of `ROLES`, or empty: what the step is in the finding."""
    process: str = ""
    process_id: str = ""
    command_line: str = ""
    start: str = ""
    """The column with the process's own start, where `time` is another moment (a connection that it accepted)."""
    account: str = ""
    peer: str = ""
    device: str = ""
    """The column with the device's name, where the step is not on the finding's own device."""
    text: str = ""
    line: int = 0


@dataclass(frozen=True)
class Rule:
    """A detection as its document states it. Texts are Markdown, as written."""

    id: str
    title: str
    path: str
    query: RuleQuery
    os: tuple[str, ...] = ()
    attack: tuple[AttackRow, ...] = ()
    data_sources: tuple[DataSource, ...] = ()
    severity: str = "medium"
    confidence: str = "medium"
    description: str = ""
    permission: str = ""
    attack_description: str = ""
    considerations: str = ""
    false_positives: str = ""
    response: str = ""
    blind_spots: str = ""
    references: tuple[str, ...] = ()
    language: str = "Kusto"
    platform: str = ""
    versions: tuple[Version, ...] = ()
    evidence: tuple[EvidenceColumns, ...] = ()
    metadata: tuple[tuple[str, str], ...] = field(default=())
    """`**Key:** value` lines that the format does not name (author, licence, expected rate of false positives)."""
    extra: tuple[tuple[str, str], ...] = field(default=())
    """Sections that the format does not name, by heading, kept as written."""

    @property
    def techniques(self) -> tuple[str, ...]:
        """The ATT&CK ids, each once, in the document's order."""
        return tuple(dict.fromkeys(row.attack_id for row in self.attack if row.technique))

    @property
    def tactics(self) -> tuple[str, ...]:
        """The tactics' names, each once, in the document's order."""
        return tuple(dict.fromkeys(row.tactic_name for row in self.attack if row.tactic))
