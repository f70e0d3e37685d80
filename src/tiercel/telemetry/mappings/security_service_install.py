"""Security 4697, a service was installed: DeviceEvents, ActionType ServiceInstalled.

SubjectLogonId, the session that installed it, stands in InitiatingProcessLogonId: it ties the installation to its
caller. A System 7045 of the same installation gives no row of its own.
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import ACTING, EVENT, additional, also_told, initiating, removed_quotes, subject
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

KIND: Final = Kind(
    name="security_service_install",
    family=Family.AUDIT,
    channel=Channel.SECURITY,
    event_ids=(4697,),
    fields=(
        "SubjectUserSid",
        "SubjectUserName",
        "SubjectDomainName",
        "SubjectLogonId",
        "ServiceName",
        "ServiceFileName",
        "ServiceType",
        "ServiceStartType",
        "ServiceAccount",
        "ClientProcessId",
    ),
    rows=(
        Rows(
            table="DeviceEvents",
            values={
                **EVENT,
                **initiating(
                    "DeviceEvents",
                    {
                        **subject(),
                        "InitiatingProcessLogonId": "number(e.SubjectLogonId)",
                        "InitiatingProcessId": "coalesce(i.pid, number(e.ClientProcessId))",
                    },
                ),
                "ActionType": "'ServiceInstalled'",
                "FileName": f"base_name({removed_quotes('e.ServiceFileName')})",
                "FolderPath": removed_quotes("e.ServiceFileName"),
                "ProcessCommandLine": "e.ServiceFileName",
                "AdditionalFields": additional(
                    ServiceName="e.ServiceName",
                    ServiceAccount="e.ServiceAccount",
                    ServiceStartType="e.ServiceStartType",
                    ServiceType="e.ServiceType",
                    AlsoSource="also.source",
                ),
            },
            joins=f"{ACTING} {also_told('service_twin', 'security')}",
        ),
    ),
)
