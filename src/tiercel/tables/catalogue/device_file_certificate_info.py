"""DeviceFileCertificateInfo: its columns in Defender's order, as of the schema pages of August 2026."""

from __future__ import annotations

from tiercel.tables.schema import INGESTION_TIME, SOURCE, Column, KustoType, Table

TABLE = Table(
    name="DeviceFileCertificateInfo",
    columns=(
        Column("Timestamp", KustoType.DATETIME),
        Column("DeviceId", KustoType.STRING),
        Column("DeviceName", KustoType.STRING),
        Column("SHA1", KustoType.STRING),
        Column("IsSigned", KustoType.BOOL),
        Column("SignatureType", KustoType.STRING),
        Column("Signer", KustoType.STRING),
        Column("SignerHash", KustoType.STRING),
        Column("Issuer", KustoType.STRING),
        Column("IssuerHash", KustoType.STRING),
        Column("CertificateSerialNumber", KustoType.STRING),
        Column("CrlDistributionPointUrls", KustoType.STRING),
        Column("CertificateCreationTime", KustoType.DATETIME),
        Column("CertificateExpirationTime", KustoType.DATETIME),
        Column("CertificateCountersignatureTime", KustoType.DATETIME),
        Column("IsTrusted", KustoType.BOOL),
        Column("IsRootSignerMicrosoft", KustoType.BOOL),
        Column("ReportId", KustoType.LONG),
    ),
    hidden=(INGESTION_TIME, SOURCE),
)
