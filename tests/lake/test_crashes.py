"""A writer may be killed at any moment: what was acknowledged stands, once, and nothing stands by half."""

from __future__ import annotations

import random
import select
import shutil
import signal
from collections import Counter
from datetime import timedelta

import pytest

from tiercel.tables.lake import Dataset, clean

from .conftest import NOON, commit, killed_after, rows, stored

TABLES = ("DeviceEvents", "DeviceLogonEvents")


def whole(lake):
    """The inputs that stand in the lake, after a look at every part: each whole, in both tables, once."""
    dataset = Dataset.open(lake)
    assert list(dataset.damaged()) == []
    counts = [Counter(stored(lake, table)) for table in TABLES]
    assert counts[0] == counts[1]
    assert set(counts[0].values()) <= {40}
    assert sorted(dataset.inputs) == sorted(f"{number:064x}" for number in counts[0])
    return set(counts[0])


def test_killed_fifty_times_at_random_moments_nothing_is_lost_or_doubled(lake, tmp_path, mortals):
    chance = random.Random(20260314)  # noqa: S311  moments to be killed at
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()
    first = 0
    for _ in range(50):
        before = acknowledged.stat().st_size
        process = mortals.start("many", lake, acknowledged, first)
        while acknowledged.stat().st_size == before:
            select.select([], [], [], 0.005)
        killed_after(process, chance.uniform(0, 0.15))
        assert mortals.wait() == -signal.SIGKILL
        numbers = [int(line) for line in acknowledged.read_text().splitlines()]
        # The next one begins with what the killed one may or may not have committed: it must not come in twice.
        first = max(numbers, default=-1) + 1
    acked = {int(line) for line in acknowledged.read_text().splitlines()}
    assert len(acked) >= 50
    assert acked <= whole(lake) <= acked | {first}
    clean(lake, keep=timedelta(0))
    dataset = Dataset.open(lake)
    live = {part.path for parts in dataset.tables.values() for part in parts}
    assert set(dataset.storage.parts()) == live
    assert dataset.storage.names("_tiercel/staging") == []
    assert acked <= whole(lake)


@pytest.mark.parametrize("task", ["add_and_die", "compact_and_die"])
def test_killed_at_each_step_it_is_done_or_not_done(task, tmp_path, mortals):
    """Every step in which a file, a folder or a name is made is the last one of some process."""
    filled = tmp_path / "filled"
    commit(filled, rows(1, 2, 3), name="a")
    commit(filled, rows(4, 5), name="b")
    commit(filled, rows(6, begin=NOON + timedelta(days=1)), name="c")
    ended = -signal.SIGKILL
    step = 0
    while ended:
        step += 1
        lake = tmp_path / str(step)
        if task == "compact_and_die":
            shutil.copytree(filled, lake)
        mortals.start(task, lake, step)
        ended = mortals.wait()
        assert ended in {0, -signal.SIGKILL}
        if not (lake / "_tiercel" / "format.json").exists():
            continue
        if task == "add_and_die":
            assert whole(lake) in (set(), {7})
        else:
            assert sorted(stored(lake)) == [1, 2, 3, 4, 5, 6]
            assert list(Dataset.open(lake).damaged()) == []
        # Whoever comes next can work as if nothing had been.
        commit(lake, rows(100), name="next")
        assert 100 in stored(lake)
    assert step > 20
