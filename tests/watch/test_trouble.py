"""What goes wrong from outside: filters that say nothing sensible, and a disk that is full at any write."""

from __future__ import annotations

import errno
import os
from datetime import timedelta

import pytest

from tiercel.filters import read_filters
from tiercel.tables.lake import Dataset
from tiercel.watch.taken import taken
from tiercel.watch.watcher import Watcher

from .conftest import NOW, rule

MINUTE = timedelta(minutes=1)

FILTERS = """filters:
  - {id: sound, rule: from-afar, predicate: DeviceId == "nobody", reason: r, owner: o, expires: 2999-12-31}
  - {id: misspelt, rule: from-afar, predicate: DeviceIdd == "d1", reason: r, owner: o, expires: 2999-12-31}
  - {id: cut, rule: from-afar, predicate: DeviceId == (, reason: r, owner: o, expires: 2999-12-31}
  - {id: nowhere, rule: no-such-rule, predicate: "true", reason: r, owner: o, expires: 2999-12-31}
  - {id: over, rule: from-afar, predicate: "true", reason: r, owner: o, expires: 2020-12-31}
"""


def test_filters_that_are_wrong_unknown_or_expired_are_told_and_take_nothing(house, tmp_path):
    place = tmp_path / "filters.yaml"
    place.write_text(FILTERS)
    filters = read_filters([place])
    lake, told = house.lake, []
    watcher = Watcher(
        lake,
        [rule()],
        house.store,
        sources=house.watcher().__dict__["_sources"],
        options=house.watcher().options,
        filters=filters,
        tell=lambda event, **facts: told.append((event, facts)),
    )
    house.watchers.append(watcher)
    house.lands(house.connection, house.child)
    stepped = watcher.step(NOW)
    assert len(stepped.new) == 1  # the attack that each of them would have taken
    assert taken(house.store) == []
    issues = [*filters.issues, *(facts["issue"] for event, facts in told if event == "issue")]
    where = {issue.code: (issue.span.path, issue.span.line) for issue in issues if issue.span}
    texts = " ".join(str(issue) for issue in issues)
    for code, line in WHERE.items():
        assert where[code] == (str(place), line), texts
    assert "no-such-rule" in texts
    assert "2020-12-31" in texts


WHERE = {"kql-unknown-column": 3, "filter-unknown-rule": 5, "filter-expired": 6}


@pytest.mark.parametrize("sound", [0, 1, 2, 4, 8])
def test_a_disk_that_is_full_at_any_write_loses_nothing_and_doubles_nothing(house, monkeypatch, sound):
    """So many files reach the disk; then it is full, until there is room again."""
    watcher = house.watcher()
    house.lands(house.connection, house.child)
    fsync, calls = os.fsync, []

    def full(file):
        calls.append(file)
        if len(calls) > sound:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(house.lake))
        fsync(file)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        stepped = watcher.step(NOW)
    assert len(calls) > sound, "the disk was never full: the test asks nothing"
    if stepped.failed:
        assert "No space left" in " ".join(issue.message for issue in stepped.issues)
    later = watcher.step(NOW + MINUTE)
    assert not later.failed
    assert len(stepped.new) + len(later.new) == 1
    dataset = Dataset.open(house.lake)
    assert [dataset.rows(name) for name in ("DeviceNetworkEvents", "DeviceProcessEvents")] == [1, 1]
    assert house.alerts() == [(1, "execution", "new")]
