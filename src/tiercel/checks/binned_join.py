"""Joins on rounded times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.errors import Issue, Severity
from tiercel.kql.syntax import Call, Extend, Join, Name, Named, Project, Summarize
from tiercel.kql.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.checks.subject import Subject
    from tiercel.kql.syntax import Query

__all__ = ["check_binned_join"]

_ROUNDING: Final = frozenset({"bin", "bin_at", "floor", "startofday"})


def check_binned_join(subject: Subject) -> Iterator[Issue]:
    """A join on a time that `bin()` rounded loses the pairs on both sides of a bin's edge.

    09:59:59.9 and 10:00:00.1 lie in different bins of a second or an hour. Join on the other keys and compare the times
    with `datetime_diff` or `between`; Tiercel makes such joins fast.
    """
    if subject.parsed is None or subject.parsed.query is None or subject.source is None:
        return
    rounded = set(_rounded(subject.parsed.query))
    for node in walk(subject.parsed.query):
        if not isinstance(node, Join):
            continue
        for key in node.on:
            if isinstance(key, Name) and key.text in rounded:
                issue = Issue(
                    "check-binned-join",
                    f"`{key.text}` is a rounded time: pairs on both sides of a bin's edge are lost",
                    subject.source.span(key.region),
                    "join on the other keys, then compare the times: `| where datetime_diff(...) between (0 .. 10)`",
                    Severity.WARNING,
                )
                yield from subject.in_file((issue,))


def _rounded(query: Query) -> Iterator[str]:
    """The names of columns that a rounding function makes."""
    for node in walk(query):
        if isinstance(node, Extend | Project):
            items = node.items
        elif isinstance(node, Summarize):
            items = node.groups
        else:
            continue
        for item in items:
            if isinstance(item, Named) and len(item.names) == 1 and _rounds(item.expression):
                yield item.names[0].text
            elif _rounds(item) and isinstance(item, Call) and isinstance(item.arguments[0], Name):
                yield item.arguments[0].text


def _rounds(expression: object) -> bool:
    return isinstance(expression, Call) and expression.name in _ROUNDING and bool(expression.arguments)
