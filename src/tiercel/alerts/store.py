"""The store of alerts: one database, SQLite or PostgreSQL, that any number of processes use at once."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import orjson
import sqlalchemy as sa

from tiercel.alerts.alert import LEVELS, Alert, Change, Recorded, State, Verdict, Wanted
from tiercel.alerts.database import Database, store_url
from tiercel.alerts.outbox import put_in_outbox
from tiercel.alerts.recording import record
from tiercel.alerts.rows import alert_of, change_of, state_text, write_history
from tiercel.alerts.schema import upgrade
from tiercel.alerts.tables import alerts, history, sightings, watermarks
from tiercel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from tiercel.findings import Finding

__all__ = ["AlertStore", "Transaction", "default_store"]

TIMEOUT: Final = 30.0
"""So many seconds a process waits for another one's writing."""


def default_store() -> str:
    """The store that is meant where none is named: TIERCEL_STORE, or a file in the user's data folder."""
    if named := os.environ.get("TIERCEL_STORE"):
        return named
    # The XDG base directory specification: an unset or empty XDG_DATA_HOME means ~/.local/share.
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return str(Path(data) / "tiercel" / "alerts.db")


class Transaction:
    """One step of the store's history: all that is done in it stands, or nothing."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        """For tables of the caller's own that are to change together with the alerts."""

    def record(
        self,
        findings: Iterable[Finding],
        *,
        at: datetime,
        run: str | None = None,
        gone: Collection[str] | None = None,
    ) -> Recorded:
        """What these findings changed. Take what each rule by itself found, `Result.by_rule` or what `assemble` gave.

        Args:
            findings: of one run, of one rule or of several.
            at: the run's time.
            run: its name; a run whose name was recorded in the last 30 days changes nothing.
            gone: the ids of findings that this run shows to be no more. Where given, be it empty, a finding replaces
                what was known of it. Where not, it adds to that, and a stored finding that tells only part of what a
                new one of the same rule tells is taken for the same, seen in part.

        """
        return record(self.connection, findings, _utc(at), run=run, gone=gone, announce=put_in_outbox)

    def get(self, key: str) -> Any:
        """The JSON value under a watcher's key, None where there is none."""
        text = self.connection.execute(sa.select(watermarks.c.value).where(watermarks.c.key == key)).scalar()
        return None if text is None else orjson.loads(text)

    def put(self, key: str, value: Any) -> None:
        """Keep the JSON value under the key, in place of what stood there."""
        text = orjson.dumps(value).decode()
        if not self.connection.execute(watermarks.update().where(watermarks.c.key == key).values(value=text)).rowcount:
            self.connection.execute(watermarks.insert().values(key=key, value=text))

    def delete(self, key: str) -> None:
        """Keep nothing under the key."""
        self.connection.execute(watermarks.delete().where(watermarks.c.key == key))

    def items(self, prefix: str = "") -> dict[str, Any]:
        """The values whose keys begin with the prefix, by key."""
        query = sa.select(watermarks).where(watermarks.c.key.startswith(prefix, autoescape=True))
        found = {row.key: orjson.loads(row.value) for row in self.connection.execute(query)}
        return {key: found[key] for key in sorted(found) if key.startswith(prefix)}


class AlertStore:
    """Alerts in a database. Open it with `AlertStore.open`; what a method did stands when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, where: str | Path | None = None, *, timeout: float = TIMEOUT, is_new: bool = True) -> Self:
        """The store at a file's path or a URL, made or brought up to date if need be.

        Args:
            where: the path or URL; `default_store` where not given.
            timeout: so many seconds another process's writing is waited for.
            is_new: whether a file that is not there is made.

        Raises:
            StoreError: where it cannot be reached, belongs to a newer program, or is no store.
            UsageError: for a URL that names neither SQLite nor PostgreSQL.

        """
        url = store_url(default_store() if where is None else where)
        if not is_new and url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
            raise UsageError(f"there is no store at {url.database}; tiercel hunt PATH --store {url.database} makes one")
        database = Database(url, timeout)
        try:
            upgrade(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    @property
    def database(self) -> Database:
        """The database itself."""
        return self._database

    @property
    def name(self) -> str:
        """Where the store stands, without a password."""
        return self._database.name

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """The one transaction that writes. Others wait; an error undoes all of it."""
        with self._database.writing() as connection:
            yield Transaction(connection)

    def record(
        self,
        findings: Iterable[Finding],
        *,
        at: datetime | None = None,
        run: str | None = None,
        gone: Collection[str] | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> Recorded:
        """What these findings changed; `state` is kept in the same transaction. Arguments as `Transaction.record`."""
        with self.transaction() as transaction:
            recorded = transaction.record(findings, at=at or datetime.now(UTC), run=run, gone=gone)
            for key, value in (state or {}).items():
                transaction.put(key, value)
        return recorded

    def alerts(self, wanted: Wanted | None = None) -> list[Alert]:
        """The alerts that are asked for, the newest evidence first."""
        query = _select(wanted or Wanted())
        with self._database.reading() as connection:
            return [alert_of(row) for row in connection.execute(query)]

    def find(self, name: str) -> Alert | None:
        """The alert that a number, a fingerprint, or a finding's id names; of a fingerprint its beginning will do."""
        with self._database.reading() as connection:
            query = sa.select(alerts)
            if name.isdecimal() and len(name) < 16:
                row = connection.execute(query.where(alerts.c.id == int(name))).first()
                if row is not None:
                    return alert_of(row)
            begins = alerts.c.fingerprint.startswith(name.lower(), autoescape=True)
            rows = connection.execute(query.where(begins, alerts.c.state != State.MERGED).limit(2)).all()
            if len(rows) > 1:
                raise UsageError(f"several alerts have a fingerprint that begins with {name}; write more of it")
            if not rows:
                seen = sa.select(sightings.c.alert_id).where(sightings.c.finding_id == name.lower())
                rows = connection.execute(query.where(alerts.c.id.in_(seen))).all()
            return alert_of(rows[0]) if rows else None

    def history(self, alert_id: int) -> list[Change]:
        """What was done with an alert, by whom and when, from the beginning."""
        query = sa.select(history).where(history.c.alert_id == alert_id).order_by(history.c.id)
        with self._database.reading() as connection:
            return [change_of(row) for row in connection.execute(query)]

    def set_state(
        self,
        numbers: Sequence[int],
        state: State,
        *,
        who: str,
        verdict: Verdict | None = None,
        comment: str | None = None,
        at: datetime | None = None,
    ) -> list[Alert]:
        """The alerts in their new state. Closing needs a verdict, nothing else takes one. All of them, or none."""
        if (state is State.CLOSED) != (verdict is not None):
            raise UsageError("a closed alert has a verdict (true-positive, false-positive, benign), no other has one")
        if state is State.MERGED:
            raise UsageError("alerts become part of others by their evidence, not by hand")
        instant = _utc(at or datetime.now(UTC))
        with self._database.writing() as connection:
            for number in numbers:
                old = _one(connection, number)
                if old.state is State.MERGED:
                    raise UsageError(f"alert {number} went on as alert {old.merged_into}; set that one")
                values = {
                    "state": state,
                    "verdict": verdict,
                    "updated_at": instant,
                    "closed_at": instant if state is State.CLOSED else None,
                    "seen_closed": 0,
                }
                connection.execute(alerts.update().where(alerts.c.id == number).values(**values))
                before, after = state_text(old.state, old.verdict), state_text(state, verdict)
                write_history(
                    connection, number, instant, who=who, action="state", before=before, after=after, text=comment
                )
            return [_one(connection, number) for number in numbers]

    def comment(self, number: int, text: str, *, who: str, at: datetime | None = None) -> None:
        """Add a comment to an alert's history."""
        instant = _utc(at or datetime.now(UTC))
        with self._database.writing() as connection:
            _one(connection, number)
            write_history(connection, number, instant, who=who, action="comment", text=text)


def _one(connection: sa.Connection, number: int) -> Alert:
    row = connection.execute(sa.select(alerts).where(alerts.c.id == number)).first()
    if row is None:
        raise UsageError(f"there is no alert {number}")
    return alert_of(row)


def _select(wanted: Wanted) -> sa.Select[Any]:
    query = sa.select(alerts)
    if wanted.ids:
        query = query.where(alerts.c.id.in_(wanted.ids))
    elif wanted.states:
        query = query.where(alerts.c.state.in_(wanted.states))
    else:
        query = query.where(alerts.c.state.not_in((State.MERGED, State.WITHDRAWN)))
    if wanted.verdicts:
        query = query.where(alerts.c.verdict.in_(wanted.verdicts))
    if wanted.least_severity:
        query = query.where(alerts.c.severity >= LEVELS.index(wanted.least_severity))
    if wanted.device:
        name = wanted.device
        short = sa.func.lower(alerts.c.device).startswith(f"{name.lower()}.", autoescape=True)
        query = query.where(
            sa.or_(alerts.c.device_key == name.casefold(), sa.func.lower(alerts.c.device) == name.lower(), short)
        )
    if wanted.rule:
        query = query.where(alerts.c.rule_id == wanted.rule)
    if wanted.since:
        query = query.where(alerts.c.last_time >= wanted.since)
    if wanted.until:
        query = query.where(alerts.c.first_time < wanted.until)
    if wanted.raised_since:
        query = query.where(alerts.c.raised_at >= wanted.raised_since)
    return query.order_by(sa.nulls_last(alerts.c.last_time.desc()), alerts.c.id.desc()).limit(wanted.limit)


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
