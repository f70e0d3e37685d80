"""Whether the columns that a Sentinel rule maps are in its query's result."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from tiercel.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.checks.analytics import Analytics
    from tiercel.checks.subject import Subject
    from tiercel.rules.yaml_document import Entry

__all__ = ["check_analytics_columns"]

_PLACE: Final = re.compile(r"\{\{\s*([^{}]{1,200}?)\s*\}\}")


def check_analytics_columns(subject: Subject) -> Iterator[Issue]:
    """Entity mappings, custom details and alert texts (`{{Column}}`) name columns of the result.

    Sentinel drops the mapping in silence where the column is not there, and the alert has no entity.
    """
    document, result = subject.analytics, subject.result
    if document is None or result is None:
        return
    for entry, column in _named(document):
        if column not in result:
            near = get_close_matches(column, result, n=1)
            yield Issue(
                "analytics-column",
                f"`{column}` is no column of the query's result",
                document.place(entry),
                f"did you mean `{near[0]}`?" if near else "",
            )


def _named(document: Analytics) -> Iterator[tuple[Entry, str]]:
    """Each place that names a column, and the column."""
    fields = document.fields
    if "entityMappings" in fields:
        for mapping in fields["entityMappings"].items:
            for field in mapping.fields["fieldMappings"].items if "fieldMappings" in mapping.fields else ():
                column = field.fields.get("columnName")
                if column is not None and column.text:
                    yield column, column.text
    if "customDetails" in fields:
        for _, column in fields["customDetails"].pairs():
            if column.text:
                yield column, column.text
    if "alertDetailsOverride" in fields:
        for key, value in fields["alertDetailsOverride"].pairs():
            if key.text in {"alertDisplayNameFormat", "alertDescriptionFormat"}:
                for name in _PLACE.findall(value.text or ""):
                    yield value, name
            elif key.text in {"alertSeverityColumnName", "alertTacticsColumnName"} and value.text:
                yield value, value.text
