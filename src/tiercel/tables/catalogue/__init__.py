"""One file a table: Defender's advanced hunting tables. Takes nothing, gives `TABLES`; may import tables.schema only.

Names and types are those of Microsoft's schema pages (learn.microsoft.com, Defender XDR advanced hunting, August 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.tables.catalogue import (
    alert_evidence,
    alert_info,
    device_events,
    device_file_certificate_info,
    device_file_events,
    device_image_load_events,
    device_info,
    device_logon_events,
    device_network_events,
    device_network_info,
    device_process_events,
    device_registry_events,
    identity_logon_events,
)

if TYPE_CHECKING:
    from tiercel.tables.schema import Table

__all__ = ["TABLES"]

TABLES: dict[str, Table] = {
    module.TABLE.name: module.TABLE
    for module in (
        device_process_events,
        device_network_events,
        device_file_certificate_info,
        device_events,
        device_logon_events,
        device_info,
        device_network_info,
        device_image_load_events,
        device_file_events,
        device_registry_events,
        identity_logon_events,
        alert_info,
        alert_evidence,
    )
}
"""Every table by its name, in the order in which `tiercel` lists them."""
