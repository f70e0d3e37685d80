"""What others are to be told of the alerts, kept in the store until each of them has it.

A message is written in the transaction that raises the alert, so that neither is ever without the other. It is sent at
least once, and marked when it was: a deliverer that dies in between sends it again, with the same key.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa

from tiercel.alerts.alert import LEVELS
from tiercel.alerts.rows import alert_json
from tiercel.alerts.sightings import device_key
from tiercel.alerts.tables import deliveries, outbox, targets
from tiercel.findings import iso

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tiercel.alerts.alert import Alert
    from tiercel.alerts.database import Database

__all__ = ["KINDS", "Message", "Outbox", "Standing", "put_in_outbox"]

KINDS: Final = ("alert.new", "alert.updated", "alert.reopened", "alert.merged", "alert.withdrawn")
"""What a message may tell. `alert.updated` means that the attack was seen to go further than before."""

KEEP: Final = timedelta(days=30)
"""So long a message stays that all were told, and one that waits for a target which nobody asks for any more."""

_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Message:
    """What is told: `key` is the same in every repeat, `sequence` grows with time, `body` is the JSON that is sent."""

    sequence: int
    key: str
    kind: str
    device: str
    at: datetime
    attempts: int
    body: str

    @property
    def alert(self) -> dict[str, Any]:
        """The alert as it stood when the message was written."""
        told: dict[str, Any] = orjson.loads(self.body)["alert"]
        return told


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a target was told: messages that wait, the oldest of them, and the last error."""

    target: str
    waiting: int
    oldest: datetime | None
    error: str | None


def put_in_outbox(connection: sa.Connection, alert: Alert, kind: str, at: datetime) -> None:
    """Write down that others are to be told of the alert, as it is now."""
    key = uuid.uuid4().hex
    body = {"kind": kind, "key": key, "at": iso(at), "alert": alert_json(alert)}
    values = {
        "key": key,
        "alert_id": alert.id,
        "device_key": device_key(alert.finding),
        "kind": kind,
        "severity": LEVELS.index(alert.finding.severity) if alert.finding.severity in LEVELS else 0,
        "at": at,
        "body": orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS).decode(),
    }
    connection.execute(outbox.insert().values(**values))


@dataclass(frozen=True, slots=True)
class Outbox:
    """A target's view of the messages: those of its kinds and severities that it was not told yet."""

    database: Database
    target: str
    kinds: Collection[str]
    least_severity: int = 0

    def register(self, at: datetime) -> None:
        """Make the target known; it is told all that the outbox still holds."""
        with self.database.writing() as connection:
            known = targets.update().where(targets.c.name == self.target).values(seen_at=at)
            if not connection.execute(known).rowcount:
                connection.execute(targets.insert().values(name=self.target, told_to=0, seen_at=at))

    def waiting(self) -> Iterator[Message]:
        """The messages that the target was not told yet, in order."""
        after = 0
        while True:
            query = self._waiting(outbox, deliveries.c.attempts).where(outbox.c.id > after)
            with self.database.reading() as connection:
                rows = connection.execute(query.order_by(outbox.c.id).limit(_PAGE)).all()
            for row in rows:
                yield Message(row.id, row.key, row.kind, row.device_key, row.at, row.attempts or 0, row.body)
            if len(rows) < _PAGE:
                return
            after = rows[-1].id

    def standing(self) -> Standing:
        """How far the target was told."""
        waiting = self._waiting(outbox.c.id, outbox.c.at).subquery()
        last = (
            sa.select(deliveries.c.error)
            .where(deliveries.c.target == self.target, deliveries.c.delivered_at.is_(None))
            .order_by(deliveries.c.attempted_at.desc())
            .limit(1)
        )
        with self.database.reading() as connection:
            count, oldest = connection.execute(sa.select(sa.func.count(), sa.func.min(waiting.c.at))).one()
            return Standing(self.target, count, oldest, connection.execute(last).scalar())

    def mark_delivered(self, message: Message, at: datetime) -> None:
        """Say that the target has the message."""
        self._mark(message, at, delivered_at=at, error=None)

    def mark_failed(self, message: Message, at: datetime, error: str) -> None:
        """Say that telling failed, and why."""
        self._mark(message, at, delivered_at=None, error=error)

    def skip(self, sequence: int, at: datetime) -> bool:
        """Whether a message was waiting that the target will now never be told."""
        for message in self.waiting():
            if message.sequence == sequence:
                self._mark(message, at, delivered_at=at, error="skipped by hand")
                return True
        return False

    def settle(self, at: datetime) -> None:
        """Keep what was told as one number, and forget what all were told long ago."""
        with self.database.writing() as connection:
            first = connection.execute(self._waiting(sa.func.min(outbox.c.id))).scalar()
            last = connection.execute(sa.select(sa.func.max(outbox.c.id))).scalar()
            told_to = first - 1 if first is not None else last or 0
            is_mine = targets.c.name == self.target
            known = connection.execute(sa.select(targets.c.told_to).where(is_mine)).scalar() or 0
            connection.execute(targets.update().where(is_mine).values(told_to=max(known, told_to), seen_at=at))
            connection.execute(
                deliveries.delete().where(deliveries.c.target == self.target, deliveries.c.outbox_id <= told_to)
            )
            asked = targets.c.seen_at >= at - KEEP
            told_all = connection.execute(sa.select(sa.func.min(targets.c.told_to)).where(asked)).scalar() or 0
            old = sa.and_(outbox.c.at < at - KEEP, outbox.c.id <= told_all)
            connection.execute(deliveries.delete().where(deliveries.c.outbox_id.in_(sa.select(outbox.c.id).where(old))))
            connection.execute(outbox.delete().where(old))

    def _waiting(self, *columns: Any) -> sa.Select[Any]:
        told_to = sa.select(targets.c.told_to).where(targets.c.name == self.target).scalar_subquery()
        mine = sa.and_(deliveries.c.outbox_id == outbox.c.id, deliveries.c.target == self.target)
        return (
            sa.select(*columns)
            .select_from(outbox.outerjoin(deliveries, mine))
            .where(
                outbox.c.id > told_to,
                outbox.c.kind.in_(sorted(self.kinds)),
                outbox.c.severity >= self.least_severity,
                deliveries.c.delivered_at.is_(None),
            )
        )

    def _mark(self, message: Message, at: datetime, *, delivered_at: datetime | None, error: str | None) -> None:
        values = {"attempted_at": at, "delivered_at": delivered_at, "error": error}
        mine = sa.and_(deliveries.c.outbox_id == message.sequence, deliveries.c.target == self.target)
        with self.database.writing() as connection:
            again = deliveries.update().where(mine).values(attempts=deliveries.c.attempts + 1, **values)
            if not connection.execute(again).rowcount:
                connection.execute(
                    deliveries.insert().values(outbox_id=message.sequence, target=self.target, attempts=1, **values)
                )
