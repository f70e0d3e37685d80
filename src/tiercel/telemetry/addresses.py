"""DeviceNetworkInfo as far as connections show it: the addresses that a device used as its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.tables import TABLES
from tiercel.telemetry.storage import insertion

if TYPE_CHECKING:
    import duckdb

__all__ = ["insert_addresses"]


def insert_addresses(connection: duckdb.DuckDBPyConnection) -> None:
    """One row a device with the addresses learned, as of the last connection that shows one; the adapter is unknown."""
    address = "{'IPAddress': ip, 'SubnetPrefix': NULL::INTEGER, 'AddressType': ip_type(ip)}"
    connection.execute(
        insertion(
            TABLES["DeviceNetworkInfo"],
            {
                "Timestamp": "e.moment",
                "DeviceId": "e.device_id",
                "DeviceName": "e.device_name",
                "IPAddresses": "e.addresses",
                "ReportId": "0",
                "_Source": "'derived from connections'",
            },
            f"""FROM (SELECT device_id, min(d.device_name) AS device_name, max(o.last) AS moment,
                CAST(to_json(list(DISTINCT {address} ORDER BY {address})) AS VARCHAR) AS addresses
                FROM own_address o JOIN (SELECT DISTINCT device_id, device_name FROM device) d USING (device_id)
                GROUP BY device_id) e""",
        )
    )
