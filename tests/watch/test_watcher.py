"""Steps: evidence in pieces, failures, two watchers, clocks; nothing twice, nothing lost."""

from __future__ import annotations

import errno
import os
import threading
from datetime import timedelta

import pytest

from tiercel.alerts import AlertStore
from tiercel.hunt import hunt
from tiercel.tables.lake import Dataset, compact
from tiercel.watch.intake import take_in
from tiercel.watch.ledger import Ledger
from tiercel.watch.running import Runner
from tiercel.watch.sources import FolderSource
from tiercel.watch.watcher import Watcher

from .conftest import NOW, at, rule

MINUTE = timedelta(minutes=1)


def codes(stepped):
    return [issue.code for issue in stepped.issues]


def test_an_attack_in_pieces_is_one_alert_that_goes_further(house):
    watcher = house.watcher()
    house.lands(house.connection)
    stepped = watcher.step(NOW)
    assert (stepped.arrived.rows, len(stepped.new), stepped.failed) == (1, 1, False)
    assert house.alerts() == [(1, "access", "new")]
    house.lands(house.child)
    stepped = watcher.step(NOW + 5 * MINUTE)
    assert (len(stepped.new), len(stepped.updated)) == (0, 1)
    assert house.alerts() == [(1, "execution", "new")]
    (alert,) = house.store.alerts()
    (finding,) = hunt([house.landing], [rule()]).findings
    assert alert.fingerprint == finding.id
    assert [step.source for step in alert.finding.evidence] == [step.source for step in finding.evidence]


def test_a_record_that_comes_again_adds_nothing(house):
    watcher = house.watcher()
    house.lands(house.connection, house.child)
    watcher.step(NOW)
    house.lands(house.child, name="again.json")
    house.lands(house.connection)
    stepped = watcher.step(NOW + 5 * MINUTE)
    assert (stepped.arrived.records, stepped.arrived.rows, stepped.arrived.known) == (2, 0, 2)
    assert stepped.ran == []
    dataset = Dataset.open(house.lake)
    assert [dataset.rows(name) for name in ("DeviceNetworkEvents", "DeviceProcessEvents")] == [1, 1]
    assert house.alerts() == [(1, "execution", "new")]


def test_the_child_may_come_hours_before_its_connection_and_after_a_compaction(house):
    watcher = house.watcher()
    house.lands(house.child)
    assert watcher.step(NOW).new == ()
    compact(house.lake)
    house.lands(house.connection)
    assert len(watcher.step(NOW + timedelta(hours=30)).new) == 1


def test_rows_that_come_later_than_the_bound_are_kept_and_not_hunted(house):
    watcher = house.watcher(lateness=timedelta(hours=6))
    house.lands(house.connection, house.child)
    stepped = watcher.step(NOW + timedelta(days=3))
    assert (stepped.new, codes(stepped)) == ((), ["watch-too-late"])
    assert stepped.issues[0].message.startswith("2 rows happened before 2026-07-17 03:20")
    assert Dataset.open(house.lake).rows("DeviceProcessEvents") == 1


def test_a_rule_that_fails_is_told_and_run_again_and_the_others_run(house, monkeypatch):
    run, broken = Runner._look, [True]

    def look(self, one, *arguments):
        if one.id == "broken" and broken:
            raise ValueError("no")
        return run(self, one, *arguments)

    monkeypatch.setattr(Runner, "_look", look)
    watcher = house.watcher(rule("broken"), rule("sound"))
    house.lands(house.connection, house.child)
    stepped = watcher.step(NOW)
    assert {ran.rule.id: ran.failed for ran in stepped.ran} == {"broken": True, "sound": False}
    assert house.store.alerts()[0].finding.rules == ("sound",)
    assert watcher.step(NOW + MINUTE).failed
    broken.clear()
    stepped = watcher.step(NOW + 2 * MINUTE)
    assert [(ran.rule.id, ran.failed) for ran in stepped.ran] == [("broken", False)]
    (alert,) = house.store.alerts()
    assert set(alert.finding.rules) == {"broken", "sound"}


def test_a_rule_with_wrong_kql_says_so_at_every_step(house):
    watcher = house.watcher(rule("wrong", "DeviceEvents | where Nothing == 1"), rule())
    house.lands(house.connection, house.child)
    for minutes in (0, 1):
        stepped = watcher.step(NOW + minutes * MINUTE)
        (wrong,) = [ran for ran in stepped.ran if ran.failed]
        assert wrong.issues[0].code == "kql-unknown-column"
    assert len(house.alerts()) == 1


def test_a_slow_rule_does_not_keep_the_others_waiting_and_is_recorded_when_it_ends(house, monkeypatch):
    run, go_on, began = Runner._look, threading.Event(), threading.Event()

    def look(self, one, *arguments):
        if one.id == "slow":
            began.set()
            assert go_on.wait(60)
        return run(self, one, *arguments)

    monkeypatch.setattr(Runner, "_look", look)
    told = []
    watcher = house.watcher(
        rule("slow"),
        rule("quick"),
        patience=timedelta(seconds=4),
        tell=lambda event, **facts: told.append((event, facts)),
    )
    house.lands(house.connection)
    stepped = watcher.step(NOW)
    assert began.is_set()
    assert ("slow", {"rule": "slow", "words": "goes on beside the next steps"}) in told
    house.lands(house.child)
    stepped = watcher.step(NOW + 5 * MINUTE)
    assert "quick" in {ran.rule.id for ran in stepped.ran} | {alert.finding.rule_id for alert in house.store.alerts()}
    go_on.set()
    watcher.options = house.watcher().options
    ran = {ran.rule.id for minutes in (6, 12) for ran in watcher.step(NOW + minutes * MINUTE).ran}
    assert "slow" in ran
    (alert,) = house.store.alerts()
    assert (alert.finding.strength, set(alert.finding.rules)) == ("execution", {"slow", "quick"})


def test_a_part_that_is_gone_is_named_and_its_time_looked_at_again_once_it_is_back(house):
    watcher = house.watcher()
    house.lands(house.connection)
    watcher.step(NOW)
    (part,) = Dataset.open(house.lake).tables["DeviceNetworkEvents"]
    file = house.lake / part.path
    file.rename(file.with_suffix(".away"))
    house.lands(house.child)
    house.lands(at(house.connection, DeviceId="d2", DeviceName="ws7", ReportId=9), name="other.json")
    stepped = watcher.step(NOW + 5 * MINUTE)
    assert stepped.failed
    (issue,) = [issue for ran in stepped.ran for issue in ran.issues if issue.code == "watch-part-gone"]
    assert str(file) in issue.message
    assert len(stepped.new) == 1  # what the other parts tell is found all the same
    assert house.alerts()[0] == (1, "access", "new")
    file.with_suffix(".away").rename(file)
    assert not watcher.step(NOW + 6 * MINUTE).failed
    assert [strength for _, strength, _ in house.alerts()] == ["execution", "access"]


def test_a_full_disk_is_told_and_nothing_is_lost(house, monkeypatch):
    watcher = house.watcher()
    house.lands(house.connection, house.child)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(house.lake))

    def fsync(_):
        raise full

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        stepped = watcher.step(NOW)
    assert stepped.failed
    assert "No space left" in " ".join(issue.message for issue in stepped.issues)
    assert Dataset.open(house.lake).version == 0
    assert len(watcher.step(NOW + MINUTE).new) == 1


def test_a_clock_that_was_set_back_is_told_and_hides_no_row(house):
    watcher = house.watcher()
    house.lands(house.connection)
    watcher.step(NOW)
    house.lands(house.child)
    stepped = watcher.step(NOW - timedelta(hours=3))
    assert codes(stepped) == ["watch-clock"]
    assert "3:00:00 behind" in stepped.issues[0].message
    stepped = watcher.step(NOW + 5 * MINUTE)
    assert house.alerts() == [(1, "execution", "new")]


def test_a_watcher_that_was_away_makes_up_for_each_missed_window_once(house):
    house.lands(house.connection)
    house.watcher().step(NOW)
    source = FolderSource(house.landing)
    for number in (1, 2, 5):  # what comes in while no rule runs
        moved = at(house.connection, DeviceId=f"x{number}", DeviceName=f"x{number}", ReportId=number + 10)
        house.lands(moved, name=f"{number}.json")
        take_in(house.lake, [source], NOW + number * 10 * MINUTE)
    back = house.watcher()
    stepped = back.step(NOW + 60 * MINUTE)
    assert [ran.window.now for ran in stepped.ran] == [NOW + minutes * MINUTE for minutes in (15, 25, 60)]
    assert len(stepped.new) == 3
    assert back.step(NOW + 65 * MINUTE).ran == []


def test_a_standby_takes_over_when_the_lease_ends_and_records_nothing_before(house):
    first = house.watcher(lease=timedelta(minutes=5))
    second = house.watcher(lease=timedelta(minutes=5))
    house.lands(house.connection)
    first.step(NOW)
    assert second.step(NOW + 5 * MINUTE).waits_for == first.holder
    first.close()
    house.watchers.remove(first)
    house.lands(house.child)
    stepped = second.step(NOW + 5 * MINUTE)
    assert (stepped.waits_for, len(stepped.updated)) == (None, 1)
    assert house.alerts() == [(1, "execution", "new")]


def test_a_watcher_that_lost_its_lease_in_the_middle_of_a_step_records_nothing(house, monkeypatch):
    first = house.watcher(lease=timedelta(minutes=5))
    house.lands(house.connection)
    record = Ledger.record

    def late(self, *arguments, **named):
        with self._store.transaction() as transaction:
            transaction.put(self._lease_key, {"holder": "another", "until": "2999-01-01T00:00:00+00:00"})
        return record(self, *arguments, **named)

    monkeypatch.setattr(Ledger, "record", late)
    stepped = first.step(NOW)
    assert codes(stepped) == ["watch-lease"]
    assert "another has taken over" in stepped.issues[0].message
    assert house.alerts() == []


def test_two_watchers_at_once_without_a_lease_still_raise_nothing_twice(house):
    stores = [AlertStore.open(house.where) for _ in range(2)]
    watchers = [Watcher(house.lake, [rule()], store, sources=house.watcher().__dict__["_sources"]) for store in stores]
    for number in range(3):
        house.lands(at(house.connection, DeviceId=f"x{number}", DeviceName=f"x{number}", ReportId=number + 20))
        for watcher in watchers:
            watcher.options = type(watcher.options)(patience=None, lease=timedelta(0))
            watcher._ledger._lease = timedelta(0)
            watcher.step(NOW + number * 5 * MINUTE)
    assert len(house.alerts()) == 3
    for watcher, store in zip(watchers, stores, strict=True):
        watcher.close()
        store.close()


@pytest.mark.parametrize("again", [1, 3])
def test_small_parts_stay_few(house, monkeypatch, again):
    monkeypatch.setattr("tiercel.watch.upkeep.SMALL_PARTS", 4)
    watcher = house.watcher()
    for number in range(9 * again):
        house.lands(at(house.child, ReportId=100 + number))
        watcher.step(NOW + number * 5 * MINUTE)
    parts = Dataset.open(house.lake).tables["DeviceProcessEvents"]
    assert (sum(part.rows for part in parts), len(parts) <= 4) == (9 * again, True)
