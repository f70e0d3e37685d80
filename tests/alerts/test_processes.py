"""Real processes on one store: at once, and killed at any moment."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from tiercel.alerts import AlertStore
from tiercel.alerts.outbox import KINDS, Outbox
from tiercel.findings import merge, unite

from .found import NOON, at, finding

ROUNDS = 12


def looks():
    """What a watcher finds, look after look: each look sees the end of the one before, and more."""
    several = [
        finding(number * 700, device=f"ws{number % 3}", child=("cmd.exe", number) if number % 4 else None)
        for number in range(ROUNDS + 3)
    ]
    return [several[number : number + 4] for number in range(ROUNDS)]


def expected():
    return {each.id for each in merge(unite({id(each): each for look in looks() for each in look}.values()))}


RECORD = """
import sys
sys.path.insert(0, sys.argv[3])
from datetime import timedelta
from tests.alerts.test_processes import looks
from tests.alerts.found import at
from tiercel.alerts import AlertStore
with AlertStore.open(sys.argv[1]) as store:
    print("open", flush=True)
    for number, look in enumerate(looks()):
        with store.transaction() as transaction:
            if sys.argv[2] == "go on" and number < (transaction.get("done") or 0):
                continue
            transaction.record(look, at=at(number), run=f"look {number}")
            transaction.put("done", number + 1)
        print(number, flush=True)
"""


def start(url, mode="all"):
    root = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-c", RECORD, url, mode, root]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def check(url):
    """The alerts are those of one look at everything, none twice, and each was announced once."""
    with AlertStore.open(url) as store:
        found = [alert.fingerprint for alert in store.alerts()]
        assert sorted(found) == sorted(expected())
        outbox = Outbox(store.database, "all", KINDS)
        outbox.register(NOON)
        told = [message.alert["id"] for message in outbox.waiting() if message.kind == "alert.new"]
        assert len(told) == len(set(told))
        assert set(told) >= {alert.id for alert in store.alerts()}
        with store.transaction() as transaction:
            assert transaction.get("done") == ROUNDS


def test_two_processes_record_the_same_runs_at_once(url):
    processes = [start(url), start(url)]
    for process in processes:
        _, words = process.communicate(timeout=120)
        assert process.returncode == 0, words
    check(url)


def test_two_processes_make_one_new_store(tmp_path):
    url = f"sqlite:///{tmp_path / 'new' / 'alerts.db'}"
    processes = [start(url), start(url)]
    for process in processes:
        _, words = process.communicate(timeout=120)
        assert process.returncode == 0, words
    check(url)


def test_killed_at_any_moment_nothing_is_lost_and_nothing_twice(url):
    chance = random.Random(11)  # noqa: S311  it guards nothing
    for _ in range(4):
        process = start(url, "go on")
        process.stdout.readline()  # it has opened the store
        time.sleep(chance.random() * 0.15)
        process.kill()
        process.communicate(timeout=60)
    _, words = (last := start(url, "go on")).communicate(timeout=120)
    assert last.returncode == 0, words
    check(url)


def test_both_kinds_of_store_give_the_same(sqlite_url, postgres_url):
    def told(url):
        with AlertStore.open(url) as store:
            for number, look in enumerate(looks()):
                store.record(look, at=at(number), run=f"look {number}")
            alerts = store.alerts()
            return alerts, [store.history(alert.id) for alert in alerts]

    assert told(sqlite_url) == told(postgres_url)
