"""What a run did to the alerts: written to the store as it happens, with their history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from tiercel.alerts.alert import LEVELS, Alert, Recorded, State
from tiercel.alerts.rows import alert_values, alerts_of, finding_text, state_text, write_history
from tiercel.alerts.tables import alerts, sightings

if TYPE_CHECKING:
    from tiercel.findings import Finding

__all__ = ["PROGRAM", "Announce", "Outcome"]

PROGRAM: Final = "tiercel"
"""Who did what no person did."""

Announce = Callable[[sa.Connection, Alert, str, datetime], None]
"""Told of an alert that others may have to hear of: what happened (`alert.new`, ...), and when."""

_STRENGTHS: Final = ("access", "activation", "execution")


class Outcome:
    """What became of the alerts, written down as it happens."""

    def __init__(
        self,
        connection: sa.Connection,
        at: datetime,
        announce: Announce,
    ) -> None:
        self._connection = connection
        self._at = at
        self._announce = announce
        self._told: dict[str, list[Alert]] = defaultdict(list)

    def recorded(self) -> Recorded:
        """All of it."""
        told = self._told
        return Recorded(
            new=tuple(told["new"]),
            updated=tuple(told["updated"]),
            seen=tuple(told["seen"]),
            reopened=tuple(told["reopened"]),
            merged=tuple(told["merged"]),
            withdrawn=tuple(told["withdrawn"]),
        )

    def raised(self, finding: Finding, device: str) -> int:
        """Make an alert of the finding; its number."""
        at = self._at
        values = {
            **alert_values(finding, device), "state": State.NEW, "verdict": None, "raised_at": at,
            "updated_at": at, "seen_at": at, "seen": 1, "seen_closed": 0, "closed_at": None, "merged_into": None,
        }  # fmt: skip
        number = int(self._connection.execute(alerts.insert().values(**values).returning(alerts.c.id)).scalar_one())
        self._write(number, "raised", after=State.NEW, text=finding.summary)
        self._say("new", number, announced="alert.new")
        return number

    def met(self, old: Alert, now: Finding, device: str, *, is_found: bool) -> None:
        """Bring a known alert up to date; `is_found` says that the run found it and does not only touch it."""
        values: dict[str, Any] = {}
        if is_found:
            values = {"seen": old.seen + 1, "seen_at": max(self._at, old.seen_at)}
            if old.state is State.CLOSED:
                values["seen_closed"] = old.seen_closed + 1
        is_changed = finding_text(now) != finding_text(old.finding)
        further = _went_further(old.finding, now)
        is_reopened = old.state is State.WITHDRAWN or (old.state is State.CLOSED and bool(further))
        if is_changed:
            values |= {**alert_values(now, device), "updated_at": self._at}
        if is_reopened:
            values |= {"state": State.NEW, "verdict": None, "closed_at": None, "seen_closed": 0}
        if values:
            self._connection.execute(alerts.update().where(alerts.c.id == old.id).values(**values))
        if is_reopened:
            self._write(
                old.id, "reopened", state_text(old.state, old.verdict), State.NEW, text=further or "found again"
            )
            self._say("reopened", old.id, announced="alert.reopened")
        elif further:
            self._write(old.id, "updated", text=further)
        if is_changed:
            self._say("updated", old.id, announced="alert.updated" if further and not is_reopened else None)
        elif is_found:
            self._say("seen", old.id)

    def withdrawn(self, old: Alert) -> None:
        """Say of an alert that a fuller look no longer finds it."""
        text = "a fuller look at the telemetry no longer finds it"
        if old.state is State.CLOSED:
            self._write(old.id, "withdrawn", text=f"{text}; it stays closed")
            return
        values = {"state": State.WITHDRAWN, "updated_at": self._at}
        self._connection.execute(alerts.update().where(alerts.c.id == old.id).values(**values))
        self._write(old.id, "withdrawn", old.state, State.WITHDRAWN, text=text)
        self._say("withdrawn", old.id, announced="alert.withdrawn")

    def merged(self, old: Alert, into: int) -> None:
        """End an alert that turned out to be part of another; the work done on it goes on there."""
        other = alerts_of(self._connection, {into})[into]
        values = {"state": State.MERGED, "merged_into": into, "updated_at": self._at}
        self._connection.execute(alerts.update().where(alerts.c.id == old.id).values(**values))
        self._connection.execute(sightings.update().where(sightings.c.alert_id == old.id).values(alert_id=into))
        self._write(old.id, "merged", old.state, State.MERGED, text=f"into {into}")
        state = _more_open(old.state, other.state)
        self._write(into, "merged", other.state, state, text=f"took in {old.id}")
        change: dict[str, Any] = {"seen": other.seen + old.seen}
        if state is not other.state:
            change |= {"state": state, "verdict": None, "closed_at": None, "seen_closed": 0}
        self._connection.execute(alerts.update().where(alerts.c.id == into).values(**change))
        self._say("merged", old.id, announced="alert.merged")

    def _write(
        self, number: int, action: str, before: str | None = None, after: str | None = None, *, text: str
    ) -> None:
        write_history(
            self._connection, number, self._at, who=PROGRAM, action=action, before=before, after=after, text=text
        )

    def _say(self, what: str, number: int, announced: str | None = None) -> None:
        alert = alerts_of(self._connection, {number})[number]
        self._told[what].append(alert)
        if announced:
            self._announce(self._connection, alert, announced, self._at)


def _went_further(before: Finding, now: Finding) -> str:
    """In what the attack is now seen to have gone further than before; empty where it is more of the same."""
    told = []
    for what, scale in (("strength", _STRENGTHS), ("severity", LEVELS)):
        old, new = getattr(before, what), getattr(now, what)
        if new in scale and (old not in scale or scale.index(new) > scale.index(old)):
            told.append(f"{what} {old or 'unknown'} -> {new}")
    if now.child is not None and now.child.pid is not None and (before.child is None or before.child.pid is None):
        told.append(f"started {now.child.name or 'a process'}")
    return ", ".join(told)


def _more_open(one: State, other: State) -> State:
    """The state of two alerts that became one: someone works on it, else it is new, else it is done with."""
    return next(
        state for state in (State.ACKNOWLEDGED, State.NEW, State.CLOSED, State.WITHDRAWN) if state in (one, other)
    )
