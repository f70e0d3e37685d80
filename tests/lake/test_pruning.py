"""The log of a lake that is written to for years: old records go once two checkpoints sum them up."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from tiercel.errors import InputError
from tiercel.tables.lake import Dataset, Reached, Transaction, clean, log

from .conftest import commit, rows, stored


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(log, "CHECKPOINT_EVERY", 4)


def kept(lake):
    storage = Dataset.open(lake).storage
    return [int(name) for name in storage.names("_tiercel/commits")], [
        int(name.removesuffix(".json")) for name in storage.names("_tiercel/checkpoints")
    ]


def test_records_that_two_checkpoints_sum_up_go_when_they_are_old(lake):
    for number in range(14):
        commit(lake, rows(number), name=f"{number}")
    assert clean(lake, keep=timedelta(hours=1)).records == 0
    assert clean(lake, keep=timedelta(0)).records == 8
    assert kept(lake) == ([9, 10, 11, 12, 13, 14], [8, 12])
    dataset = Dataset.open(lake)
    assert (dataset.version, dataset.oldest_commit, len(dataset.inputs)) == (14, 9, 14)
    assert sorted(stored(lake)) == list(range(14))
    assert [one.version for one in dataset.commits(8)] == [9, 10, 11, 12, 13, 14]
    with pytest.raises(InputError):
        list(dataset.commits(2))
    commit(lake, rows(99), name="next")
    assert len(stored(lake)) == 15


def test_a_damaged_checkpoint_is_none_and_keeps_the_records_that_it_should_sum_up(lake):
    for number in range(9):
        commit(lake, rows(number))
    storage = Dataset.open(lake).storage
    (lake / "_tiercel/checkpoints" / storage.names("_tiercel/checkpoints")[-1]).write_text("{}")
    assert clean(lake, keep=timedelta(0)).records == 0
    assert len(stored(lake)) == 9


def test_a_writer_that_slept_through_a_pruning_takes_no_number_that_was_pruned(lake, monkeypatch):
    commit(lake, rows(1))
    read_state = log.read_state
    slept = []

    def late(storage, since=None):
        state = read_state(storage, since)
        if not slept:
            slept.append(True)
            for number in range(2, 14):
                commit(lake, rows(number))
            log.prune(storage, time.time() + 1)
        return state

    with Transaction.begin(lake) as slow:
        slow.write("DeviceEvents", [rows(100)])
        monkeypatch.setattr("tiercel.tables.lake.transaction.read_state", late)
        done = slow.commit()
    assert done.version == 14
    assert sorted(stored(lake)) == [*range(1, 14), 100]


def test_offsets_live_in_commits_and_checkpoints_and_a_slower_reader_adds_nothing(lake):
    def moves(before, after, *numbers, item="a"):
        with Transaction.begin(lake) as transaction:
            transaction.write("DeviceEvents", [rows(*numbers)])
            return transaction.commit(reached=[Reached("folder:x", item, before, after)])

    for number in range(9):
        moves(None if number == 0 else str(number), str(number + 1), number)
    moves(None, "7", item="b")
    clean(lake, keep=timedelta(0))
    assert Dataset.open(lake).offsets == {("folder:x", "a"): "9", ("folder:x", "b"): "7"}
    overlap = moves("8", "9", 77)
    assert [one.item for one in overlap.reached] == ["a"]
    assert moves("7", None, item="b").offsets == (("folder:x", "b", None),)
    assert Dataset.open(lake).offsets == {("folder:x", "a"): "9"}
    assert sorted(stored(lake)) == list(range(9))
