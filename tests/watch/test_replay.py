"""History run as if live, and the command line of it all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import event
from tests.conftest import ROOT

from tiercel.alerts.database import StoreError
from tiercel.cli.program import main
from tiercel.hunt import hunt
from tiercel.intake import IngestionTime, import_into
from tiercel.tables.lake import Dataset
from tiercel.watch.intake import take_in
from tiercel.watch.replay import replay
from tiercel.watch.sources import FolderSource
from tiercel.watch.watcher import Options

from .conftest import NOW, at, rule

FIVE = timedelta(minutes=5)


def test_a_replay_sees_at_each_step_what_had_come_in_by_then(house):
    source = FolderSource(house.landing)
    house.lands(house.connection)
    take_in(house.lake, [source], NOW)
    house.lands(house.child)
    take_in(house.lake, [source], NOW + 4 * FIVE)
    steps = replay(house.lake, [rule()], house.store, Options(), begin=NOW - FIVE, end=NOW + 6 * FIVE)
    told = [
        (stepped.now, len(stepped.new), [strength for _, strength, _ in house.alerts()])
        for stepped in steps
        if stepped.ran
    ]
    assert told == [(NOW + FIVE, 1, ["access"]), (NOW + 5 * FIVE, 0, ["execution"])]
    (alert,) = house.store.alerts()
    assert alert.raised_at.replace(tzinfo=None) == NOW + FIVE
    assert alert.fingerprint == hunt([house.landing], [rule()]).findings[0].id


def test_a_replay_tells_now_to_every_window_and_may_be_repeated(house):
    later = at(house.connection, Timestamp="2026-07-14T11:14:01Z", DeviceId="d9", DeviceName="d9", ReportId=77)
    house.lands(house.connection, house.child, later)
    import_into(house.lake, [house.landing], ingestion_time=IngestionTime.EVENT)
    recent = rule("recent", "DeviceNetworkEvents | where Timestamp > ago(10m) | project Timestamp, DeviceId, RemoteIP")
    span = {"begin": NOW - timedelta(hours=1), "end": NOW + timedelta(hours=3)}
    for _ in range(2):
        ran = [ran for stepped in replay(house.lake, [recent], house.store, Options(), **span) for ran in stepped.ran]
        assert [one.rows for one in ran] == [1, 1]
        assert len(house.alerts()) == 2


def test_the_command_takes_one_step_and_says_what_it_did(house, capsys):
    house.lands(house.connection, house.child)
    arguments = ["watch", "--lake", str(house.lake), "--folder", str(house.landing), "--store", str(house.where)]
    assert main([*arguments, "--once", "--lateness", "3000d"]) == 0
    told = capsys.readouterr().err
    assert "imported records=2 rows=2" in told
    assert "which started cmd.exe" in told
    assert main([*arguments, "--once", "--log", "json", "--folder", str(house.landing / "none")]) == 3
    assert '"event": "watch-no-folder"' in capsys.readouterr().err
    span = ["--from", "2026-07-14", "--to", "2026-07-13"]
    assert main(["watch", "--lake", str(house.lake), "--store", str(house.where), *span]) == 2
    assert main([*arguments, "--topic", "x"]) == 2


def test_a_watch_that_is_told_to_end_finishes_its_step(house):
    house.lands(house.connection, house.child)
    command = [sys.executable, "-m", "tiercel.cli", "watch", "--lake", house.lake, "--folder", house.landing]
    options = ["--store", house.where, "--every", "1h", "--lateness", "3000d"]
    place = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True, env=place) as process:
        told = [process.stderr.readline()]
        process.send_signal(signal.SIGTERM)
        told += process.stderr.readlines()
    assert process.returncode == 0
    assert told[-1].rstrip().endswith("stopped")
    assert house.alerts() == [(1, "execution", "new")]


def test_a_store_that_is_full_is_told_and_the_step_taken_again(house):
    house.lands(*(at(house.connection, DeviceId=f"x{each}", DeviceName=f"x{each}") for each in range(200)))
    watcher = house.watcher()
    with house.store.transaction() as transaction:
        pages = transaction.connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def small(connection, _):
        connection.execute(f"PRAGMA max_page_count = {pages}")

    engine = house.store.database.engine
    event.listen(engine, "connect", small)
    with pytest.raises(StoreError, match="full"):
        watcher.step(NOW)
    event.remove(engine, "connect", small)
    assert house.alerts() == []
    assert Dataset.open(house.lake).rows("DeviceNetworkEvents") == 200
    assert len(watcher.step(NOW + FIVE).new) == 200
