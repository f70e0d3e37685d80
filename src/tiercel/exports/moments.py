"""Instants as the formats write them."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.findings import Finding
    from tiercel.hunt import Result

__all__ = ["milliseconds", "time_of"]


def milliseconds(time: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC; an instant without a zone is UTC."""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def time_of(finding: Finding, result: Result) -> datetime:
    """When the finding's attack was last seen; of one that tells no time, when the hunt took place."""
    return finding.last_time or finding.first_time or result.now
