"""The tables that rules elsewhere are written against and nothing here fills: Defender's others, Sentinel's, ASIM's.

Holds their names and columns as data, one line a table, read only when a query names one of them. Takes nothing.
Gives `PUBLISHED`, a mapping from names to shapes, and `asim_table`. May import tables.schema only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from tiercel.tables.schema import INGESTION_TIME, Column, KustoType, Table

__all__ = ["LOG_ANALYTICS_COLUMNS", "PUBLISHED", "Published", "asim_table", "watchlist_table"]

_FILES: Final = ("defender.txt", "asim.txt", "log_analytics.txt")
"""In the order in which columns are taken: a table of both products has Defender's columns first."""

_HIDDEN: Final = (
    INGESTION_TIME,
    Column("_ResourceId", KustoType.STRING),
    Column("_SubscriptionId", KustoType.STRING),
    Column("_ItemId", KustoType.STRING),
    Column("_TimeReceived", KustoType.DATETIME),
    Column("_BilledSize", KustoType.REAL),
    Column("_IsBillable", KustoType.STRING),
    Column("MG", KustoType.STRING),
    Column("ManagementGroupName", KustoType.STRING),
)
"""The columns that Log Analytics gives every table (Microsoft Learn, "Standard columns in Azure Monitor Logs")."""


LOG_ANALYTICS_COLUMNS: Final = (
    Column("TimeGenerated", KustoType.DATETIME),
    Column("TenantId", KustoType.STRING),
    Column("SourceSystem", KustoType.STRING),
    Column("Type", KustoType.STRING),
    Column("MachineGroup", KustoType.STRING),
    *(column for column in _HIDDEN if column is not INGESTION_TIME),
)
"""What Log Analytics adds to each of Defender's tables (Azure Monitor's table reference)."""


class Published(Mapping[str, Table]):
    """The published tables by name. A table's line is read when it is asked for, and kept."""

    def __init__(self) -> None:
        self._read: dict[str, Table] = {}

    @cached_property
    def _lines(self) -> dict[str, list[str]]:
        """The words of each table's columns, by the table's name; its own name first is left out."""
        from importlib.resources import files  # noqa: PLC0415  few queries name such a table

        lines: dict[str, list[str]] = {}
        for name in _FILES:
            text = files(__package__).joinpath(name).read_text(encoding="utf-8")
            for line in text.splitlines():
                if line and not line.startswith("#"):
                    table, _, columns = line.partition(" ")
                    lines.setdefault(table, []).append(columns)
        return lines

    def __getitem__(self, name: str) -> Table:
        if (known := self._read.get(name)) is not None:
            return known
        columns = {
            (word := each.partition(":"))[0]: Column(word[0], KustoType(word[2] or "string"))
            for line in reversed(self._lines[name])
            for each in line.split()
        }
        first = [each.partition(":")[0] for each in self._lines[name][0].split()]
        order = dict.fromkeys([*first, *columns])
        hidden = tuple(column for column in _HIDDEN if column.name not in order)
        table = Table(name, tuple(columns[each] for each in order), hidden)
        self._read[name] = table
        return table

    def __contains__(self, name: object) -> bool:
        return name in self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


PUBLISHED: Final = Published()
"""Defender's, ASIM's and Log Analytics' tables by name."""

_SCHEMAS: Final = {
    "auditevent": "ASimAuditEventLogs",
    "authentication": "ASimAuthenticationEventLogs",
    "dhcpevent": "ASimDhcpEventLogs",
    "dns": "ASimDnsActivityLogs",
    "fileevent": "ASimFileEventLogs",
    "networksession": "ASimNetworkSessionLogs",
    "process": "ASimProcessEventLogs",
    "processcreate": "ASimProcessEventLogs",
    "processevent": "ASimProcessEventLogs",
    "processterminate": "ASimProcessEventLogs",
    "registry": "ASimRegistryEventLogs",
    "registryevent": "ASimRegistryEventLogs",
    "usermanagement": "ASimUserManagementActivityLogs",
    "websession": "ASimWebSessionLogs",
}
_PARSER: Final = re.compile(r"(?:_Im_|_ASim_)([A-Za-z]+)(?:_\w+)?|(?:im|ASim|vim)([A-Za-z]+)")


def asim_table(name: str) -> str | None:
    """The table whose rows an ASIM parser gives, None where the name is no parser's.

    >>> asim_table("_Im_NetworkSession"), asim_table("_ASim_ProcessEvent_Create"), asim_table("imagine")
    ('ASimNetworkSessionLogs', 'ASimProcessEventLogs', None)
    """
    found = _PARSER.fullmatch(name)
    return _SCHEMAS.get((found[1] or found[2]).lower()) if found else None


def watchlist_table(name: str) -> str:
    """The name under which a watchlist's rows are held.

    >>> watchlist_table("VIP")
    "_GetWatchlist('VIP')"
    """
    return f"_GetWatchlist('{name}')"
