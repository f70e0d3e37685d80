"""Rows in memory: a step reads what is new, runs the rules that it can matter to, and misses nothing for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tiercel.watch import pieces, recent, running
from tiercel.watch.recent import Recent

from .conftest import NOW, at

FIVE = timedelta(minutes=5)


def never(*_, **__):
    raise AssertionError("this must not be done")


def test_after_the_first_step_a_rule_finds_its_rows_in_memory(house, monkeypatch):
    watcher = house.watcher()
    house.lands(house.connection)
    watcher.step(NOW)
    monkeypatch.setattr(running, "run_rule", never)
    house.lands(house.child)
    stepped = watcher.step(NOW + FIVE)
    assert (stepped.failed, len(stepped.updated)) == (False, 1)
    assert house.alerts() == [(1, "execution", "new")]


def test_a_commit_of_rows_that_a_rule_cannot_use_costs_it_nothing_and_is_behind_it(house, monkeypatch):
    watcher = house.watcher()
    house.lands(house.connection)
    watcher.step(NOW)
    with monkeypatch.context() as patched:
        patched.setattr(running, "run_rule", never)
        patched.setattr(Recent, "rows", never)
        house.lands(at(house.child, ActionType="ProcessModified", ReportId=60))
        (ran,) = watcher.step(NOW + FIVE).ran
        assert (ran.failed, ran.found) == (False, ())
    assert watcher.lags(NOW + FIVE) == {"from-afar": 0.0}
    house.lands(house.child)
    assert len(watcher.step(NOW + 2 * FIVE).updated) == 1


def test_a_row_that_no_rule_uses_but_stands_where_a_piece_points_has_it_assembled_again(house, monkeypatch):
    watcher = house.watcher()
    house.lands(house.connection, house.child)
    watcher.step(NOW)
    house.lands(at(house.child, DeviceId="d9", DeviceName="ws9", ReportId=61))
    watcher.step(NOW + FIVE)
    assembled, calls = pieces.assemble_rows, []

    def counted(rule, result, *arguments):
        calls.append(result.num_rows)
        return assembled(rule, result, *arguments)

    monkeypatch.setattr(pieces, "assemble_rows", counted)
    house.lands(at(house.child, DeviceId="d8", DeviceName="ws8", ReportId=62, Timestamp="2026-07-14T08:59:00Z"))
    watcher.step(NOW + 2 * FIVE)
    assert calls == []  # the piece is known, and nothing came in at its times
    house.lands(at(house.connection, ActionType="ConnectionFound", ReportId=63))
    watcher.step(NOW + 3 * FIVE)
    assert calls == [1]
    assert house.alerts() == [(1, "execution", "new")]


@pytest.mark.parametrize("days", [2, 5])
def test_rows_of_days_ago_are_let_go_of_and_read_from_the_lake_if_they_are_needed(house, monkeypatch, days):
    monkeypatch.setattr(recent, "_REBUILT_EVERY", 1)
    watcher = house.watcher()
    house.lands(house.connection)
    watcher.step(NOW)
    later = NOW + timedelta(days=days)
    moved = {"DeviceId": "d9", "DeviceName": "ws9", "Timestamp": f"{later.isoformat()}Z"}
    house.lands(at(house.connection, **moved, ReportId=64))
    watcher.step(later)
    held = watcher._runner.recent._connection.execute('SELECT count(*) FROM held."DeviceNetworkEvents"').fetchall()
    assert held == [(1,)]
    house.lands(house.child)
    assert len(watcher.step(later + FIVE).updated) == 1
    assert [strength for _, strength, _ in house.alerts()] == ["execution", "access"]


def test_where_the_lake_cannot_be_followed_rules_read_it_themselves(house, monkeypatch):
    watcher = house.watcher()
    house.lands(house.connection)
    watcher.step(NOW)
    follow = Recent._add

    def broken(*_):
        raise recent.InputError("a part is away")

    monkeypatch.setattr(Recent, "_add", broken)
    house.lands(house.child)
    assert len(watcher.step(NOW + FIVE).updated) == 1
    monkeypatch.setattr(Recent, "_add", follow)
    house.lands(at(house.connection, DeviceId="d9", DeviceName="ws9", ReportId=65))
    assert len(watcher.step(NOW + 2 * FIVE).new) == 1
