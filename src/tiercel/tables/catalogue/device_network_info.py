"""DeviceNetworkInfo: its columns in Defender's order, as of the schema pages of August 2026."""

from __future__ import annotations

from tiercel.tables.schema import INGESTION_TIME, SOURCE, Column, KustoType, Table

TABLE = Table(
    name="DeviceNetworkInfo",
    columns=(
        Column("Timestamp", KustoType.DATETIME),
        Column("DeviceId", KustoType.STRING),
        Column("DeviceName", KustoType.STRING),
        Column("NetworkAdapterName", KustoType.STRING),
        Column("MacAddress", KustoType.STRING),
        Column("NetworkAdapterType", KustoType.STRING),
        Column("NetworkAdapterStatus", KustoType.STRING),
        Column("TunnelType", KustoType.STRING),
        Column("ConnectedNetworks", KustoType.STRING),
        Column("DnsAddresses", KustoType.STRING),
        Column("IPv4Dhcp", KustoType.STRING),
        Column("IPv6Dhcp", KustoType.STRING),
        Column("DefaultGateways", KustoType.STRING),
        Column("IPAddresses", KustoType.STRING),
        Column("ReportId", KustoType.LONG),
        Column("NetworkAdapterVendor", KustoType.STRING),
        Column("OnboardingStatus", KustoType.STRING),
        Column("NetworkAdapterDnsSuffix", KustoType.STRING),
    ),
    hidden=(INGESTION_TIME, SOURCE),
)
