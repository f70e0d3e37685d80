"""The same tables as Sentinel's workspaces hold them: with the columns that Log Analytics adds to every table.

Source: Azure Monitor's table reference. `Timestamp` stays: real workspaces have it beside `TimeGenerated`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tiercel.tables import TABLES, Column, KustoType

__all__ = ["LOG_ANALYTICS_TABLES"]

_ADDED: Final = (
    Column("TimeGenerated", KustoType.DATETIME),
    Column("TenantId", KustoType.STRING),
    Column("SourceSystem", KustoType.STRING),
    Column("Type", KustoType.STRING),
    Column("MachineGroup", KustoType.STRING),
    Column("_BilledSize", KustoType.REAL),
    Column("_IsBillable", KustoType.STRING),
)

LOG_ANALYTICS_TABLES: Final = {
    name: replace(table, columns=(*table.columns, *(column for column in _ADDED if column.name not in table.by_name)))
    for name, table in TABLES.items()
}
"""The tables by name, as a Sentinel rule sees them."""
