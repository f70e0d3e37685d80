"""Environment filters that would have taken the alerts that people closed as benign: proposed, never applied.

For each rule, caller and program one predicate, the narrowest that all these alerts allow: every text that was the same
in all of them is asked for.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from tiercel.alerts.alert import State, Verdict
from tiercel.alerts.rows import finding_of
from tiercel.alerts.tables import alerts, history, sightings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from tiercel.alerts.store import AlertStore
    from tiercel.findings import Finding

__all__ = ["Condition", "Suggestion", "as_yaml", "suggest"]

HOLDS: Final = timedelta(days=90)
"""So long a proposed filter is to hold."""

_NOT_TELLING: Final = frozenset(
    {"DeviceId", "Family", "Strength", "Links", "Title", "AttackTechniques", "Severity", "Confidence", "LocalIP"}
)
"""Columns that speak of the rule or of the moment, not of what happened, or say again what another column says."""

_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_COMMAND_LINE: Final = re.compile(r"CommandLine$")
_MOST_VALUES: Final = 8
"""Of a name that differs between the alerts so many are listed; of more none, and the column is not asked for."""

_SHORTEST_BEGINNING: Final = 12
"""Command lines that differ are asked for by what they begin with, if that is so long."""

_LONGEST: Final = 4000
_ESCAPED: Final = re.compile(r"[^ !#-\[\]-~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u05ff\u0900-\u1fff\u3040-\ud7ff]")


@dataclass(frozen=True, slots=True)
class Condition:
    """What a predicate asks of a column: to be one of the values, or to begin with the only one, in any letter case."""

    column: str
    values: tuple[str, ...]
    is_beginning: bool = False

    @property
    def kql(self) -> str:
        """The condition as KQL."""
        texts = [_quoted(value) for value in self.values]
        if self.is_beginning:
            return f"{self.column} startswith {texts[0]}"
        return f"{self.column} =~ {texts[0]}" if len(texts) == 1 else f"{self.column} in~ ({', '.join(texts)})"

    def is_met(self, finding: Finding) -> bool:
        """Whether a rule's result row is as the condition asks."""
        value = finding.columns.get(self.column)
        if not isinstance(value, str):
            return False
        folded = value.lower()
        if self.is_beginning:
            return folded.startswith(self.values[0].lower())
        return folded in {each.lower() for each in self.values}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A filter for one rule.

    `benign` are the alerts it was made of, `others` those not closed as benign that it would take too; `refused` says
    why it is not to be used, empty where nothing speaks against it.
    """

    rule: str
    conditions: tuple[Condition, ...]
    benign: tuple[int, ...]
    others: tuple[int, ...]
    comments: tuple[str, ...]
    owners: tuple[str, ...]
    refused: str = ""

    @property
    def predicate(self) -> str:
        """The predicate, a condition a line."""
        return "\n  and ".join(condition.kql for condition in self.conditions)


def suggest(store: AlertStore, rule: str | None = None) -> tuple[Suggestion, ...]:
    """The filters that the alerts closed as benign propose, those made of the most alerts first."""
    with store.database.reading() as connection:
        told = list(_sightings(connection, rule))
        words = _words(connection)
    groups: dict[tuple[Any, ...], list[_Told]] = defaultdict(list)
    for each in told:
        if each.verdict is Verdict.BENIGN:
            program = each.finding.child or each.finding.server
            name = (program.name or "").lower() if program else ""
            groups[each.finding.rule_id, each.finding.peer_ip or "", name].append(each)
    found = [_suggestion(members, told, words) for _, members in sorted(groups.items())]
    return tuple(sorted(found, key=lambda each: (-len(each.benign), each.rule)))


@dataclass(frozen=True, slots=True)
class _Told:
    """What one rule said of an alert, and what people made of the alert."""

    alert: int
    state: State
    verdict: Verdict | None
    finding: Finding


def _sightings(connection: sa.Connection, rule: str | None) -> Iterator[_Told]:
    query = (
        sa.select(sightings.c.finding, alerts.c.id, alerts.c.state, alerts.c.verdict)
        .join(alerts, alerts.c.id == sightings.c.alert_id)
        .where(alerts.c.state != State.WITHDRAWN)
        .order_by(alerts.c.id, sightings.c.finding_id)
    )
    for row in connection.execute(query):
        finding = finding_of(row.finding)
        if rule in (None, finding.rule_id):
            yield _Told(row.id, State(row.state), Verdict(row.verdict) if row.verdict else None, finding)


def _words(connection: sa.Connection) -> dict[int, list[tuple[str, str | None]]]:
    """Who set each alert's state, and what they said."""
    query = sa.select(history).where(history.c.action == "state").order_by(history.c.id)
    words: dict[int, list[tuple[str, str | None]]] = defaultdict(list)
    for row in connection.execute(query):
        words[row.alert_id].append((row.who, row.text))
    return words


def _suggestion(
    members: Sequence[_Told], told: Iterable[_Told], words: dict[int, list[tuple[str, str | None]]]
) -> Suggestion:
    rule = members[0].finding.rule_id
    benign = sorted({each.alert for each in members})
    conditions = tuple(_conditions([each.finding for each in members]))
    others = [
        each
        for each in told
        if each.finding.rule_id == rule
        and each.verdict is not Verdict.BENIGN
        and all(condition.is_met(each.finding) for condition in conditions)
    ]
    attacks = sorted({each.alert for each in others if each.verdict is Verdict.TRUE_POSITIVE})
    refused = ""
    if attacks:
        refused = f"it would have taken {_numbers(attacks)}, closed as a true positive"
    elif len(conditions) < 2 or all(condition.column == "DeviceName" for condition in conditions):
        refused = "the rule's result holds too little that these alerts have in common"
    said = [word for number in benign for word in words.get(number, ())[-1:]]
    return Suggestion(
        rule=rule,
        conditions=conditions,
        benign=tuple(benign),
        others=tuple(sorted({each.alert for each in others})),
        comments=tuple(dict.fromkeys(text for _, text in said if text)),
        owners=tuple(dict.fromkeys(who for who, _ in said)),
        refused=refused,
    )


def _conditions(findings: Sequence[Finding]) -> Iterator[Condition]:
    """What all of them have in common, in the order of the rule's columns."""
    for column in findings[0].columns:
        values = [finding.columns.get(column) for finding in findings]
        if column in _NOT_TELLING or column[:1] == "_" or not column.isidentifier():
            continue
        texts = [value for value in values if isinstance(value, str) and value and not _INSTANT.match(value)]
        if len(texts) < len(values):
            continue
        different = list({text.lower(): text for text in texts}.values())
        if len(different) == 1 and len(different[0]) <= _LONGEST:
            yield Condition(column, (different[0],))
        elif _COMMAND_LINE.search(column):
            common = _common_beginning([text.lower() for text in texts])
            if common >= _SHORTEST_BEGINNING:
                yield Condition(column, (texts[0][:common],), is_beginning=True)
        elif len(different) <= _MOST_VALUES:
            yield Condition(column, tuple(sorted(different, key=str.lower)))


def _common_beginning(texts: Sequence[str]) -> int:
    """How many first characters all the texts share, at most `_LONGEST`."""
    first, last = min(texts), max(texts)
    pairs = zip(first[:_LONGEST], last, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(first), _LONGEST))


def as_yaml(suggestions: Sequence[Suggestion], today: date) -> str:
    """The suggestions as a file of environment filters; those that are refused stand in it as comments alone."""
    lines = [
        "# Proposed from alerts that were closed as benign. Nothing here is in force: read each one, narrow it, and",
        "# copy what you want to answer for into a file of your own.",
        "filters:" if any(not each.refused for each in suggestions) else "filters: []",
    ]
    used: dict[str, int] = {}
    for each in suggestions:
        name = _name(each)
        used[name] = used.get(name, 0) + 1
        if each.refused:
            lines += [f"  # Not proposed for {_plain(each.rule)}, {_numbers(each.benign)}: {each.refused}."]
            continue
        lines += [f"  # Made of {_numbers(each.benign)}."]
        if each.others:
            lines += [
                f"  # It would take {_numbers(each.others)} too, which nobody closed as benign: look there first."
            ]
        reason = _plain("; ".join(each.comments))[:160] or "closed as benign"
        owner = _plain(each.owners[0] if each.owners else "")[:100] or "nobody"
        lines += [
            f"  - id: {json.dumps(name if used[name] == 1 else f'{name}-{used[name]}')}",
            f"    rule: {json.dumps(each.rule)}",
            "    predicate: |",
            *(f"      {line}" for line in each.predicate.split("\n")),
            f"    reason: {json.dumps(reason)}",
            f"    owner: {json.dumps(owner)}",
            f"    expires: {(today + HOLDS).isoformat()}",
        ]
    return "\n".join(lines) + "\n"


def _name(suggestion: Suggestion) -> str:
    told = {condition.column: condition.values[0] for condition in suggestion.conditions if len(condition.values) == 1}
    program = next((told[name] for name in ("ChildFileName", "FileName", "ServerFileName") if name in told), "")
    parts = ["benign", suggestion.rule, told.get("RemoteIP", ""), program]
    return re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(part for part in parts if part)).strip("-")[:120]


def _numbers(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:10])
    more = f" and {len(numbers) - 10} more" if len(numbers) > 10 else ""
    return f"alert{'s' if len(numbers) > 1 else ''} {shown}{more}"


def _plain(text: str) -> str:
    return " ".join(_ESCAPED.sub(lambda match: match[0] if match[0] in '"\\' else " ", text).split())


def _quoted(text: str) -> str:
    """A string of KQL on one line; what is not plainly printed stands as an escape."""
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character in '"\\':
        return "\\" + character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
