"""Whether the query is KQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.checks.subject import Subject
    from tiercel.errors import Issue

__all__ = ["check_syntax"]


def check_syntax(subject: Subject) -> Iterator[Issue]:
    """What the parser cannot read, and as a warning what Kusto would want otherwise (`kql-reserved-name`)."""
    if subject.parsed is not None:
        yield from subject.in_file((*subject.parsed.issues, *subject.parsed.warnings))
