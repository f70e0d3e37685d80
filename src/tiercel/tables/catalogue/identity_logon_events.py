"""IdentityLogonEvents: its columns in Defender's order, as of the schema pages of August 2026."""

from __future__ import annotations

from tiercel.tables.schema import INGESTION_TIME, SOURCE, Column, KustoType, Table

TABLE = Table(
    name="IdentityLogonEvents",
    columns=(
        Column("Timestamp", KustoType.DATETIME),
        Column("ActionType", KustoType.STRING),
        Column("Application", KustoType.STRING),
        Column("LogonType", KustoType.STRING),
        Column("Protocol", KustoType.STRING),
        Column("FailureReason", KustoType.STRING),
        Column("AccountName", KustoType.STRING),
        Column("AccountDomain", KustoType.STRING),
        Column("AccountUpn", KustoType.STRING),
        Column("AccountSid", KustoType.STRING),
        Column("AccountObjectId", KustoType.STRING),
        Column("AccountDisplayName", KustoType.STRING),
        Column("DeviceName", KustoType.STRING),
        Column("DeviceType", KustoType.STRING),
        Column("OSPlatform", KustoType.STRING),
        Column("IPAddress", KustoType.STRING),
        Column("Port", KustoType.INT),
        Column("DestinationDeviceName", KustoType.STRING),
        Column("DestinationIPAddress", KustoType.STRING),
        Column("DestinationPort", KustoType.INT),
        Column("TargetDeviceName", KustoType.STRING),
        Column("TargetAccountDisplayName", KustoType.STRING),
        Column("Location", KustoType.STRING),
        Column("ISP", KustoType.STRING),
        Column("ReportId", KustoType.STRING),
        Column("AdditionalFields", KustoType.DYNAMIC),
        Column("LastSeenForUser", KustoType.DYNAMIC),
        Column("UncommonForUser", KustoType.DYNAMIC),
    ),
    hidden=(INGESTION_TIME, SOURCE),
)
