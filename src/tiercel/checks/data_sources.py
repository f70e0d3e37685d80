"""Whether a rule's document names the tables that its query reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.errors import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.checks.subject import Subject

__all__ = ["check_data_sources"]


def check_data_sources(subject: Subject) -> Iterator[Issue]:
    """`## Utilized Data Sources` is what a reader provides before the rule can find anything: it must be all of it."""
    if subject.rule is None or subject.compiled is None or subject.compiled.plan is None:
        return
    named = {source.table for source in subject.rule.data_sources}
    if not named:
        return
    for table in subject.compiled.plan.tables:
        if table not in named:
            yield Issue(
                "check-data-source",
                f"the query reads `{table}`, which the document's data sources do not name",
                subject.place_of(table, after="## Detection"),
                "add a row to `## Utilized Data Sources`",
                Severity.WARNING,
            )
