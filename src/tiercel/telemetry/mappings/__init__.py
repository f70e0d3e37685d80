"""Mappings: one file an event kind, and `KINDS`, the written list of them.

Each declares the fields it reads and the rows it gives. Takes events staged in DuckDB with device, time and process
settled; gives SQL. May import the catalogue of tables.
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings import (
    security_connection,
    security_explicit_logon,
    security_logon,
    security_process_create,
    security_process_end,
    security_scheduled_task,
    security_service_install,
    security_share,
    sysmon_file_create,
    sysmon_image_load,
    sysmon_network_connection,
    sysmon_pipe,
    sysmon_process_create,
    sysmon_process_end,
    sysmon_registry_value,
    sysmon_wmi,
    system_service_install,
    wmi_activity,
)
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KINDS", "Channel", "Family", "Kind", "Rows"]

KINDS: Final[tuple[Kind, ...]] = (
    sysmon_process_create.KIND,
    sysmon_network_connection.KIND,
    sysmon_process_end.KIND,
    sysmon_image_load.KIND,
    sysmon_file_create.KIND,
    sysmon_registry_value.KIND,
    sysmon_pipe.KIND,
    sysmon_wmi.KIND,
    security_logon.KIND,
    security_explicit_logon.KIND,
    security_process_create.KIND,
    security_process_end.KIND,
    security_service_install.KIND,
    security_scheduled_task.KIND,
    security_share.KIND,
    security_connection.KIND,
    system_service_install.KIND,
    wmi_activity.KIND,
)
"""Every kind of event that is read, in the order in which the tables are filled."""
