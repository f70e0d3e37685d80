"""When a rule is due, and how far apart the events may lie that it joins: from its document, or from its query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tiercel.kql import Source, parse
from tiercel.kql.syntax import Binary, Literal
from tiercel.kql.walk import walk
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from tiercel.kql.syntax import Node
    from tiercel.rules import Rule

__all__ = ["Schedule", "schedule_of"]

LEAST_REACH: Final = timedelta(hours=1)
GREATEST_REACH: Final = timedelta(days=60)
_RUNS_A_REACH: Final = 288
"""A rule that looks back for a day is due every five minutes, one that looks back for a month every two hours."""

_LINE: Final = re.compile(
    r"\*{0,2}(?P<key>every|look-?back)\s*:?\*{0,2}\s*:?\s*(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>[smhd])\b", re.IGNORECASE
)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TICKS: Final = 10
"""Kusto's ticks of 100 ns in a microsecond."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a rule is due, and its reach: no two events that make one of its rows lie further apart.

    `is_declared` says that the document tells the reach itself.
    """

    every: timedelta
    reach: timedelta
    is_declared: bool = False


def schedule_of(rule: Rule, every: timedelta) -> Schedule:
    """The rule's schedule, where a watcher steps every so often.

    A document says it in a section `Schedule`, or in its metadata, in lines `**Every:** 1h` and `**Look-back:** 2h`. Of
    one that does not, the reach is the sum of all different timespans that its query names, `timeframe` among them: a
    chain of joined events stretches over each of its windows at most once.
    """
    told = _declared(rule)
    reach = told.get("lookback") or _named_spans(rule)
    reach = min(max(reach, LEAST_REACH), GREATEST_REACH) if "lookback" not in told else reach
    return Schedule(max(told.get("every") or reach / _RUNS_A_REACH, every), reach, "lookback" in told)


def _declared(rule: Rule) -> dict[str, timedelta]:
    texts = [text for heading, text in rule.extra if heading.strip().lower() == "schedule"]
    texts += [f"{key}: {value}" for key, value in rule.metadata]
    return {
        match["key"].lower().replace("-", ""): timedelta(**{_UNITS[match["unit"].lower()]: float(match["amount"])})
        for text in reversed(texts)
        for match in _LINE.finditer(text)
    }


def _named_spans(rule: Rule) -> timedelta:
    """The sum of the different timespans that the query names; none for a query that cannot be read."""
    tree = parse(Source(rule.query.text, rule.path, rule.query.first_line)).query
    if tree is None:
        return timedelta()
    spans: set[int] = set()
    for node in walk(tree):
        spans |= {ticks for ticks in [_ticks(node)] if ticks}
    return timedelta(microseconds=min(sum(spans) // _TICKS, 10**15))


def _ticks(node: Node) -> int:
    """The timespan that is written down here, also as a multiple (`2*1h`); 0 for anything else."""
    match node:
        case Literal(type=KustoType.TIMESPAN, value=int(value)):
            return abs(value)
        case Binary(operator="*", left=Literal(value=int(one)), right=Literal(value=int(other))):
            kinds = {getattr(node.left, "type", None), getattr(node.right, "type", None)}
            return abs(one * other) if KustoType.TIMESPAN in kinds else 0
        case _:
            return 0
