"""Security 4698, 4699, 4702, a task was created, deleted, updated: DeviceEvents ScheduledTaskCreated and its kin."""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import EVENT, additional, subject
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

_CONTENT: Final = "coalesce(e.TaskContent, e.TaskContentNew)"
_TEXT: Final = f"replace(replace(replace(replace({_CONTENT}, '&lt;', '<'), '&gt;', '>'), '&quot;', '\"'), '&amp;', '&')"

KIND: Final = Kind(
    name="security_scheduled_task",
    family=Family.AUDIT,
    channel=Channel.SECURITY,
    event_ids=(4698, 4699, 4702),
    fields=(
        "SubjectUserSid",
        "SubjectUserName",
        "SubjectDomainName",
        "SubjectLogonId",
        "TaskName",
        "TaskContent",
        "TaskContentNew",
    ),
    rows=(
        Rows(
            table="DeviceEvents",
            values={
                **EVENT,
                "ActionType": "CASE e.event_id WHEN 4698 THEN 'ScheduledTaskCreated'"
                " WHEN 4699 THEN 'ScheduledTaskDeleted' ELSE 'ScheduledTaskUpdated' END",
                **subject(),
                "InitiatingProcessLogonId": "number(e.SubjectLogonId)",
                "AdditionalFields": additional(TaskName="e.TaskName", TaskContent=_TEXT),
            },
        ),
    ),
)
