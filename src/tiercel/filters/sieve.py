"""The filters of one hunt: which are in force for a rule, what each took, and what was wrong with them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tiercel.errors import Issue, Severity
from tiercel.filters.document import unknown_rules
from tiercel.filters.injection import Injection, inject
from tiercel.findings import FilterRun
from tiercel.plan.lacks import NOTHING, Lacks
from tiercel.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from tiercel.filters.filter import EnvironmentFilter, Filters
    from tiercel.rules import Rule
    from tiercel.tables import Table

__all__ = ["Sieve"]

_NO_IMAGE: Final = "filter-no-image"
"""Nothing to say of a filter for every rule: it takes no row of such a rule, whatever the row is."""


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

    def speaks_of(self, rule: Rule) -> bool:
        """Whether a filter that is in force is for the rule."""
        return any(each.is_for(rule.id) for each in self._in_force)

    def inject(
        self, rule: Rule, now: datetime, tables: Mapping[str, Table] = TABLES, lacks: Lacks = NOTHING
    ) -> Injection:
        """The rule with its filters that are in force. Raises RuleError where the rule itself is wrong."""
        of_rule = [each for each in self._in_force if each.is_for(rule.id)]
        injection = inject(rule, of_rule, now, tables=tables, lacks=lacks)
        for misfit in injection.misfits:
            self._misfits[misfit.filter.id].append((rule.id, misfit.issue))
        for each in injection.filters:
            self._rules[each.id].append(rule.id)
        return injection

    def took(self, one: EnvironmentFilter, rows: int) -> None:
        """Count the rows that a filter took."""
        self._rows[one.id] += rows

    def runs(self, findings: Iterable[str] = ()) -> tuple[FilterRun, ...]:
        """Every filter with what became of it. `findings` holds a filter's id for each finding that it kept."""
        kept = list(findings)
        return tuple(
            FilterRun(
                id=each.id,
                reason=each.reason,
                owner=each.owner,
                expires=each.expires.isoformat(),
                state=self._state(each),
                rules=tuple(self._rules[each.id]),
                rows=self._rows[each.id],
                findings=kept.count(each.id),
            )
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
            if one.is_for_every_rule:
                misfits = [(rule, issue) for rule, issue in misfits if issue.code != _NO_IMAGE]
            rules = ", ".join(f"`{rule}`" for rule, _ in misfits)
            if one.is_for_every_rule and self._rules[one.id] and misfits:
                first = misfits[0][1]
                message = f"the filter `{one.id}` is not applied to {rules}: {first.message}"
                found.append(replace(first, code="filter-misfit", message=message, severity=Severity.WARNING))
                continue
            for rule, issue in misfits[:1] if one.is_for_every_rule else misfits:
                found.append(replace(issue, message=f"{issue.message} (filter `{one.id}`, rule `{rule}`)"))
        return tuple(dict.fromkeys(found))
