"""What environment filters take from a watch is kept for review: bounded, and shown by `tiercel filters taken`."""

from __future__ import annotations

import json

import pytest

from tiercel.cli.program import main
from tiercel.filters import read_filters
from tiercel.watch import taken as kept
from tiercel.watch.taken import taken, totals
from tiercel.watch.watcher import Watcher

from .conftest import NOW, at, rule

FILTERS = """filters:
  - id: known-host
    rule: from-afar
    predicate: DeviceId == "x1"
    reason: it is known
    owner: soc@example.org
    expires: 2999-12-31
"""


@pytest.fixture
def filtered(house, tmp_path):
    (tmp_path / "filters.yaml").write_text(FILTERS)
    watcher = Watcher(
        house.lake,
        [rule()],
        house.store,
        sources=house.watcher().__dict__["_sources"],
        options=house.watcher().options,
        filters=read_filters([tmp_path / "filters.yaml"]),
    )
    house.watchers.append(watcher)
    return watcher


def arrivals(house, count):
    for number in range(count):
        moment = f"2026-07-14T09:{number:02}:00Z"
        yield at(house.connection, DeviceId="x1", DeviceName="x1", ReportId=50 + number, Timestamp=moment)


def test_what_a_filter_takes_makes_no_alert_and_is_kept_once(house, filtered, tmp_path, capsys):
    house.lands(house.connection, *arrivals(house, 1))
    stepped = filtered.step(NOW)
    assert (len(stepped.new), [dict(ran.taken) for ran in stepped.ran]) == (1, [{"known-host": 1}])
    house.lands(*arrivals(house, 3))  # the first of them is known
    filtered.step(NOW.replace(minute=25))
    assert len(house.alerts()) == 1
    found = taken(house.store)
    assert [(each.filter, each.finding.device_id) for each in found] == [("known-host", "x1")] * 3
    assert [(each.filter, each.rule, each.rows, each.kept) for each in totals(house.store)] == [
        ("known-host", "from-afar", 3, 3)
    ]
    out = tmp_path / "taken.jsonl"
    assert main(["filters", "taken", "--store", str(house.where), "--out", str(out)]) == 0
    assert "known-host took 3 findings of from-afar" in capsys.readouterr().err
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [each["suppressed_by"] for each in lines] == ["known-host"] * 3
    assert main(["filters", "taken", "--store", str(house.where), "--filter", "another"]) == 0
    assert capsys.readouterr().out == ""


def test_no_more_than_the_newest_are_kept_and_all_are_counted(house, filtered, monkeypatch):
    monkeypatch.setattr(kept, "MOST_TAKEN", 2)
    house.lands(*arrivals(house, 5))
    filtered.step(NOW)
    assert [each.finding.first_time.minute for each in taken(house.store)] == [4, 3]
    ((total),) = totals(house.store)
    assert (total.rows, total.kept) == (5, 2)


def test_what_later_evidence_leaves_of_a_taken_piece_stands_in_its_place(house, filtered):
    house.lands(*arrivals(house, 1))
    filtered.step(NOW)
    child = {"DeviceId": "x1", "DeviceName": "x1", "ReportId": 90, "Timestamp": "2026-07-14T09:00:01Z"}
    house.lands(at(house.child, **child))
    filtered.step(NOW.replace(minute=25))
    (one,) = taken(house.store)
    assert one.finding.strength == "execution"
    assert house.alerts() == []
