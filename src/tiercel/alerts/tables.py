"""The store's tables. The migrations make them; a test holds the two equal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = [
    "METADATA",
    "PlainText",
    "UtcTime",
    "alerts",
    "deliveries",
    "history",
    "outbox",
    "runs",
    "sightings",
    "targets",
    "watermarks",
]


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An instant. PostgreSQL keeps its zone; SQLite has none and keeps UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The instant as the database keeps it."""
        if value is None:
            return None
        instant = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  sqlalchemy's signature
        """The instant, its zone UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class PlainText(sa.types.TypeDecorator[str]):
    """Text from events. PostgreSQL takes neither NUL nor half characters in text: both become U+FFFD, in SQLite too."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  sqlalchemy's signature
        """The text that both databases keep alike."""
        if value is None:
            return None
        return value.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  sqlalchemy's signature
        """The text as it is kept."""
        return value


METADATA: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite counts up only a primary key of its own type INTEGER."""


def _column(name: str, kind: Any, *arguments: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *arguments, **{"nullable": False, **options})


alerts: Final = sa.Table(
    "alerts",
    METADATA,
    _column("id", _NUMBER, primary_key=True, autoincrement=True),
    _column("fingerprint", sa.String(16), index=True),
    _column("state", sa.String(16)),
    _column("verdict", sa.String(16), nullable=True),
    _column("rule_id", PlainText()),
    _column("severity", sa.SmallInteger()),
    _column("device_key", PlainText()),
    _column("device", PlainText(), nullable=True),
    _column("first_time", UtcTime(), nullable=True),
    _column("last_time", UtcTime(), nullable=True),
    _column("raised_at", UtcTime()),
    _column("updated_at", UtcTime()),
    _column("seen_at", UtcTime()),
    _column("seen", sa.Integer()),
    _column("seen_closed", sa.Integer()),
    _column("closed_at", UtcTime(), nullable=True),
    _column("merged_into", _NUMBER, sa.ForeignKey("alerts.id"), nullable=True),
    _column("finding", PlainText()),
    sa.Index(None, "state", "severity"),
    sa.Index(None, "device_key"),
    sa.Index(None, "last_time"),
)
"""`severity` is the place in `LEVELS`, so that it sorts; `finding` is the whole finding as JSON."""

sightings: Final = sa.Table(
    "sightings",
    METADATA,
    _column("finding_id", sa.String(16), primary_key=True),
    _column("alert_id", _NUMBER, sa.ForeignKey("alerts.id"), index=True),
    _column("device_key", PlainText()),
    _column("first_time", UtcTime(), nullable=True),
    _column("last_time", UtcTime(), nullable=True),
    _column("child_pid", sa.BigInteger(), nullable=True),
    _column("server_pid", sa.BigInteger(), nullable=True),
    _column("finding", PlainText()),
    sa.Index(None, "device_key", "last_time"),
    sa.Index(None, "device_key", "child_pid"),
    sa.Index(None, "device_key", "server_pid"),
)
"""What one rule by itself found, as JSON: what an alert is made of. `server_pid` only where it serves one caller."""

history: Final = sa.Table(
    "history",
    METADATA,
    _column("id", _NUMBER, primary_key=True, autoincrement=True),
    _column("alert_id", _NUMBER, sa.ForeignKey("alerts.id"), index=True),
    _column("at", UtcTime()),
    _column("who", PlainText()),
    _column("action", sa.String(16)),
    _column("before", PlainText(), nullable=True),
    _column("after", PlainText(), nullable=True),
    _column("text", PlainText(), nullable=True),
)

runs: Final = sa.Table(
    "runs",
    METADATA,
    _column("run", PlainText(), primary_key=True),
    _column("at", UtcTime(), index=True),
)
"""Runs whose findings were recorded, so that none is counted twice."""

watermarks: Final = sa.Table(
    "watermarks",
    METADATA,
    _column("key", PlainText(), primary_key=True),
    _column("value", PlainText()),
)
"""How far a watcher has come, as JSON: committed together with the findings of the windows it speaks of."""

outbox: Final = sa.Table(
    "outbox",
    METADATA,
    _column("id", _NUMBER, primary_key=True, autoincrement=True),
    _column("key", sa.String(32), unique=True),
    _column("alert_id", _NUMBER, sa.ForeignKey("alerts.id")),
    _column("device_key", PlainText()),
    _column("kind", sa.String(32)),
    _column("severity", sa.SmallInteger()),
    _column("at", UtcTime()),
    _column("body", PlainText()),
    sqlite_autoincrement=True,
)
"""What others are to be told, in order: written in the transaction that changes the alert. `key` is the same in every
repeat; a number is never given twice, also after old rows are deleted."""

targets: Final = sa.Table(
    "targets",
    METADATA,
    _column("name", PlainText(), primary_key=True),
    _column("told_to", _NUMBER),
    _column("seen_at", UtcTime()),
)
"""Who is told; everything up to the number `told_to` was, beyond it `deliveries` says what."""

deliveries: Final = sa.Table(
    "deliveries",
    METADATA,
    _column("outbox_id", _NUMBER, sa.ForeignKey("outbox.id"), primary_key=True),
    _column("target", PlainText(), sa.ForeignKey("targets.name"), primary_key=True),
    _column("attempts", sa.Integer()),
    _column("attempted_at", UtcTime()),
    _column("error", PlainText(), nullable=True),
    _column("delivered_at", UtcTime(), nullable=True),
)
