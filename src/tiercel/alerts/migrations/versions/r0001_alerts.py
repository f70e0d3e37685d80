"""Alerts with their sightings and history; runs and watermarks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alerts",
        sa.Column("id", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("verdict", sa.String(16)),
        sa.Column("rule_id", sa.Text, nullable=False),
        sa.Column("severity", sa.SmallInteger, nullable=False),
        sa.Column("device_key", sa.Text, nullable=False),
        sa.Column("device", sa.Text),
        sa.Column("first_time", _TIME),
        sa.Column("last_time", _TIME),
        sa.Column("raised_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("seen_closed", sa.Integer, nullable=False),
        sa.Column("closed_at", _TIME),
        sa.Column("merged_into", _NUMBER),
        sa.Column("finding", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.ForeignKeyConstraint(["merged_into"], ["alerts.id"], name="fk_alerts_merged_into"),
    )
    op.create_index("ix_alerts_fingerprint", "alerts", ["fingerprint"])
    op.create_index("ix_alerts_state_severity", "alerts", ["state", "severity"])
    op.create_index("ix_alerts_device_key", "alerts", ["device_key"])
    op.create_index("ix_alerts_last_time", "alerts", ["last_time"])
    op.create_table(
        "sightings",
        sa.Column("finding_id", sa.String(16), nullable=False),
        sa.Column("alert_id", _NUMBER, nullable=False),
        sa.Column("device_key", sa.Text, nullable=False),
        sa.Column("first_time", _TIME),
        sa.Column("last_time", _TIME),
        sa.Column("child_pid", sa.BigInteger),
        sa.Column("server_pid", sa.BigInteger),
        sa.Column("finding", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("finding_id", name="pk_sightings"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_sightings_alert_id"),
    )
    op.create_index("ix_sightings_alert_id", "sightings", ["alert_id"])
    op.create_index("ix_sightings_device_key_last_time", "sightings", ["device_key", "last_time"])
    op.create_index("ix_sightings_device_key_child_pid", "sightings", ["device_key", "child_pid"])
    op.create_index("ix_sightings_device_key_server_pid", "sightings", ["device_key", "server_pid"])
    op.create_table(
        "history",
        sa.Column("id", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("alert_id", _NUMBER, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("text", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_history_alert_id"),
    )
    op.create_index("ix_history_alert_id", "history", ["alert_id"])
    op.create_table(
        "runs",
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("run", name="pk_runs"),
    )
    op.create_index("ix_runs_at", "runs", ["at"])
    op.create_table(
        "watermarks",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_watermarks"),
    )


def downgrade() -> None:
    """Remove the tables."""
    for table in ("watermarks", "runs", "history", "sightings", "alerts"):
        op.drop_table(table)
