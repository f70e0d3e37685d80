"""Security 4688, a process was created: DeviceProcessEvents, unless Sysmon told of the same start.

`ProcessId` is the creator, `NewProcessId` the new process. Target* names the account only where it is another than the
creator's (Microsoft Learn, event 4688).
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import CREATED, EVENT, additional, inferred, initiating, subject
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

KIND: Final = Kind(
    name="security_process_create",
    family=Family.AUDIT,
    channel=Channel.SECURITY,
    event_ids=(4688,),
    fields=(
        "SubjectUserSid",
        "SubjectUserName",
        "SubjectDomainName",
        "SubjectLogonId",
        "NewProcessId",
        "NewProcessName",
        "TokenElevationType",
        "ProcessId",
        "CommandLine",
        "TargetUserSid",
        "TargetUserName",
        "TargetDomainName",
        "TargetLogonId",
        "ParentProcessName",
        "MandatoryLabel",
    ),
    in_message={"ProcessId": r"Creator Process ID:\s*"},
    rows=(
        Rows(
            table="DeviceProcessEvents",
            values={
                **EVENT,
                **CREATED,
                **initiating(
                    "DeviceProcessEvents",
                    {
                        "InitiatingProcessFileName": "lower(base_name(coalesce(known(e.ParentProcessName), i.image)))",
                        "InitiatingProcessFolderPath": "lower(coalesce(known(e.ParentProcessName), i.image))",
                        "InitiatingProcessId": "coalesce(number(e.ProcessId), i.pid)",
                        **subject(),
                        "InitiatingProcessLogonId": "number(e.SubjectLogonId)",
                    },
                ),
                "AdditionalFields": additional(
                    Inferred=inferred(
                        {"InitiatingProcessFileName": "known(e.ParentProcessName) IS NULL AND i.image IS NOT NULL"},
                        "p.inferred_of_created",
                        "i.inferred_of_initiating",
                    ),
                ),
            },
            joins="JOIN audited a ON a.event = e.event AND a.sysmon IS NULL"
            " JOIN process p ON p.device_id = a.device_id AND p.uid = a.uid"
            " LEFT JOIN process i ON i.device_id = p.device_id AND i.uid = p.parent_uid",
        ),
    ),
)
