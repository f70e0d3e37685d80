"""Joins that drop rows because they name no kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.errors import Issue, Severity
from tiercel.kql.syntax import Join, Region
from tiercel.kql.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.checks.subject import Subject

__all__ = ["check_join_kind"]


def check_join_kind(subject: Subject) -> Iterator[Issue]:
    """A `join` without a kind is `innerunique`: of the left side's rows with equal keys only one is kept.

    That drops matches, and two runs may keep different rows (Microsoft Learn, "join operator"). Write `kind=inner`, or
    `kind=innerunique` where this is meant.
    """
    if subject.parsed is None or subject.parsed.query is None or subject.source is None:
        return
    for node in walk(subject.parsed.query):
        if isinstance(node, Join) and node.kind is None and not node.is_lookup:
            place = subject.source.span(Region(node.region.start, node.region.start + len("join")))
            yield from subject.in_file(
                (
                    Issue(
                        "check-join-kind",
                        "a join without a kind keeps one row of the left side for each key",
                        place,
                        "write `join kind=inner`, or `kind=innerunique` where this is meant",
                        Severity.WARNING,
                    ),
                )
            )
