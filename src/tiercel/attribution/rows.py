"""Answers' values as findings hold them: nothing for Kusto's empty text, processes, accounts, times with their zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tiercel.findings import Process

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["account_of", "aware", "place_of", "process_of", "short_name"]


def aware(time: datetime) -> datetime:
    """The engine's instant with its zone, UTC."""
    return time.replace(tzinfo=UTC)


def process_of(row: Mapping[str, Any], start: str = "Timestamp") -> Process:
    """The process that an answer names, started at the time in the column `start`."""
    return Process(
        name=row["FileName"] or None,
        pid=row["ProcessId"],
        command_line=row["ProcessCommandLine"] or None,
        start=aware(row[start]) if row[start] else None,
    )


def account_of(row: Mapping[str, Any], prefix: str = "") -> str | None:
    r"""`DOMAIN\name`, the name alone where the domain is unknown, None where nobody is named."""
    domain, name = row[f"{prefix}AccountDomain"], row[f"{prefix}AccountName"]
    return (f"{domain}\\{name}" if domain else name) or None


def short_name(device: str | None) -> str:
    """The device's name without its domain, as it is compared."""
    return (device or "").partition(".")[0].lower()


def place_of(ip: str | None, port: int | None) -> str:
    """`10.0.0.5 port 135`, as far as known."""
    return f"{ip or 'unknown'} port {port}" if port else ip or "unknown"
