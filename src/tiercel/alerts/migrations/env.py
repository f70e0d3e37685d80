"""What alembic runs to apply the migrations, in the transaction that the store has opened."""

from __future__ import annotations

from alembic import context

from tiercel.alerts.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=False,  # the transaction is the store's: it holds the lock too
)
context.run_migrations()
