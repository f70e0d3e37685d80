"""Rows that are a Defender table's already: which table they are of, and each column in the table's own type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.tables import TABLES, KustoType, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["typed", "which_table"]

_LEAST: Final = 4
"""Columns that must be a table's before a file is taken for that table."""
_BY_ACTION: Final = {
    "ProcessCreated": "DeviceProcessEvents",
    "ConnectionSuccess": "DeviceNetworkEvents",
    "ConnectionFailed": "DeviceNetworkEvents",
    "InboundConnectionAccepted": "DeviceNetworkEvents",
    "ListeningConnectionCreated": "DeviceNetworkEvents",
    "LogonSuccess": "DeviceLogonEvents",
    "LogonFailed": "DeviceLogonEvents",
    "ImageLoaded": "DeviceImageLoadEvents",
    "FileCreated": "DeviceFileEvents",
    "RegistryValueSet": "DeviceRegistryEvents",
    "NamedPipeEvent": "DeviceEvents",
    "ServiceInstalled": "DeviceEvents",
}


def which_table(columns: Iterable[str], actions: Iterable[str] = ()) -> Table | None:
    """The table that has the most of these columns, or that knows one of the actions. None where two have as many."""
    wanted = set(columns)
    for action in actions:
        named = TABLES.get(_BY_ACTION.get(action, ""))
        if named and len(wanted & set(named.by_name)) >= _LEAST:
            return named
    scores = {
        table.name: (len(wanted & set(table.by_name)), -len(set(table.by_name) - wanted)) for table in TABLES.values()
    }
    best = max(scores.values())
    names = [name for name, score in scores.items() if score == best]
    return TABLES[names[0]] if best[0] >= _LEAST and len(names) == 1 else None


def typed(kind: KustoType, text: str) -> str:
    """SQL that reads the text in SQL `text` as a column's type; strings are never null."""
    match kind:
        case KustoType.STRING:
            return f"coalesce({text}, '')"
        case KustoType.DATETIME:
            return f"read_time({text})"
        case KustoType.BOOL:
            return f"CASE WHEN lower({text}) IN ('true', '1') THEN true WHEN lower({text}) IN ('false', '0') THEN false END"
        case KustoType.INT:
            return f"try_cast({text} AS INTEGER)"
        case KustoType.LONG:
            return f"try_cast({text} AS BIGINT)"
        case KustoType.REAL | KustoType.DECIMAL:
            return f"try_cast({text} AS DOUBLE)"
        case _:
            return text
