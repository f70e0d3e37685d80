"""Whether the columns that a rule's evidence names are in its result."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from tiercel.errors import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.checks.subject import Subject

__all__ = ["check_evidence_columns"]


def check_evidence_columns(subject: Subject) -> Iterator[Issue]:
    """Each step of `## Evidence` names columns of the result; without one the step lacks that fact."""
    result = subject.result
    if subject.rule is None or result is None:
        return
    for step in subject.rule.evidence:
        named = (step.time, step.process, step.process_id, step.command_line, step.peer)
        for column in dict.fromkeys(column for column in named if column):
            if column not in result:
                near = get_close_matches(column, result, n=1)
                yield Issue(
                    "check-evidence-column",
                    f"the step `{step.step}` names `{column}`, which the result does not have",
                    subject.place_of(column, after="## Evidence"),
                    f"did you mean `{near[0]}`?" if near else "",
                    Severity.WARNING,
                )
