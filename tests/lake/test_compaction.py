"""Compaction merges small parts; readers see each row once at any time, and files go only when nobody can want them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiercel.tables.lake import Dataset, Transaction, clean, compact, compaction, parts

from .conftest import NOON, commit, rows, stored

NOW = timedelta(0)


def live(lake, table="DeviceEvents"):
    return [part.path for part in Dataset.open(lake).parts(table)]


def test_small_parts_of_a_day_become_one_in_order(lake):
    for number, device in enumerate("cab"):
        commit(lake, rows(number, number + 10, device=device), name=device)
    commit(lake, rows(99, begin=NOON + timedelta(days=1)), name="next day")
    done = compact(lake)
    assert (done.parts_before, done.parts_after, done.rows_merged, done.issues) == (4, 2, 6, [])
    assert stored(lake) == [1, 11, 2, 12, 0, 10, 99]
    assert live(lake) == live(lake)
    again = compact(lake)
    assert (again.parts_before, again.parts_after, again.rows_merged) == (2, 2, 0)
    assert len(Dataset.open(lake).inputs) == 4


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 5))), min_size=1, max_size=9),
        min_size=2,
        max_size=6,
    ),
    st.integers(2, 4),
)
@settings(max_examples=10, deadline=None)
def test_a_merge_keeps_every_row_and_sorts_them(tmp_path_factory, commits, at_once):
    lake = tmp_path_factory.mktemp("lake")
    expected = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "_ROWS_AT_ONCE", 4)
        patch.setattr(compaction, "_PARTS_AT_ONCE", at_once)
        patch.setattr(parts, "ROW_GROUP", 2)
        for name, values in enumerate(commits):
            times = [None if second is None else NOON + timedelta(seconds=second) for _, second in values]
            devices = [device for device, _ in values]
            expected += zip(devices, times, [name] * len(values), strict=True)
            batch = {"DeviceId": devices, "Timestamp": pa.array(times, pa.timestamp("us"))}
            commit(lake, pa.record_batch({**batch, "ReportId": pa.array([name] * len(values), pa.int64())}), name=name)
        compact(lake)
    dataset = Dataset.open(lake)
    found = []
    for part in dataset.parts("DeviceEvents"):
        values = stored_in(dataset, part)
        keys = [(device, time is None, time or NOON) for device, time, _ in values]
        assert keys == sorted(keys)
        found += values
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert len(dataset.parts("DeviceEvents")) == len({part.day for part in dataset.parts("DeviceEvents")})


def stored_in(dataset, part):
    table = pq.read_table(dataset.files([part])[0], columns=["DeviceId", "Timestamp", "ReportId"], partitioning=None)
    return list(zip(*table.to_pydict().values(), strict=True))


def test_a_reader_that_opened_before_reads_on_while_it_is_compacted(lake):
    for number in range(5):
        commit(lake, rows(number), name=number)
    before = Dataset.open(lake)
    compact(lake)
    clean(lake)
    files = before.files(before.parts("DeviceEvents"))
    assert len(files) == 5
    found = [number for file in files for number in pq.read_table(file, partitioning=None)["ReportId"].to_pylist()]
    assert sorted(found) == sorted(stored(lake)) == [0, 1, 2, 3, 4]


def test_while_writers_and_compactions_work_a_reader_sees_each_row_once(lake):
    commit(lake, rows(0), name=0)
    stop = threading.Event()
    failures = []

    def write():
        try:
            for number in range(1, 25):
                commit(lake, rows(number), name=number)
        except BaseException as error:  # noqa: BLE001  a thread's failure is the test's
            failures.append(error)
        finally:
            stop.set()

    def merge():
        try:
            while not stop.is_set():
                compact(lake)
                clean(lake, keep=timedelta(minutes=5))
        except BaseException as error:  # noqa: BLE001  a thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=write), threading.Thread(target=merge), threading.Thread(target=merge)]
    for thread in threads:
        thread.start()
    most = 0
    while not stop.is_set():
        found = sorted(stored(lake))
        assert found == list(range(len(found)))
        assert len(found) >= most
        most = len(found)
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(stored(lake)) == list(range(25))


def test_of_two_compactions_one_merges_and_the_other_leaves_it(lake, monkeypatch):
    for number in range(3):
        commit(lake, rows(number), name=number)
        commit(lake, rows(number, begin=NOON + timedelta(days=1)), name=f"next {number}")
    merge, begun = compaction.merge, []

    def overtaken(dataset, group):
        if not begun:
            begun.append(True)
            with monkeypatch.context() as patch:
                patch.setattr(compaction, "_groups", lambda dataset, _: iter(first_day(dataset)))
                patch.setattr(compaction, "merge", merge)
                compact(lake)
        return merge(dataset, group)

    def first_day(dataset):
        day = [part for part in dataset.parts("DeviceEvents") if part.day == NOON.date()]
        return [tuple(day)] if len(day) > 1 else []

    monkeypatch.setattr(compaction, "merge", overtaken)
    done = compact(lake)
    assert done.overtaken == 3
    assert done.rows_merged == 3
    assert len(live(lake)) == 2
    assert sorted(stored(lake)) == [0, 0, 1, 1, 2, 2]


def test_a_damaged_part_is_named_and_stays_and_the_others_are_merged(lake):
    for number in range(4):
        commit(lake, rows(number), name=number)
    dataset = Dataset.open(lake)
    bad = dataset.storage.path(dataset.parts("DeviceEvents")[1].path)
    content = bytearray(bad.read_bytes())
    content[40] ^= 0xFF
    bad.write_bytes(content)
    done = compact(lake)
    (issue,) = done.issues
    assert issue.code == "lake-damaged-part"
    assert str(bad) in issue.message
    assert len(live(lake)) == 2
    assert bad.exists()
    assert [issue.message for _, issue in Dataset.open(lake).damaged()] == [done.issues[0].message]


def test_replaced_files_stay_as_long_as_they_are_kept(lake):
    for number in range(3):
        commit(lake, rows(number), name=number)
    compact(lake)
    storage = Dataset.open(lake).storage
    assert (clean(lake).replaced, clean(lake).kept) == (0, 3)
    assert len(list(storage.parts())) == 4
    version = Dataset.open(lake).version
    assert clean(lake, keep=NOW).replaced == 3
    assert list(storage.parts()) == live(lake)
    assert Dataset.open(lake).version == version + 1
    assert (clean(lake, keep=NOW).replaced, clean(lake, keep=NOW).kept) == (0, 0)
    assert Dataset.open(lake).version == version + 1
    assert sorted(stored(lake)) == [0, 1, 2]


def test_what_a_killed_writer_left_goes_when_it_is_old_and_what_a_living_one_needs_stays(lake):
    commit(lake, rows(1), name=1)
    dataset = Dataset.open(lake)
    stray = dataset.storage.path(dataset.parts("DeviceEvents")[0].path).with_name("part-dead-01-000000.parquet")
    stray.write_bytes(b"placed, never committed")
    with Transaction.begin(lake) as transaction:
        transaction.write("DeviceEvents", [rows(2)])
        assert clean(lake) == clean(lake)
        assert (clean(lake).unacknowledged, clean(lake).staged) == (0, 0)
        transaction.commit()
    assert stray.exists()
    assert clean(lake, keep=NOW).unacknowledged == 1
    assert not stray.exists()
    assert sorted(stored(lake)) == [1, 2]


def test_two_may_clean_at_once(lake):
    commit(lake, rows(1), name=1)
    for number in range(40):
        left = lake / "_tiercel" / "staging" / f"dead-{number}"
        (left / "01").mkdir(parents=True)
        (left / "01" / "x.parquet").write_bytes(b"x")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: clean(lake, keep=NOW), range(2)))
    assert Dataset.open(lake).storage.names("_tiercel/staging") == []


def test_a_part_that_is_full_is_left_alone(lake, monkeypatch):
    for number in range(3):
        commit(lake, rows(number), name=number)
    monkeypatch.setattr(compaction, "LEAST_PART", 1)
    assert compact(lake).rows_merged == 0
    assert Dataset.open(lake).version == 3
