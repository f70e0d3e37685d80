"""What is said when the store cannot do what is asked, and that nothing is lost then."""

from __future__ import annotations

import sqlite3
import threading

import pytest
import sqlalchemy as sa

from tiercel.alerts import AlertStore
from tiercel.alerts.database import StoreError
from tiercel.cli import main
from tiercel.errors import UsageError

from .found import NOON, finding


def test_a_full_disk(sqlite_url):
    with AlertStore.open(sqlite_url) as store:
        store.record([finding()], at=NOON, run="before")

        def fill(connection, _):
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")

        sa.event.listen(store.database.engine, "connect", fill)
        several = [finding(number * 5000, device="other", child=("cmd.exe", number)) for number in range(50)]
        with pytest.raises(StoreError, match=r"the disk of the store at .*alerts.db is full. Nothing was recorded"):
            store.record(several, at=NOON, run="full")
        sa.event.remove(store.database.engine, "connect", fill)
        assert len(store.alerts()) == 1
        assert len(store.record(several, at=NOON, run="full").new) == 50


def test_a_store_that_another_process_keeps_locked(sqlite_url):
    path = sqlite_url.removeprefix("sqlite:///")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with AlertStore.open(sqlite_url, timeout=0.05) as store:
        with pytest.raises(StoreError, match=r"alerts.db is locked: another process .* over 0.05 s. Nothing was"):
            store.record([finding()], at=NOON, run="r")
        assert store.alerts() == [], "reading goes on"
        other.execute("ROLLBACK")
        assert len(store.record([finding()], at=NOON, run="r").new) == 1
    other.close()


def test_a_locked_postgres_store(postgres_url):
    with AlertStore.open(postgres_url, timeout=10) as one, AlertStore.open(postgres_url, timeout=0.1) as two:
        with one.transaction() as transaction:
            transaction.put("a", 1)
            with pytest.raises(StoreError, match=r"is locked: another process .* over 0.1 s. Nothing was recorded"):
                two.record([finding()], at=NOON)
        assert len(two.record([finding()], at=NOON).new) == 1


def test_a_writer_that_waits_gets_its_turn(url):
    with AlertStore.open(url, timeout=30) as one, AlertStore.open(url, timeout=30) as two:
        done = []
        with one.transaction() as transaction:
            transaction.record([finding()], at=NOON)
            thread = threading.Thread(target=lambda: done.append(two.record([finding()], at=NOON)))
            thread.start()
        thread.join()
    assert [len(each.seen) for each in done] == [1]


def test_a_server_that_is_not_there():
    with pytest.raises(StoreError) as caught:
        AlertStore.open("postgresql://ann:hunter2@127.0.0.1:1/alerts", timeout=2)
    assert "postgresql+psycopg://ann:***@127.0.0.1:1/alerts cannot be reached" in caught.value.message
    assert "hunter2" not in caught.value.message


def test_a_server_that_goes_away_and_comes_back(postgres_url):
    with AlertStore.open(postgres_url) as store:
        store.record([finding()], at=NOON)

        def cut():
            with store.transaction() as transaction:
                transaction.record([finding(device="other")], at=NOON, run="r")
                # Another session ends ours, as a server that is stopped does.
                pid = transaction.connection.execute(sa.text("SELECT pg_backend_pid()")).scalar()
                with store.database.engine.connect() as other:
                    other.execute(sa.text(f"SELECT pg_terminate_backend({pid})"))
                transaction.put("offset", 1)

        with pytest.raises(StoreError, match=r"cannot be reached: .*Nothing was recorded"):
            cut()
        assert len(store.alerts()) == 1
        assert len(store.record([finding(device="other")], at=NOON, run="r").new) == 1


def test_a_file_that_is_no_store(tmp_path):
    path = tmp_path / "alerts.db"
    path.write_bytes(b"this is a letter, not a database" * 40)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"is no store: file is not a database. Nothing was changed"):
        AlertStore.open(path)
    assert path.read_bytes() == before


def test_a_folder_in_the_files_place(tmp_path):
    with pytest.raises(StoreError, match="cannot be opened"):
        AlertStore.open(tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        AlertStore.open(tmp_path / "file" / "alerts.db")


@pytest.mark.parametrize(
    "where", ["mysql://a/b", "://", "sqlite://", "oracle://x", "nosuch+driver://x", "sqlite:///:memory:"]
)
def test_what_is_no_store_at_all(where):
    with pytest.raises(UsageError):
        AlertStore.open(where)


@pytest.mark.parametrize("command", [("list",), ("show", "1"), ("set", "1", "--comment", "a"), ("export",)])
def test_reading_makes_no_store(tmp_path, capsys, command):
    path = tmp_path / "alerts.db"
    assert main(["alerts", *command, "--store", str(path)]) == 2
    assert f"there is no store at {path}" in capsys.readouterr().err
    assert not path.exists()


def test_the_store_is_named_by_the_environment_else_in_the_users_data_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("TIERCEL_STORE", raising=False)
    AlertStore.open().close()
    assert (tmp_path / "data" / "tiercel" / "alerts.db").exists()
    monkeypatch.setenv("TIERCEL_STORE", str(tmp_path / "named.db"))
    with AlertStore.open() as store:
        store.record([finding()], at=NOON)
    assert main(["alerts", "list"]) == 0
    assert "1 alert" in capsys.readouterr().out
