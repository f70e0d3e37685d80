"""Sysmon 1, process create: DeviceProcessEvents, ActionType ProcessCreated.

A Security 4688 of the same start fills what Sysmon does not write (token elevation, SIDs) and gives no row of its own.
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import CREATED, EVENT, additional, also_told, inferred, initiating
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

_FIELDS: Final = (
    "UtcTime",
    "ProcessGuid",
    "ProcessId",
    "Image",
    "FileVersion",
    "Description",
    "Product",
    "Company",
    "OriginalFileName",
    "CommandLine",
    "CurrentDirectory",
    "User",
    "LogonId",
    "TerminalSessionId",
    "IntegrityLevel",
    "Hashes",
    "ParentProcessGuid",
    "ParentProcessId",
    "ParentImage",
    "ParentCommandLine",
    "ParentUser",
    "RuleName",
)

KIND: Final = Kind(
    name="sysmon_process_create",
    family=Family.SYSMON,
    channel=Channel.SYSMON,
    event_ids=(1,),
    fields=_FIELDS,
    in_message=Kind.sysmon_text(*_FIELDS),
    parsed_if="UtcTime",
    dropped=("ProcessId",),
    rows=(
        Rows(
            table="DeviceProcessEvents",
            values={
                **EVENT,
                **CREATED,
                **initiating(
                    "DeviceProcessEvents",
                    {
                        "InitiatingProcessFileName": "lower(base_name(coalesce(known(e.ParentImage), i.image)))",
                        "InitiatingProcessFolderPath": "lower(coalesce(known(e.ParentImage), i.image))",
                        "InitiatingProcessId": "coalesce(number(e.ParentProcessId), i.pid)",
                        "InitiatingProcessCommandLine": "coalesce(known(e.ParentCommandLine), i.command_line)",
                        "InitiatingProcessCreationTime": "coalesce(i.started, p.parent_started)",
                    },
                ),
                "AdditionalFields": additional(
                    CurrentDirectory="known(e.CurrentDirectory)",
                    RuleName="known(e.RuleName)",
                    Inferred=inferred(
                        {"ProcessId": "number(e.ProcessId) IS NULL AND p.pid IS NOT NULL"},
                        "CASE WHEN known(e.ParentCommandLine) IS NULL THEN i.inferred_of_initiating END",
                    ),
                    AlsoSource="also.source",
                ),
            },
            joins="JOIN process p ON p.device_id = e.device_id AND p.uid = e.uid"
            " LEFT JOIN process i ON i.device_id = p.device_id AND i.uid = p.parent_uid "
            + also_told("audited", "sysmon"),
        ),
    ),
)
