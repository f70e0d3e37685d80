"""Whether environment filters can stand in the rules that they name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tiercel.errors import RuleError
from tiercel.filters import Sieve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.checks.subject import Subject
    from tiercel.errors import Issue

__all__ = ["check_environment_filters"]


def check_environment_filters(subject: Subject) -> Iterator[Issue]:
    """Filters whose KQL means nothing in their rules, that name no rule there is, that have expired.

    The rules are the shipped ones and those that are checked along with the file. A predicate is compiled where it
    would stand, between each rule's markers. A filter for every rule may fit only some of them: that is a warning.
    """
    if subject.filters is None:
        return
    now = datetime.now(UTC)
    sieve = Sieve(subject.filters, [rule.id for rule in subject.rules], now.date())
    for rule in subject.rules:
        try:
            sieve.inject(rule, now)
        except RuleError:
            continue  # the rule's own errors are told where it is checked itself
    yield from sieve.issues
