"""Sysmon 13, registry value set, of the services: DeviceRegistryEvents, ActionType RegistryValueSet.

Defender writes full hive names and the control set itself; Sysmon writes CurrentControlSet, which is ControlSet001 on
all but repaired systems.
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import ACTING, EVENT, initiating
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

_FIELDS: Final = (
    "UtcTime",
    "ProcessGuid",
    "ProcessId",
    "Image",
    "TargetObject",
    "Details",
    "User",
)

_KEY: Final = """regexp_replace(regexp_replace(regexp_replace(e.TargetObject,
    '(?i)^HKLM\\\\', 'HKEY_LOCAL_MACHINE\\\\'), '(?i)^HKU\\\\', 'HKEY_USERS\\\\'),
    '(?i)\\\\SYSTEM\\\\CurrentControlSet\\\\', '\\\\SYSTEM\\\\ControlSet001\\\\')"""

KIND: Final = Kind(
    name="sysmon_registry_value",
    family=Family.SYSMON,
    channel=Channel.SYSMON,
    event_ids=(13,),
    fields=_FIELDS,
    in_message=Kind.sysmon_text(*_FIELDS),
    parsed_if="UtcTime",
    dropped=("ProcessId",),
    rows=(
        Rows(
            table="DeviceRegistryEvents",
            values={
                **EVENT,
                **initiating("DeviceRegistryEvents"),
                "ActionType": "'RegistryValueSet'",
                "RegistryKey": f"regexp_extract({_KEY}, '^(.*)\\\\[^\\\\]*$', 1)",
                "RegistryValueName": "base_name(e.TargetObject)",
                "RegistryValueData": "regexp_replace(e.Details, '^[DQ]WORD \\((.*)\\)$', '\\1')",
                "RegistryValueType": "CASE WHEN starts_with(e.Details, 'DWORD (') THEN 'Dword'"
                " WHEN starts_with(e.Details, 'QWORD (') THEN 'Qword' WHEN e.Details = 'Binary Data' THEN 'Binary' END",
            },
            joins=ACTING,
        ),
    ),
)
