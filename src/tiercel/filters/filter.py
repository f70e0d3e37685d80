"""An environment filter: rows of a rule's result that are known and wanted here, by whom that was said, until when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tiercel.errors import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from tiercel.errors import Span
    from tiercel.kql import Source

__all__ = ["EVERY_RULE", "Allowance", "EnvironmentFilter", "Filters", "Predicate"]

EVERY_RULE: Final = "*"
"""What stands for every rule in a filter's `rule`."""


@dataclass(frozen=True)
class Predicate:
    """KQL that is true for the rows that the filter takes. `flat` is the same on one line, character for character.

    `lines` are the file's own lines for showing places; where `is_exact` is false only `span`, the beginning, is known.
    """

    source: Source
    flat: str
    span: Span
    lines: tuple[str, ...]
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Allowance:
    """The easy form: every kind that is given must fit, and of a kind any one value does.

    `device_groups` are the file's own, as device names, or Defender's (`DeviceInfo.MachineGroup`).
    """

    span: Span
    sources: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    device_groups: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


@dataclass(frozen=True)
class EnvironmentFilter:
    """One filter of a document. `rules` are rule ids, or `*` alone. `expires` is the last day that it holds, UTC."""

    id: str
    rules: tuple[str, ...]
    reason: str
    owner: str
    expires: date
    span: Span
    rule_spans: tuple[Span, ...]
    predicate: Predicate | None = None
    allowance: Allowance | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The document's own groups of devices: names, with `*` and `?`, by group in lower case."""

    @property
    def is_for_every_rule(self) -> bool:
        """Whether it names no rule of its own."""
        return EVERY_RULE in self.rules

    def is_for(self, rule_id: str) -> bool:
        """Whether it speaks of the rule."""
        return self.is_for_every_rule or rule_id in self.rules

    def is_in_force(self, today: date) -> bool:
        """Whether it has not expired on that day."""
        return today <= self.expires


@dataclass(frozen=True)
class Filters:
    """The filters that were read, in order, and what is wrong with the others."""

    filters: tuple[EnvironmentFilter, ...] = ()
    issues: tuple[Issue, ...] = ()

    def expired(self, today: date) -> Iterable[Issue]:
        """A warning for each filter that holds no longer."""
        for each in self.filters:
            if not each.is_in_force(today):
                yield Issue(
                    "filter-expired",
                    f"the filter `{each.id}` expired on {each.expires.isoformat()}; it is not applied",
                    each.span,
                    f"ask {each.owner} whether it is still wanted, then give it a later date or delete it",
                    Severity.WARNING,
                )
