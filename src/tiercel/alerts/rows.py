"""Alerts and findings as the store's rows hold them, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa

from tiercel.alerts.alert import LEVELS, Alert, Change, State, Verdict
from tiercel.alerts.tables import alerts, history, sightings
from tiercel.findings import as_json, from_json, iso

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from tiercel.findings import Finding

__all__ = [
    "alert_json",
    "alert_of",
    "alert_values",
    "alerts_of",
    "change_of",
    "delete_sightings",
    "finding_of",
    "finding_text",
    "select",
    "slices",
    "state_text",
    "write_history",
]

_AT_ONCE: Final = 500
"""Values in one `IN (...)`."""


def finding_text(finding: Finding) -> str:
    """The finding as JSON."""
    return orjson.dumps(as_json(finding), option=orjson.OPT_NON_STR_KEYS).decode()


def finding_of(text: str) -> Finding:
    """The finding that `finding_text` wrote."""
    return from_json(orjson.loads(text))


def alert_values(finding: Finding, device: str) -> dict[str, Any]:
    """The columns of an alert that its finding fills."""
    return {
        "fingerprint": finding.id,
        "rule_id": finding.rule_id,
        "severity": LEVELS.index(finding.severity) if finding.severity in LEVELS else 0,
        "device_key": device,
        "device": finding.device,
        "first_time": finding.first_time,
        "last_time": finding.last_time,
        "finding": finding_text(finding),
    }


def alert_of(row: Any) -> Alert:
    """The alert in a row of `alerts`."""
    return Alert(
        id=row.id,
        fingerprint=row.fingerprint,
        state=State(row.state),
        verdict=Verdict(row.verdict) if row.verdict else None,
        raised_at=row.raised_at,
        updated_at=row.updated_at,
        seen_at=row.seen_at,
        seen=row.seen,
        seen_closed=row.seen_closed,
        closed_at=row.closed_at,
        merged_into=row.merged_into,
        finding=finding_of(row.finding),
    )


def alert_json(alert: Alert) -> dict[str, Any]:
    """The alert as JSON values, its finding as `as_json` gives it."""
    return {
        "id": alert.id,
        "fingerprint": alert.fingerprint,
        "state": str(alert.state),
        "verdict": str(alert.verdict) if alert.verdict else None,
        "raised_at": iso(alert.raised_at),
        "updated_at": iso(alert.updated_at),
        "seen_at": iso(alert.seen_at),
        "seen": alert.seen,
        "seen_closed": alert.seen_closed,
        "closed_at": iso(alert.closed_at) if alert.closed_at else None,
        "merged_into": alert.merged_into,
        "finding": as_json(alert.finding),
    }


def change_of(row: Any) -> Change:
    """The line of history in a row of `history`."""
    return Change(row.alert_id, row.at, row.who, row.action, row.before, row.after, row.text)


def write_history(
    connection: sa.Connection,
    alert_id: int,
    at: datetime,
    *,
    who: str,
    action: str,
    before: str | None = None,
    after: str | None = None,
    text: str | None = None,
) -> None:
    """Add a line to an alert's history."""
    values = {"alert_id": alert_id, "at": at, "who": who, "action": action}
    connection.execute(history.insert().values(**values, before=before, after=after, text=text))


def state_text(state: State, verdict: Verdict | None) -> str:
    """A state with its verdict, as the history tells it."""
    return f"{state} ({verdict})" if verdict else str(state)


def alerts_of(connection: sa.Connection, numbers: Iterable[int]) -> dict[int, Alert]:
    """The alerts with these numbers."""
    return {row.id: alert_of(row) for row in select(connection, alerts, alerts.c.id, sorted(numbers))}


def select(
    connection: sa.Connection, table: sa.Table, column: sa.Column[Any], values: Collection[Any]
) -> list[sa.Row[Any]]:
    """The table's rows that have one of the values in the column, by their primary key."""
    keys = list(table.primary_key.columns)
    query = sa.select(table).order_by(*keys)
    return [row for some in slices(list(values)) for row in connection.execute(query.where(column.in_(some)))]


def delete_sightings(connection: sa.Connection, names: Sequence[str]) -> None:
    """Forget these sightings."""
    for some in slices(names):
        connection.execute(sightings.delete().where(sightings.c.finding_id.in_(some)))


def slices(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The values, so many at a time as one statement takes."""
    return (values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE))
