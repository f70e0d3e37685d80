"""What is to be told to other systems, and how far each of them was told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables. Alerts raised before them are not told."""
    op.create_table(
        "outbox",
        sa.Column("id", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("alert_id", _NUMBER, nullable=False),
        sa.Column("device_key", sa.Text, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("severity", sa.SmallInteger, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_outbox_alert_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "targets",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("told_to", _NUMBER, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_targets"),
    )
    op.create_table(
        "deliveries",
        sa.Column("outbox_id", _NUMBER, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("attempted_at", _TIME, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("delivered_at", _TIME),
        sa.PrimaryKeyConstraint("outbox_id", "target", name="pk_deliveries"),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name="fk_deliveries_outbox_id"),
        sa.ForeignKeyConstraint(["target"], ["targets.name"], name="fk_deliveries_target"),
    )


def downgrade() -> None:
    """Remove the tables."""
    for table in ("deliveries", "targets", "outbox"):
        op.drop_table(table)
