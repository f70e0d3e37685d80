"""System 7045, a service was installed: DeviceEvents, ActionType ServiceInstalled, unless a 4697 told of the same.

The installing account is the SID in the header. NXLog overwrites AccountName, the service's account, with the
installing one.
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import EVENT, additional, removed_quotes
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

_SERVICE_ACCOUNT: Final = "CASE WHEN e.nxlog THEN e.ServiceAccount ELSE e.AccountName END"
_START: Final = (
    "CASE lower(e.StartType) WHEN 'boot start' THEN '0' WHEN 'system start' THEN '1' WHEN 'auto start' THEN '2'"
    " WHEN 'demand start' THEN '3' WHEN 'disabled' THEN '4' ELSE e.StartType END"
)
_TYPE: Final = (
    "CASE lower(e.ServiceType) WHEN 'kernel mode driver' THEN '0x1' WHEN 'file system driver' THEN '0x2'"
    " WHEN 'user mode service' THEN '0x10' ELSE e.ServiceType END"
)

KIND: Final = Kind(
    name="system_service_install",
    family=Family.AUDIT,
    channel=Channel.SYSTEM,
    event_ids=(7045,),
    fields=(
        "ServiceName",
        "ImagePath",
        "ServiceType",
        "StartType",
        "AccountName",
        "Domain",
        "ServiceAccount",
    ),
    in_message={"ServiceAccount": r"Service Account:\s*"},
    rows=(
        Rows(
            table="DeviceEvents",
            values={
                **EVENT,
                "InitiatingProcessAccountDomain": "CASE WHEN e.nxlog THEN lower(e.Domain) END",
                "InitiatingProcessAccountName": "CASE WHEN e.nxlog THEN lower(e.AccountName) END",
                "InitiatingProcessAccountSid": "e.sid",
                "ActionType": "'ServiceInstalled'",
                "FileName": f"base_name({removed_quotes('e.ImagePath')})",
                "FolderPath": removed_quotes("e.ImagePath"),
                "ProcessCommandLine": "e.ImagePath",
                "AdditionalFields": additional(
                    ServiceName="e.ServiceName",
                    ServiceAccount=_SERVICE_ACCOUNT,
                    ServiceStartType=_START,
                    ServiceType=_TYPE,
                ),
            },
            where="e.event NOT IN (SELECT system FROM service_twin)",
        ),
    ),
)
