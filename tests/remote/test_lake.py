"""A lake in an object store: written by many at once and by who is killed, read in pieces, refused with the reason."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import uuid
from collections import Counter
from datetime import timedelta
from pathlib import Path

import duckdb
import obstore
import pytest
from click.testing import CliRunner
from tests.remote.conftest import KEYS
from tests.remote.writer import NOON, add, batch

from tiercel.cli.program import tiercel
from tiercel.errors import InputError
from tiercel.evidence import open_telemetry
from tiercel.kql import Source
from tiercel.tables.lake import Dataset, Overlap, Transaction, clean, compact, remote
from tiercel.telemetry.lake import attach

WRITER = Path(__file__).with_name("writer.py")

pytestmark = pytest.mark.xdist_group("remote")  # one server for all of them


def stored(lake, table="DeviceEvents"):
    """The numbers of a table's rows, each as often as it is there."""
    with duckdb.connect() as connection:
        attach(Dataset.open(lake), connection)
        return Counter(number for (number,) in connection.sql(f'SELECT "ReportId" FROM "{table}"').fetchall())


def whole(lake):
    """The inputs in the lake, each of which is whole, sound, and there once."""
    dataset = Dataset.open(lake)
    assert list(dataset.damaged()) == []
    counts = [stored(lake, table) for table in ("DeviceEvents", "DeviceLogonEvents")]
    assert counts[0] == counts[1]
    assert set(counts[0].values()) == {40}
    assert sorted(dataset.inputs) == sorted(f"{number:064x}" for number in counts[0])
    return set(counts[0])


def writer(lake, first, last, environment):
    command = [sys.executable, str(WRITER), lake, str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **environment}, text=True)


def test_two_write_at_once_and_one_is_killed_again_and_again(lake, environment):
    chance = random.Random(20260314)  # noqa: S311  moments to be killed at
    steady = writer(lake, 1000, 1012, environment)
    acknowledged, first = set(), 0
    for _ in range(3):
        mortal = writer(lake, first, first + 1000, environment)
        acknowledged.add(int(mortal.stdout.readline()))
        threading.Event().wait(chance.uniform(0, 0.4))
        mortal.send_signal(signal.SIGKILL)
        acknowledged |= {int(line) for line in mortal.communicate()[0].splitlines()}
        first = max(acknowledged) + 1  # which the killed one may have committed: it must not come in twice
    lasting = {int(line) for line in steady.communicate()[0].splitlines()}
    assert steady.returncode == 0
    assert lasting == set(range(1000, 1012))
    there = whole(lake)
    assert acknowledged | lasting <= there <= acknowledged | lasting | set(range(first + 1))
    compact(lake)
    clean(lake, keep=timedelta(0))
    dataset = Dataset.open(lake)
    assert set(dataset.storage.parts()) == {part.path for parts in dataset.tables.values() for part in parts}
    assert whole(lake) == there


def test_the_same_input_from_two_writers_is_there_once(lake):
    with Transaction.begin(lake) as other:
        other.write("DeviceEvents", [batch(1)])
        other.write("DeviceLogonEvents", [batch(1)])
        committed = add(lake, 1)
        outcome = other.commit(inputs=committed.inputs, ingestion_time=NOON)
    assert isinstance(outcome, Overlap)
    assert whole(lake) == {1}
    assert len(list(Dataset.open(lake).storage.parts())) == 6  # two tables, three days


def test_a_claim_without_an_answer_may_still_come_about_so_its_parts_stay(monkeypatch):
    """What is put so late that the writer has given up must not name parts that the writer took away."""
    lake = f"memory://{uuid.uuid4().hex}/lake"
    add(lake, 1)
    put, late = obstore.put, []

    def unanswered(store, key, content, **named):
        if named.get("mode") == "create":
            late.append((store, key, content, named))
            raise obstore.exceptions.GenericError("the connection was lost")
        return put(store, key, content, **named)

    monkeypatch.setattr(obstore, "put", unanswered)
    with pytest.raises(InputError, match="the connection was lost"):
        add(lake, 2)
    monkeypatch.setattr(obstore, "put", put)
    assert whole(lake) == {1}
    [(store, key, content, named)] = late
    put(store, key, content, **named)
    assert whole(lake) == {1, 2}


def test_what_was_never_committed_goes_when_it_is_old(monkeypatch):
    lake = f"memory://{uuid.uuid4().hex}/lake"
    add(lake, 1)
    stray = "DeviceEvents/day=2026-03-14/part-dead-01-000000.parquet"
    storage = Dataset.open(lake).storage
    storage.put(stray, b"cut", "dead")
    assert clean(lake).unacknowledged == 0
    assert clean(lake, keep=timedelta(0)).unacknowledged == 1
    assert not storage.exists(stray)
    assert whole(lake) == {1}


def test_a_part_that_is_missing_or_cut_is_named_before_a_query_runs(lake):
    add(lake, 1)
    dataset = Dataset.open(lake)
    cut, gone, _ = (part.path for part in dataset.parts("DeviceEvents"))
    dataset.storage.put(cut, dataset.storage.read(cut)[:100], "me")
    dataset.storage.remove(gone)
    with pytest.raises(InputError) as caught:
        open_telemetry(lake)
    assert dataset.storage.path_of(cut) in caught.value.message
    assert "100 bytes long" in caught.value.message
    assert f"{dataset.storage.path_of(gone)}: there is no such object" in caught.value.message


def test_a_part_that_goes_while_it_is_read_is_named():
    lake = f"memory://{uuid.uuid4().hex}/lake"
    add(lake, 1)
    telemetry = open_telemetry(lake)
    storage = Dataset.open(lake).storage
    part = Dataset.open(lake).parts("DeviceEvents")[0].path
    storage.remove(part)
    with pytest.raises(Exception, match="there is no such object") as caught:
        telemetry.engine.run(telemetry.compile(Source("DeviceEvents | summarize count() by ReportId", "query")))
    assert storage.path_of(part) in str(caught.value)
    assert "Traceback" not in str(caught.value)
    telemetry.engine.close()


def test_a_query_asks_for_nothing_of_days_and_devices_that_it_leaves_out(monkeypatch):
    lake = f"memory://{uuid.uuid4().hex}/lake"
    for number in range(3):
        add(lake, number)
    compact(lake)
    asked = []

    def seen(name):
        ask = getattr(obstore, name)

        def run(store, path=None, **named):
            asked.append((name, path))
            return ask(store, path, **named)

        return run

    dataset = Dataset.open(lake)
    for name in ("head", "get", "get_range", "list", "list_with_delimiter"):
        monkeypatch.setattr(obstore, name, seen(name))
    with duckdb.connect() as connection:
        attach(dataset, connection, since=NOON + timedelta(hours=20), until=NOON + timedelta(hours=22))
        asked.clear()
        found = connection.sql('SELECT DISTINCT "ReportId" FROM "DeviceEvents"').fetchall()
    assert sorted(found) == [(0,), (1,), (2,)]
    assert asked
    assert {path.split("/")[-2] for _, path in asked} == {"day=2026-03-15"}
    assert {name for name, _ in asked} == {"get_range"}  # the log has told of the parts and their sizes


@pytest.mark.parametrize(
    ("where", "keys", "says"),
    [
        ("s3://no-such-bucket/lake", "writer", "s3://no-such-bucket: there is no such bucket"),
        ("s3://lakes/no-lake", "writer", "s3://lakes/no-lake is no lake: it has no _tiercel/format.json"),
        ("s3://lakes/no-lake", "stranger", "these credentials have no permission"),
    ],
)
def test_what_cannot_be_read_is_said(where, keys, says, environment, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.get(keys, "nothing"))
    run = CliRunner().invoke(tiercel, ["hunt", where], standalone_mode=False)
    assert isinstance(run.exception, InputError)
    assert says in run.exception.message
    assert "<" not in run.exception.message


def test_one_who_may_only_read_can_hunt_and_cannot_import(lake, environment, monkeypatch):
    add(lake, 1)
    monkeypatch.setattr(remote, "_buckets", {})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "reader")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["reader"])
    assert whole(lake) == {1}
    with pytest.raises(InputError, match="cannot be written: these credentials have no permission"):
        add(lake, 2)


def test_a_store_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(remote, "_buckets", {})
    monkeypatch.setattr(remote, "_RETRIES", {"max_retries": 0})
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "ENDPOINT_URL": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with pytest.raises(InputError, match=r"the store at http://127\.0\.0\.1:9 does not answer"):
        Dataset.open("s3://lakes/lake")
