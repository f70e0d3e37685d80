"""Whether the query means something over the tables: names, types, functions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tiercel.checks.subject import Kind
from tiercel.errors import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.checks.subject import Subject
    from tiercel.errors import Issue

__all__ = ["check_meaning"]


def check_meaning(subject: Subject) -> Iterator[Issue]:
    """What does not compile: unknown tables, columns and functions, arguments of a wrong type, what is not supported.

    A Sentinel rule may read any table of its workspace: one that the catalogue does not have is a warning there, since
    nothing more of such a query can be checked.
    """
    if subject.compiled is None:
        return
    for issue in subject.in_file(subject.compiled.issues):
        if subject.kind is Kind.ANALYTICS and issue.code == "kql-unknown-table":
            yield replace(issue, severity=Severity.WARNING)
        else:
            yield issue
