"""The store's tables are brought to what this program knows, by migrations that are shipped with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from tiercel.alerts.database import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

    from tiercel.alerts.database import Database

__all__ = ["HEAD", "configuration", "upgrade"]

HEAD: Final = "0002"
"""The newest migration; a test holds it equal to the files."""

_VERSION: Final = sa.table("alembic_version", sa.column("version_num"))


def upgrade(database: Database) -> None:
    """Make the tables, or bring older ones up to date: whole or not at all, and by one process at a time.

    Raises StoreError where a newer program made them.
    """
    with database.reading() as connection:
        if _revision(connection) == HEAD:
            return
    with database.writing() as connection:
        found = _revision(connection)
        if found == HEAD:
            return
        from alembic import command  # noqa: PLC0415  slow to import, and seldom needed
        from alembic.script import ScriptDirectory  # noqa: PLC0415

        options = configuration()
        known = {script.revision for script in ScriptDirectory.from_config(options).walk_revisions()}
        if found is not None and found not in known:
            raise StoreError(
                f"the store at {database.name} was written by a newer Tiercel (its tables are of revision {found}, "
                f"this program knows up to {HEAD}). Nothing was changed; use the newer program"
            )
        if found is None and sa.inspect(connection).get_table_names():
            raise StoreError(f"the database at {database.name} holds tables of another program. Nothing was changed")
        options.attributes["connection"] = connection
        command.upgrade(options, "head")


def configuration() -> Config:
    """What alembic needs to find the migrations."""
    from alembic.config import Config  # noqa: PLC0415  slow to import, and seldom needed

    options = Config()
    options.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return options


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.select(_VERSION.c.version_num)).scalar_one_or_none()
