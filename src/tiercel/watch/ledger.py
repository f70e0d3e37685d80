"""What rules found, row by row, and how far each has come, in the store's own database.

A *piece* is what one row of a rule's result tells. Evidence arrives late and in any order, so a later look at the same
stretch of time may find more, less, or something else; it replaces what the earlier one found there. What the store of
alerts gets are the pieces united: the findings that one look at everything would have given.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa

from tiercel.errors import TiercelError
from tiercel.findings import Finding, as_json, from_json, unite
from tiercel.watch.taken import keep_taken, make_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tiercel.alerts import AlertStore, Recorded
    from tiercel.alerts.store import Transaction
    from tiercel.findings import Suppressed
    from tiercel.watch.windows import Span

__all__ = ["Found", "LeaseLostError", "Ledger", "Progress"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNPLACED: Final = -1
"""Where pieces stand that tell no time: they are added and never replaced."""
_AT_ONCE: Final = 500

_metadata = sa.MetaData()
_pieces = sa.Table(
    "watch_piece",
    _metadata,
    sa.Column("lake", sa.String(16), primary_key=True),
    sa.Column("rule", sa.String(200), primary_key=True),
    sa.Column("digest", sa.String(32), primary_key=True),
    sa.Column("finding_id", sa.String(32), nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("watch_piece_by_time", "lake", "rule", "first"),
    sa.Index("watch_piece_by_finding", "lake", "rule", "finding_id"),
)


class LeaseLostError(TiercelError):
    """Another watcher has taken over: nothing was recorded."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rule has come: the lake's commit up to which its rows were looked at, and when it last was.

    `ingested` is the same as a time of ingestion, where history is replayed. `failures` counts failed runs since the
    last good one, `error` says why the last failed.
    """

    version: int
    ran: datetime | None = None
    ingested: datetime | None = None
    failures: int = 0
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """The progress as the store keeps it."""
        told = {"ran": self.ran, "ingested": self.ingested}
        times = {key: moment.isoformat() if moment else None for key, moment in told.items()}
        return {"version": self.version, **times, "failures": self.failures, "error": self.error}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Progress:
        """The progress that was kept."""
        ran, ingested = (datetime.fromisoformat(values[key]) if values[key] else None for key in ("ran", "ingested"))
        return cls(int(values["version"]), ran, ingested, int(values["failures"]), str(values["error"]))


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found in one look: every piece that begins within `settles`, or some where the look was partial."""

    settles: Span
    pieces: tuple[Finding, ...]
    is_partial: bool = False
    taken: tuple[Suppressed, ...] = ()
    """Pieces that environment filters took: they make no alert, and are kept for review."""


class Ledger:
    """One lake's pieces and progress in a store of alerts."""

    def __init__(self, store: AlertStore, lake: str, *, lease: timedelta, holder: str) -> None:
        self._store = store
        self._lake = hashlib.sha256(lake.encode()).hexdigest()[:12]
        self._lease = lease
        self._holder = holder
        with store.transaction() as transaction:
            _metadata.create_all(transaction.connection)
            make_tables(transaction.connection)

    @property
    def _lease_key(self) -> str:
        return f"watch/{self._lake}/lease"

    def acquire(self, moment: datetime) -> str | None:
        """None where this watcher may work now, else the name of the one that does. `moment` is the real time."""
        with self._store.transaction() as transaction:
            held = transaction.get(self._lease_key)
            if held and held["holder"] != self._holder and datetime.fromisoformat(held["until"]) > moment:
                return str(held["holder"])
            until = (moment + self._lease).isoformat()
            transaction.put(self._lease_key, {"holder": self._holder, "until": until})
        return None

    def release(self) -> None:
        """Let another watcher work at once."""
        with self._store.transaction() as transaction:
            held = transaction.get(self._lease_key)
            if held and held["holder"] == self._holder:
                transaction.delete(self._lease_key)

    def progress(self) -> dict[str, Progress]:
        """How far each rule has come, by its id."""
        prefix = f"watch/{self._lake}/rule/"
        with self._store.transaction() as transaction:
            kept = transaction.items(prefix)
        return {key.removeprefix(prefix): Progress.from_json(values) for key, values in kept.items()}

    def keep_progress(self, progress: Mapping[str, Progress]) -> None:
        """Remember how far rules have come."""
        with self._store.transaction() as transaction:
            self._check(transaction)
            self._put(transaction, progress)

    def record(
        self, found: Mapping[str, Sequence[Found]], progress: Mapping[str, Progress], *, at: datetime
    ) -> Recorded:
        """What the looks of some rules changed, and how far the rules have come with it: all of it, or nothing.

        Raises LeaseLostError where another watcher works by now.
        """
        with self._store.transaction() as transaction:
            self._check(transaction)
            findings: list[Finding] = []
            gone: list[str] = []
            for rule, several in found.items():
                changed = {name for each in several for name in self._replace(transaction.connection, rule, each)}
                for each in several:
                    self._keep_taken(transaction.connection, rule, each)
                for name, whole in self._united(transaction.connection, rule, changed):
                    if whole is None:
                        gone.append(name)
                    else:
                        findings.append(whole)
            recorded = transaction.record(findings, at=at, gone=gone)
            self._put(transaction, progress)
        return recorded

    def forget(self, before: datetime) -> int:
        """How many pieces went that begin before the moment: alerts keep what they were made of."""
        with self._store.transaction() as transaction:
            self._check(transaction)
            old = _pieces.c.first.between(0, _micros(before) - 1)
            query = _pieces.delete().where(_pieces.c.lake == self._lake, old)
            return transaction.connection.execute(query).rowcount

    def _check(self, transaction: Transaction) -> None:
        held = transaction.get(self._lease_key)
        if held and held["holder"] != self._holder:
            raise LeaseLostError(f"the watcher {held['holder']} has taken over; nothing was recorded")

    def _put(self, transaction: Transaction, progress: Mapping[str, Progress]) -> None:
        for rule, reached in progress.items():
            transaction.put(f"watch/{self._lake}/rule/{rule}", reached.to_json())

    def _of(self, rule: str) -> sa.ColumnElement[bool]:
        return sa.and_(_pieces.c.lake == self._lake, _pieces.c.rule == rule)

    def _replace(self, connection: sa.Connection, rule: str, found: Found) -> set[str]:
        """The ids of the findings that the look changed, after the pieces were brought up to date."""
        settled = _pieces.c.first.between(_micros(found.settles.first), _micros(found.settles.last))
        query = sa.select(_pieces.c.digest, _pieces.c.finding_id).where(self._of(rule), settled)
        known = {row.digest: row.finding_id for row in connection.execute(query)}
        now: dict[str, Finding] = {}
        for piece in found.pieces:
            now[_digest(piece)] = piece
        gone = {} if found.is_partial else {name: known[name] for name in known.keys() - now.keys()}
        for some in _slices(sorted(gone)):
            connection.execute(_pieces.delete().where(self._of(rule), _pieces.c.digest.in_(some)))
        added = [name for name in sorted(now.keys() - known.keys()) if not self._stands(connection, rule, name, now)]
        rows = [
            {
                "lake": self._lake,
                "rule": rule,
                "digest": name,
                "finding_id": now[name].id,
                "first": _first(now[name]),
                "body": orjson.dumps(_plain(now[name])).decode(),
            }
            for name in added
        ]
        if rows:
            connection.execute(_pieces.insert(), rows)
        return {*gone.values(), *(now[name].id for name in added)}

    def _keep_taken(self, connection: sa.Connection, rule: str, found: Found) -> None:
        """Keeps for review what filters took in the look."""
        its = {
            (each.filter, _digest(each.finding)): (_first(each.finding), _plain(each.finding)) for each in found.taken
        }
        settled = None if found.is_partial else (_micros(found.settles.first), _micros(found.settles.last))
        keep_taken(connection, self._lake, rule, its, settled=settled)

    def _stands(self, connection: sa.Connection, rule: str, name: str, now: Mapping[str, Finding]) -> bool:
        """Whether a piece without a time is there already."""
        if _first(now[name]) != _UNPLACED:
            return False
        query = sa.select(_pieces.c.digest).where(self._of(rule), _pieces.c.digest == name)
        return connection.execute(query).first() is not None

    def _united(
        self, connection: sa.Connection, rule: str, changed: Iterable[str]
    ) -> Iterator[tuple[str, Finding | None]]:
        """Each of the findings made of its pieces; None for one that has none any more."""
        for some in _slices(sorted(changed)):
            query = sa.select(_pieces.c.finding_id, _pieces.c.body).where(
                self._of(rule), _pieces.c.finding_id.in_(some)
            )
            bodies: dict[str, list[Finding]] = {name: [] for name in some}
            for row in connection.execute(query):
                bodies[row.finding_id].append(from_json(orjson.loads(row.body)))
            for name, pieces in bodies.items():
                yield name, unite(pieces)[0] if pieces else None


def _plain(piece: Finding) -> dict[str, Any]:
    """The piece as JSON, without halves of characters, which no database takes."""
    values: dict[str, Any] = _sound(as_json(piece))
    return values


def _sound(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, dict):
        return {_sound(key): _sound(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_sound(each) for each in value]
    return value


def _digest(piece: Finding) -> str:
    """What tells one piece from another: all that it says but where its raw events stand, which may be stored twice."""
    steps = tuple(replace(step, source=None) for step in piece.evidence)
    text = orjson.dumps(_plain(replace(piece, evidence=steps)), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()[:32]


def _first(piece: Finding) -> int:
    return _UNPLACED if piece.first_time is None else max(_micros(piece.first_time), 0)


def _micros(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def _slices(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(values), _AT_ONCE):
        yield values[begin : begin + _AT_ONCE]
