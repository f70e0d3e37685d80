"""What the templates may use: every value is ready to be read, safe to show and cut to a length.

Texts stand as people read them; what an event said has its control characters and direction marks as escapes. A test
holds that the templates use every field here and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = [
    "Axis",
    "Clock",
    "Edge",
    "Facet",
    "Fact",
    "Failure",
    "File",
    "FindingView",
    "FollowedView",
    "Hop",
    "IssueView",
    "Link",
    "Movement",
    "Page",
    "Path",
    "Pin",
    "Process",
    "RuleView",
    "Shell",
    "Step",
    "Suppressed",
    "Technique",
    "Telemetry",
    "Unknown",
]


@dataclass(frozen=True, slots=True)
class Shell:
    """What makes the page whole without a network: style, scripts, data, and the policy that lets nothing else run."""

    policy: str
    style: Markup
    script: Markup
    data: Markup
    """JSON for the graph and the timeline."""
    events: Markup
    """The raw events, compressed and in base64: a list of texts."""


@dataclass(frozen=True, slots=True)
class Fact:
    r"""One named value: `account`, `corp\emma`. `note` says how it is known, `event` is the raw event's number."""

    label: str
    value: str
    note: str = ""
    event: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """One value that findings can be filtered by, and how many have it."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Technique:
    """An ATT&CK technique. `name` is empty where no rule document names it."""

    id: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Pin:
    """A step on the axis: where it stands, in percent; `label` is empty where there is no room for one."""

    at: str
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A finding's steps true to scale, from the first to the last; the list of steps says the same in words."""

    pins: tuple[Pin, ...]
    first: str
    length: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the evidence. `gap` is how long after the step before; `width` its class, 0 to 5."""

    number: int
    time: str
    date: str
    gap: str
    width: int
    name: str
    text: str
    command_line: str
    details: tuple[Fact, ...]
    told_by: str
    """The log and id of the raw event: `Sysmon 3`."""
    clock: str
    """The time as its event has it where that is another, and what was corrected."""
    table: str
    source: str
    event: int | None


@dataclass(frozen=True, slots=True)
class Link:
    """What can tie a finding to its caller; `told_by` is the log that would have told it, where it was not seen."""

    name: str
    meaning: str
    is_seen: bool
    told_by: str


@dataclass(frozen=True, slots=True)
class Process:
    """One line of a process tree; `indent` is 0 to 9, `role` as in the finding."""

    indent: int
    role: str
    name: str
    pid: str
    command_line: str
    start: str
    account: str
    source: str
    event: int | None


@dataclass(frozen=True, slots=True)
class FollowedView:
    """What followed on the target."""

    time: str
    kind: str
    text: str
    tied_by: str
    source: str
    event: int | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be known, and the log setting that would have told it."""

    what: str
    text: str
    setting: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding. `when` sorts it, in milliseconds of Unix time."""

    id: str
    severity: str
    confidence: str
    certainty: str
    """How far it was seen to go and how sure that is, in words."""
    title: str
    sentence: str
    time: str
    when: int
    source: str
    target: str
    account: str
    has_run: bool
    """Whether anything was seen to run on the target."""
    started: str
    """What was started, the server where that is all that is known."""
    marks: tuple[str, ...]
    techniques: tuple[Technique, ...]
    tactics: str
    rules: tuple[str, ...]
    who: tuple[Fact, ...]
    steps: tuple[Step, ...]
    axis: Axis | None
    clocks: tuple[str, ...]
    links: tuple[Link, ...]
    target_tree: tuple[Process, ...]
    caller_tree: tuple[Process, ...]
    followed: tuple[FollowedView, ...]
    unknown: tuple[Unknown, ...]
    left_out: str
    """How much of trees and of what followed is in the saved result alone."""
    response_of: str
    """The rule whose response steps apply; they stand with the rule, once in the page."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Movement from one host to another: the graph as a table."""

    source: str
    target: str
    count: int
    how: str
    accounts: str
    first: str
    last: str
    severity: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Movement:
    """Who reached whom. `drawn` says what the picture shows, `left_out` how many movements are in the table alone."""

    edges: tuple[Edge, ...]
    hosts: int
    drawn: str
    left_out: int


@dataclass(frozen=True, slots=True)
class Hop:
    """One hop of a path."""

    number: int
    source: str
    target: str
    account: str
    time: str
    title: str
    tied_by: str
    severity: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """Findings that chain."""

    id: str
    title: str
    accounts: str
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True)
class File:
    """One file of the import. `note` says why nothing was read, or what was damaged."""

    name: str
    format: str
    read: str
    kept: str
    skipped: str
    note: str


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock that was set right."""

    device: str
    clock: str
    offset: str
    known_from: str
    rows: str


@dataclass(frozen=True, slots=True)
class IssueView:
    """Something that was wrong, with its place in the user's file."""

    severity: str
    code: str
    message: str
    place: str
    line: str
    hint: str


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What was imported, and what was corrected on the way. `is_known` is False where only findings were saved."""

    is_known: bool
    summary: tuple[str, ...]
    files: tuple[File, ...]
    files_left_out: int
    tables: tuple[Fact, ...]
    skipped: tuple[Fact, ...]
    clocks: tuple[Clock, ...]
    clocks_left_out: int
    issues: tuple[IssueView, ...]


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule that ran: what it found, its own blind spots, its false positives."""

    id: str
    title: str
    findings: int
    cost: str
    response: tuple[str, ...]
    blind_spots: tuple[str, ...]
    false_positives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that did not run, and why."""

    rule: str
    path: str
    issues: tuple[IssueView, ...]


@dataclass(frozen=True, slots=True)
class Suppressed:
    """What an environment filter took: which filter, why and by whose word, and the findings it held back."""

    filter: str
    state: str
    reason: str
    owner: str
    expires: str
    rows: str
    findings: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The report."""

    shell: Shell
    title: str
    headline: str
    summary: tuple[str, ...]
    facts: tuple[Fact, ...]
    made: str
    caution: tuple[str, ...]
    """What keeps the result from being whole: inputs not read, rules not run."""
    findings: tuple[FindingView, ...]
    severities: tuple[Facet, ...]
    techniques: tuple[Facet, ...]
    devices: tuple[Facet, ...]
    movement: Movement
    paths: tuple[Path, ...]
    telemetry: Telemetry
    rules: tuple[RuleView, ...]
    failures: tuple[Failure, ...]
    warnings: tuple[IssueView, ...]
    suppressed: tuple[Suppressed, ...]
