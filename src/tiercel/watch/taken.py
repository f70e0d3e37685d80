"""What environment filters took from a watch's rules, kept in the store for review: the newest of each filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa

from tiercel.findings import Suppressed, from_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tiercel.alerts import AlertStore

__all__ = ["MOST_TAKEN", "FilterTotal", "keep_taken", "make_tables", "taken", "totals"]

MOST_TAKEN: Final = 1000
"""So many findings are kept for each filter; the oldest go."""

_metadata = sa.MetaData()
_findings = sa.Table(
    "watch_taken",
    _metadata,
    sa.Column("lake", sa.String(16), primary_key=True),
    sa.Column("rule", sa.String(200), primary_key=True),
    sa.Column("filter", sa.String(200), primary_key=True),
    sa.Column("digest", sa.String(32), primary_key=True),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("watch_taken_by_filter", "filter", "first"),
)
_counts = sa.Table(
    "watch_taken_count",
    _metadata,
    sa.Column("lake", sa.String(16), primary_key=True),
    sa.Column("rule", sa.String(200), primary_key=True),
    sa.Column("filter", sa.String(200), primary_key=True),
    sa.Column("rows", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class FilterTotal:
    """How many findings of a rule a filter took since the watch began, and how many of them are kept still."""

    filter: str
    rule: str
    rows: int
    kept: int


def make_tables(connection: sa.Connection) -> None:
    """The tables are there."""
    _metadata.create_all(connection)


def keep_taken(
    connection: sa.Connection,
    lake: str,
    rule: str,
    found: Mapping[tuple[str, str], tuple[int, Mapping[str, Any]]],
    *,
    settled: tuple[int, int] | None,
) -> None:
    """Keeps what filters took of a rule, in place of what they had taken before in the same stretch of time.

    `found` holds, by filter and digest, when each begins (microseconds since 1970) and the finding as JSON. `settled`
    is the stretch of which it is all; None where some may be missing.
    """
    mine = sa.and_(_findings.c.lake == lake, _findings.c.rule == rule)
    if settled is not None:
        query = sa.select(_findings.c.filter, _findings.c.digest).where(mine, _findings.c.first.between(*settled))
        for row in connection.execute(query).all():
            if (row.filter, row.digest) not in found:
                gone = sa.and_(mine, _findings.c.filter == row.filter, _findings.c.digest == row.digest)
                connection.execute(_findings.delete().where(gone))
    added: dict[str, int] = {}
    for (one, digest), (first, body) in found.items():
        its = sa.and_(mine, _findings.c.filter == one, _findings.c.digest == digest)
        if connection.execute(sa.select(_findings.c.digest).where(its)).first() is None:
            text = orjson.dumps(body).decode()
            values = {"lake": lake, "rule": rule, "filter": one, "digest": digest, "first": first, "body": text}
            connection.execute(_findings.insert().values(**values))
            added[one] = added.get(one, 0) + 1
    for one, rows in added.items():
        _count(connection, lake, rule, one, rows)
        _drop_oldest(connection, one)


def taken(store: AlertStore, names: Sequence[str] = ()) -> list[Suppressed]:
    """The findings that filters took, the newest first; only those of the filters that are named, if any are."""
    query = sa.select(_findings).order_by(_findings.c.first.desc(), _findings.c.digest)
    if names:
        query = query.where(_findings.c.filter.in_(names))
    return [Suppressed(row.filter, from_json(orjson.loads(row.body))) for row in _rows(store, query)]


def totals(store: AlertStore) -> list[FilterTotal]:
    """How much each filter took of each rule."""
    counted = sa.func.count(_findings.c.digest)
    same = [_findings.c[name] == _counts.c[name] for name in ("lake", "rule", "filter")]
    keys = (_counts.c.lake, _counts.c.filter, _counts.c.rule, _counts.c.rows)
    query = sa.select(*keys, counted.label("kept")).select_from(_counts.outerjoin(_findings, sa.and_(*same)))
    ordered = query.group_by(*keys).order_by(_counts.c.filter, _counts.c.rule)
    return [FilterTotal(row.filter, row.rule, row.rows, row.kept) for row in _rows(store, ordered)]


def _rows(store: AlertStore, query: sa.Select[Any]) -> Iterable[sa.Row[Any]]:
    with store.transaction() as transaction:
        make_tables(transaction.connection)
        return transaction.connection.execute(query).all()


def _count(connection: sa.Connection, lake: str, rule: str, one: str, rows: int) -> None:
    mine = sa.and_(_counts.c.lake == lake, _counts.c.rule == rule, _counts.c.filter == one)
    counted = connection.execute(_counts.update().where(mine).values(rows=_counts.c.rows + rows))
    if not counted.rowcount:
        connection.execute(_counts.insert().values(lake=lake, rule=rule, filter=one, rows=rows))


def _drop_oldest(connection: sa.Connection, one: str) -> None:
    """No more than so many findings of a filter are kept."""
    its = _findings.c.filter == one
    newest = sa.select(_findings.c.first).where(its).order_by(_findings.c.first.desc()).offset(MOST_TAKEN).limit(1)
    last = connection.execute(newest).scalar()
    if last is not None:
        connection.execute(_findings.delete().where(its, _findings.c.first <= last))
