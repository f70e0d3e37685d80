"""The log decides what lives: its damage is named, its future refused, its checkpoints never needed."""

from __future__ import annotations

import errno
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from tiercel.errors import InputError, Severity, UsageError
from tiercel.tables.lake import Dataset, Input, Overlap, Transaction, compact, create_lake, is_lake, local, log, storage
from tiercel.tables.lake.records import seal

from .conftest import NOON, commit, rows, stored


def record(lake, version):
    return lake / "_tiercel" / "commits" / f"{version:020d}" / "commit.json"


def rewritten(path, **values):
    """The record with other values, under a checksum that fits them."""
    known = json.loads(path.read_bytes())
    known.pop("sha256")
    path.write_bytes(seal({**known, **values}))


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def outside(path):
    adds = json.loads(path.read_bytes())["adds"]
    adds[0][0] = "../../etc/passwd"
    rewritten(path, adds=adds)


DAMAGE = {
    "cut": (cut, "is damaged"),
    "one bit flipped": (flipped, "is damaged"),
    "empty": (lambda path: path.write_bytes(b""), "is damaged"),
    "no JSON": (lambda path: path.write_bytes(b"\xff\xfe"), "is damaged"),
    "other JSON": (lambda path: path.write_bytes(b"[1, 2]\n"), "is damaged"),
    "a field gone": (lambda path: path.write_bytes(seal({"version": 2})), "is damaged: KeyError"),
    "number of another": (lambda path: rewritten(path, version=7), "is the record of commit 7"),
    "adds a part again": (lambda path: shutil.copy(record(path.parents[3], 1), path), "is the record of commit 1"),
    "removes what is not there": (
        lambda path: rewritten(path, removes=["DeviceEvents/day=2026-03-14/part-0.parquet"]),
        "does not follow from the commits before it",
    ),
    "a path outside the lake": (outside, "is no part's path"),
    "unknown operation": (lambda path: rewritten(path, operation="explode"), "is damaged"),
    "time beyond all times": (lambda path: rewritten(path, at=2**70), "is damaged"),
    "no time": (lambda path: rewritten(path, at=None), "it has no time"),
    "newer format": (
        lambda path: rewritten(path, format=2),
        "written by a newer Tiercel: .* is 2, this version knows 1",
    ),
    "gone": (lambda path: shutil.rmtree(path.parent), "No such file"),
    "file gone": (lambda path: path.unlink(), "No such file"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_record_is_named_and_nothing_is_read_past_it(case, lake):
    for number in (1, 2, 3):
        commit(lake, rows(number), name=number)
    damage, message = DAMAGE[case]
    damage(record(lake, 2))
    with pytest.raises(InputError, match=message) as caught:
        Dataset.open(lake)
    assert caught.value.path == str(record(lake, 2))
    assert caught.value.path in caught.value.message
    with pytest.raises(InputError, match=message):
        commit(lake, rows(4), name="later")


def test_a_lake_of_a_newer_format_is_refused_with_the_reason(lake):
    commit(lake, rows(1))
    rewritten(lake / "_tiercel" / "format.json", format=2)
    for use in (Dataset.open, Transaction.begin):
        with pytest.raises(InputError, match="newer Tiercel: the lake's format is 2, this version knows 1; upgrade"):
            use(lake)


@pytest.fixture
def summed_up(lake, monkeypatch):
    """A lake of nine commits, with a checkpoint after the fourth and the eighth."""
    monkeypatch.setattr(log, "CHECKPOINT_EVERY", 4)
    for number in range(1, 10):
        commit(lake, rows(number), name=number)
    return lake


def test_a_checkpoint_saves_reading_the_commits_before_it(summed_up):
    names = sorted(path.name for path in (summed_up / "_tiercel" / "checkpoints").iterdir())
    assert names == ["00000000000000000004.json", "00000000000000000008.json"]
    whole = Dataset.open(summed_up)
    for version in range(1, 9):
        record(summed_up, version).write_bytes(b"not read")
    again = Dataset.open(summed_up)
    assert (again.version, again.tables, again.inputs) == (9, whole.tables, whole.inputs)
    assert sorted(stored(summed_up)) == list(range(1, 10))


@pytest.mark.parametrize(
    "damage", [cut, flipped, lambda path: path.write_bytes(seal({"version": 8, "parts": [["x"]]}))]
)
def test_a_damaged_checkpoint_is_passed_over_and_said(damage, summed_up):
    whole = Dataset.open(summed_up)
    file = summed_up / "_tiercel" / "checkpoints" / "00000000000000000008.json"
    damage(file)
    again = Dataset.open(summed_up)
    assert (again.version, again.tables, again.inputs) == (9, whole.tables, whole.inputs)
    (issue,) = again.issues
    assert issue.severity is Severity.WARNING
    assert str(file) in issue.message
    damage(summed_up / "_tiercel" / "checkpoints" / "00000000000000000004.json")
    assert Dataset.open(summed_up).tables == whole.tables


def test_commits_that_are_missing_at_the_end_are_noticed_by_the_checkpoint(summed_up):
    for version in (7, 8, 9):
        shutil.rmtree(record(summed_up, version).parent)
    with pytest.raises(InputError, match="commits after 6 are missing"):
        Dataset.open(summed_up)


def test_strange_files_beside_the_log_are_passed_over(lake):
    commit(lake, rows(1))
    (lake / "_tiercel" / "commits" / "notes.txt").write_text("x")
    (lake / "_tiercel" / "commits" / ("²" * 20)).mkdir()
    (lake / "DeviceEvents" / "day=2026-03-14" / "part-of-nobody.parquet").write_text("x")
    assert stored(lake) == [1]


def test_a_folder_that_holds_other_things_does_not_become_a_lake(tmp_path):
    (tmp_path / "thesis.odt").write_text("x")
    with pytest.raises(UsageError, match=r"holds other things than a lake \(thesis.odt"):
        create_lake(tmp_path)
    with pytest.raises(UsageError, match="is a file"):
        create_lake(tmp_path / "thesis.odt")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]
    assert not is_lake(tmp_path)
    with pytest.raises(InputError, match="is no lake"):
        Dataset.open(tmp_path)
    with pytest.raises(InputError, match="is no lake"):
        Dataset.open(tmp_path / "nowhere")


def test_many_may_make_the_same_lake_at_once(tmp_path):
    for number in range(20):
        lake = tmp_path / str(number)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _, lake=lake: create_lake(lake), range(8)))
        assert Dataset.open(lake).version == 0


def test_a_lake_is_named_by_a_path_or_a_file_url_and_by_no_unknown_one(tmp_path):
    place = tmp_path / "a lake"
    commit(place.as_uri(), rows(1))
    assert stored(place) == [1]
    with pytest.raises(UsageError, match="ftp://bucket/lake is no URL that can be read"):
        Dataset.open("ftp://bucket/lake")


def test_an_input_that_is_there_adds_nothing_again(lake):
    first = commit(lake, rows(1), name="a")
    second = commit(lake, rows(1), rows(2), name="a")
    assert isinstance(second, Overlap)
    assert [one.path for one in second.inputs] == ["a"]
    assert Dataset.open(lake).version == first.version == 1
    assert stored(lake) == [1]
    assert len(list(Dataset.open(lake).storage.parts())) == 1
    assert Dataset.open(lake).storage.names(storage.STAGING) == []


def test_of_two_writers_of_one_input_the_first_to_commit_wins_whoever_began_first(lake):
    with Transaction.begin(lake) as slow, Transaction.begin(lake) as fast:
        slow.write("DeviceEvents", [rows(1)])
        fast.write("DeviceEvents", [rows(1)])
        one = Input("ab" * 32, 1, "x")
        assert not isinstance(fast.commit(inputs=[one]), Overlap)
        assert slow.commit(inputs=[one]) == Overlap((one,))
    assert stored(lake) == [1]


def test_writers_that_meet_at_the_same_number_both_get_in(lake, monkeypatch):
    """The slow one has read the log, then the other commits: its number is taken, and it takes the next."""
    claim, met = log.claim, []

    def late(*arguments):
        if not met:
            met.append(True)
            commit(lake, rows(2), name="b")
        return claim(*arguments)

    monkeypatch.setattr("tiercel.tables.lake.transaction.claim", late)
    assert commit(lake, rows(1), name="a").version == 2
    assert sorted(stored(lake)) == [1, 2]


def test_an_interrupted_commit_that_reached_the_log_keeps_its_parts(lake, monkeypatch):
    """Ctrl-C between the rename that commits and the return from it: the parts must not be taken for discarded ones."""
    claim = log.claim

    def interrupted(*arguments):
        assert claim(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr("tiercel.tables.lake.transaction.claim", interrupted)
    with pytest.raises(KeyboardInterrupt):
        commit(lake, rows(1), name="a")
    assert stored(lake) == [1]
    assert list(Dataset.open(lake).damaged()) == []


def test_an_interrupted_transaction_leaves_nothing(lake):
    commit(lake, rows(1), name="a")

    def broken():
        yield rows(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        commit(lake, *broken(), name="b")
    with pytest.raises(KeyboardInterrupt), Transaction.begin(lake) as transaction:
        transaction.write("DeviceEvents", broken())
    assert stored(lake) == [1]
    assert len(list(Dataset.open(lake).storage.parts())) == 1
    assert Dataset.open(lake).storage.names(storage.STAGING) == []


def test_a_part_that_was_deleted_before_its_commit_is_not_acknowledged(lake, monkeypatch):
    monkeypatch.setattr(local.LocalStorage, "place", lambda *_: None)
    with pytest.raises(InputError, match="was deleted before it was committed; nothing was added"):
        commit(lake, rows(1), name="a")
    assert Dataset.open(lake).version == 0


def test_a_checkpoint_that_cannot_be_written_is_a_warning_and_the_commit_stands(lake, monkeypatch):
    def full(self, name, content, writer):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(log, "CHECKPOINT_EVERY", 1)
    create_lake(lake)
    monkeypatch.setattr(local.LocalStorage, "put", full)
    with Transaction.begin(lake) as transaction:
        transaction.write("DeviceEvents", [rows(1)])
        transaction.commit()
    (issue,) = transaction.issues
    assert issue.severity is Severity.WARNING
    assert "No space left on device" in issue.message
    assert stored(lake) == [1]


@pytest.mark.parametrize("step", ["stage", "place", "put_if_absent"])
def test_where_nothing_can_be_written_the_place_is_named_and_nothing_was_added(step, lake, monkeypatch):
    commit(lake, rows(1), name=1)

    def full(self, *arguments):
        raise OSError(errno.ENOSPC, "No space left on device", str(lake / "somewhere"))

    with monkeypatch.context() as patch:
        patch.setattr(local.LocalStorage, step, full)
        with pytest.raises(InputError, match="somewhere: cannot be written: No space left"):
            commit(lake, rows(2), name=2)
    assert stored(lake) == [1]
    assert len(list(Dataset.open(lake).storage.parts())) == 1


def test_a_log_that_cannot_be_listed_is_named(lake):
    commit(lake, rows(1))
    shutil.rmtree(lake / "_tiercel" / "commits")
    (lake / "_tiercel" / "commits").write_text("in the way")
    with pytest.raises(InputError, match="commits: Not a directory"):
        Dataset.open(lake)


def test_commits_tell_what_came_since(lake):
    for number in (1, 2, 3):
        commit(lake, rows(number), name=number)
    later = list(Dataset.open(lake).commits(since=1))
    assert [one.version for one in later] == [2, 3]
    assert [one.inputs[0].path for one in later] == ["2", "3"]
    assert {one.ingestion_time for one in later} == {NOON}


def test_a_lake_that_is_known_is_read_on_and_its_log_is_not_read_again(summed_up):
    known = Dataset.open(summed_up)
    assert known.newer() is known
    for name in (summed_up / "_tiercel" / "checkpoints").iterdir():
        name.write_bytes(b"not read")
    commit(summed_up, rows(10), name=10)
    compact(summed_up)
    newer = known.newer()
    assert (known.version, known.rows("DeviceEvents")) == (9, 9)
    whole = Dataset.open(summed_up)
    assert (newer.version, newer.tables, newer.inputs, newer.offsets) == (11, whole.tables, whole.inputs, whole.offsets)
    assert not newer.issues


@pytest.mark.parametrize("commits", [4, 10])
def test_a_lake_that_was_put_back_from_a_copy_is_read_whole(commits, summed_up, tmp_path):
    other = tmp_path / "other"
    for number in range(1, commits + 1):
        commit(other, rows(100 + number), name=100 + number)
    compact(other)
    known = Dataset.open(summed_up)
    shutil.rmtree(summed_up)
    shutil.copytree(other, summed_up)
    assert known.newer().tables == Dataset.open(other).tables
