"""The filters of one hunt: which are in force for a rule, what each took, and what was wrong with them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tiercel.errors import Issue, Severity
from tiercel.filters.document import unknown_rules
from tiercel.filters.filter import Filters
from tiercel.filters.injection import Injection, inject

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from tiercel.filters.filter import EnvironmentFilter
    from tiercel.rules import Rule

__all__ = ["FilterRun", "Sieve"]


@dataclass(frozen=True, slots=True)
class FilterRun:
    """What became of a filter: its `state` (`applied`, `expired`, `failed`, `idle` where none of its rules ran), the rows
    that it took from which rules, and the findings that were kept for review instead of being shown.
    """

    filter: EnvironmentFilter
    state: str
    rules: tuple[str, ...] = ()
    rows: int = 0
    findings: int = 0


class Sieve:
    """Applies filters to rules, one after the other, and counts."""

    def __init__(self, filters: Filters, known_rules: Iterable[str], today: date) -> None:
        unknown = unknown_rules(filters, known_rules)
        self._filters = filters.filters
        self._in_force = [each for each in filters.filters if each.is_in_force(today)]
        self._issues = [*filters.issues, *unknown, *filters.expired(today)]
        self._rows: dict[str, int] = defaultdict(int)
        self._rules: dict[str, list[str]] = defaultdict(list)
        self._misfits: dict[str, list[tuple[str, Issue]]] = defaultdict(list)

    def inject(self, rule: Rule, now: datetime) -> Injection:
        """The rule with its filters that are in force."""
        injection = inject(rule, [each for each in self._in_force if each.is_for(rule.id)], now)
        for misfit in injection.misfits:
            self._misfits[misfit.filter.id].append((rule.id, misfit.issue))
        for each in injection.filters if injection.plan is not None else ():
            self._rules[each.id].append(rule.id)
        return injection

    def took(self, one: EnvironmentFilter, rows: int) -> None:
        """Count the rows that a filter took."""
        self._rows[one.id] += rows

    def runs(self, findings: Iterable[str] = ()) -> tuple[FilterRun, ...]:
        """Every filter with what became of it. `findings` are the ids of the filters of the findings kept for review."""
        kept = list(findings)
        return tuple(
            FilterRun(each, self._state(each), tuple(self._rules[each.id]), self._rows[each.id], kept.count(each.id))
            for each in self._filters
        )

    def _state(self, one: EnvironmentFilter) -> str:
        if one not in self._in_force:
            return "expired"
        if self._rules[one.id]:
            return "applied"
        return "failed" if one.id in self._misfits else "idle"

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What is wrong with the filters. One for every rule may fit not all of them; that is a warning."""
        found = list(self._issues)
        for one in self._in_force:
            misfits = self._misfits.get(one.id, [])
            if one.is_for_every_rule and self._rules[one.id] and misfits:
                rules = ", ".join(dict.fromkeys(rule for rule, _ in misfits))
                message = f"the filter `{one.id}` is not applied to {rules}: {misfits[0][1].message}"
                found.append(replace(misfits[0][1], code="filter-misfit", message=message, severity=Severity.WARNING))
            elif one.is_for_every_rule:
                found += [issue for _, issue in misfits[:1]]
            else:
                found += [issue for _, issue in misfits]
        return tuple(dict.fromkeys(found))
