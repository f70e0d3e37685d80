"""Stores of every earlier revision are brought up to date, and come to the tables that the code declares."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tiercel.alerts import AlertStore
from tiercel.alerts.database import Database, StoreError, store_url
from tiercel.alerts.schema import HEAD, configuration
from tiercel.alerts.tables import METADATA

from .found import NOON, finding

REVISIONS = [script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()][::-1]


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request, tmp_path):
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    return request.getfixturevalue("empty_postgres_url")


def bring_to(url, revision):
    database = Database(store_url(url), 5)
    with database.writing() as connection:
        options = configuration()
        options.attributes["connection"] = connection
        command.upgrade(options, revision)
    return database


def test_the_newest_revision_is_the_one_the_program_expects():
    assert REVISIONS[-1] == HEAD


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_store_of_each_revision_is_brought_up_to_date_and_keeps_its_alerts(empty_url, revision):
    database = bring_to(empty_url, revision)
    values = {
        "id": 7, "fingerprint": "ab" * 8, "state": "new", "rule_id": "r", "severity": 3, "device_key": "d",
        "raised_at": NOON, "updated_at": NOON, "seen_at": NOON, "seen": 1, "seen_closed": 0, "finding": "{}",
    }  # fmt: skip
    with database.writing() as connection:
        connection.execute(METADATA.tables["alerts"].insert().values(**values))
    database.close()
    with AlertStore.open(empty_url) as store:
        with store.database.reading() as connection:
            assert connection.execute(sa.select(METADATA.tables["alerts"].c.fingerprint)).scalar() == "ab" * 8
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, METADATA) == []
        store.record([finding()], at=NOON)


def test_down_and_up_again(empty_url):
    database = bring_to(empty_url, "head")
    with database.writing() as connection:
        options = configuration()
        options.attributes["connection"] = connection
        command.downgrade(options, "base")
        assert set(sa.inspect(connection).get_table_names()) == {"alembic_version"}
        command.upgrade(options, "head")
    database.close()


def test_a_store_newer_than_the_program_is_left_alone(url):
    with AlertStore.open(url) as store, store.database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"newer Tiercel \(its tables are of revision 9999.*Nothing was changed"):
        AlertStore.open(url)


def test_a_database_of_another_program_is_left_alone(empty_url):
    database = Database(store_url(empty_url), 5)
    with database.writing() as connection:
        connection.execute(sa.text("CREATE TABLE theirs (id integer)"))
    with pytest.raises(StoreError, match="tables of another program"):
        AlertStore.open(empty_url)
    with database.reading() as connection:
        assert sa.inspect(connection).get_table_names() == ["theirs"]
    database.close()
