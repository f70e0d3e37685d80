"""AlertInfo: its columns in Defender's order, as of the schema pages of August 2026."""

from __future__ import annotations

from tiercel.tables.schema import INGESTION_TIME, SOURCE, Column, KustoType, Table

TABLE = Table(
    name="AlertInfo",
    columns=(
        Column("Timestamp", KustoType.DATETIME),
        Column("AlertId", KustoType.STRING),
        Column("Title", KustoType.STRING),
        Column("Category", KustoType.STRING),
        Column("Severity", KustoType.STRING),
        Column("ServiceSource", KustoType.STRING),
        Column("DetectionSource", KustoType.STRING),
        Column("AttackTechniques", KustoType.STRING),
    ),
    hidden=(INGESTION_TIME, SOURCE),
)
