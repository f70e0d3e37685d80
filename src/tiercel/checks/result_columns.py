"""Whether the result can become a custom detection in Defender."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.checks.subject import Kind
from tiercel.errors import Issue, Severity
from tiercel.kql.syntax import ExpressionStatement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.checks.subject import Subject
    from tiercel.plan import Plan

__all__ = ["check_result_columns"]

_ENTITIES: Final = frozenset(
    {
        "DeviceId",
        "DeviceName",
        "RemoteDeviceName",
        "AccountObjectId",
        "AccountSid",
        "AccountUpn",
        "InitiatingProcessAccountSid",
        "InitiatingProcessAccountUpn",
        "InitiatingProcessAccountObjectId",
        "RecipientEmailAddress",
        "RecipientObjectId",
        "SenderFromAddress",
        "SenderMailFromAddress",
        "SenderObjectId",
    }
)
"""Columns of which a custom detection needs one, to say what the alert is about."""


def check_result_columns(subject: Subject) -> Iterator[Issue]:
    """A rule for Defender must return Timestamp, an entity, and for Device tables DeviceId and ReportId of one event.

    Without them the query hunts, but cannot be saved as a custom detection (Microsoft Learn, "Create custom detection
    rules"). `extend Timestamp = ...` restores a column that was renamed.
    """
    if subject.kind is not Kind.RULE or subject.compiled is None or subject.parsed is None:
        return
    plan: Plan | None = subject.compiled.plan
    if plan is None or subject.parsed.query is None or subject.source is None:
        return
    names = {column.name for column in plan.columns}
    missing: list[str] = []
    if not names & {"Timestamp", "TimeGenerated"}:
        missing.append("no `Timestamp`")
    if any(table.startswith("Device") for table in plan.tables):
        missing.extend(f"no `{name}`" for name in ("DeviceId", "ReportId") if name not in names)
    if not names & _ENTITIES:
        missing.append("no entity such as `DeviceName` or `AccountSid`")
    if missing:
        last = subject.parsed.query.statements[-1]
        region = last.region if isinstance(last, ExpressionStatement) else subject.parsed.query.region
        yield Issue(
            "check-result-columns",
            f"the result has {' and '.join(missing)}: Defender cannot save it as a custom detection",
            subject.source.span(region),
            "keep the columns of the event that the alert is about",
            Severity.WARNING,
        )
