"""A landing folder: what is new of files that appear, grow, rotate and go."""

from __future__ import annotations

import os

import pytest

from tiercel.tables.lake import create_lake
from tiercel.watch.sources import FolderSource

ROOM = 1 << 20


class Reader:
    """A source and what the lake knows of it, as if every look were committed."""

    def __init__(self, root, copies):
        self.root, self.copies = root, copies
        self.source = FolderSource(root)
        self.known = {}
        self.looks = 0

    def look(self, room=ROOM, commit=True):
        """The new lines by source, or a file's name where it is read as a whole."""
        folder = self.copies / str(self.looks)
        folder.mkdir(parents=True)
        self.looks += 1
        taken = self.source.take(self.known, folder, room)
        self.taken = taken
        if commit:
            for one in taken.reached:
                assert self.known.get(one.item) == one.before
                if one.after is None:
                    self.known.pop(one.item)
                else:
                    self.known[one.item] = one.after
        else:
            self.source.again()
        told = {}
        for path in taken.files:
            piece = taken.pieces.get(path)
            if piece is None:
                told[path.name] = None
            else:
                lines = path.read_bytes().split(b"\n")
                name = os.path.relpath(piece.name, self.root)
                told[name, piece.before] = [line.decode() for line in lines if line.strip()]
        return told

    def restart(self):
        self.source = FolderSource(self.root)


@pytest.fixture
def reader(tmp_path):
    (tmp_path / "landing").mkdir()
    return Reader(tmp_path / "landing", tmp_path / "copies")


def lines(*numbers):
    return "".join(f'{{"n": {number}}}\n' for number in numbers)


def told(*numbers):
    return [f'{{"n": {number}}}' for number in numbers]


def append(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(text)


def test_a_file_that_grows_gives_its_new_lines_with_the_records_before_them(reader):
    log = reader.root / "log.json"
    append(log, lines(1, 2))
    assert reader.look() == {("log.json", 0): told(1, 2)}
    assert reader.look() == {}
    append(log, "\n" + lines(3))
    assert reader.look() == {("log.json", 2): told(3)}
    append(log, lines(4))
    reader.restart()
    assert reader.look() == {("log.json", 3): told(4)}


def test_half_a_line_waits_for_the_rest(reader):
    log = reader.root / "log.json"
    append(log, lines(1) + '{"n": 2')
    assert reader.look() == {("log.json", 0): told(1)}
    append(log, "2")
    assert reader.look() == {}
    append(log, '}\n{"n": 3')
    assert reader.look() == {("log.json", 1): told(22)}


def test_a_whole_last_record_without_a_line_end_is_not_waited_for(reader):
    blob = reader.root / "PT1H.json"
    append(blob, '{"n": 1}\n{"n": 2}')
    assert reader.look() == {("PT1H.json", 0): told(1, 2)}
    append(blob, '\n{"n": 3}')
    assert reader.look() == {("PT1H.json", 2): told(3)}


def test_what_was_not_committed_is_taken_again(reader):
    append(reader.root / "log.json", lines(1))
    assert reader.look(commit=False) == {("log.json", 0): told(1)}
    assert reader.look() == {("log.json", 0): told(1)}


def test_a_rotated_file_is_read_to_its_end_and_the_new_one_from_its_beginning(reader):
    log = reader.root / "log.json"
    append(log, lines(1, 2))
    reader.look()
    append(log, lines(3))
    log.rename(reader.root / "log.json.1")
    append(log, lines(4, 5))
    found = reader.look()
    assert found == {("log.json", 0): told(4, 5), ("log.json.1", 2): told(3)}
    assert reader.taken.issues == []
    (reader.root / "log.json.1").rename(reader.root / "log.json.2")
    assert reader.look() == {}
    assert sorted(reader.known) == ["log.json", "log.json.2"]


def test_a_file_that_was_cut_is_read_from_its_beginning_and_that_is_said(reader):
    log = reader.root / "log.json"
    append(log, lines(1, 2, 3))
    reader.look()
    log.write_text(lines(4))
    assert reader.look() == {("log.json", 0): told(4)}
    assert [issue.code for issue in reader.taken.issues] == ["watch-cut"]


def test_a_file_that_is_gone_is_forgotten_but_not_when_the_folder_is_away(reader):
    append(reader.root / "a.json", lines(1))
    append(reader.root / "b.json", lines(2))
    reader.look()
    (reader.root / "a.json").unlink()
    reader.restart()
    assert reader.look() == {}
    assert list(reader.known) == ["b.json"]
    reader.root.rename(reader.root.with_name("away"))
    assert reader.look() == {}
    assert [issue.code for issue in reader.taken.issues] == ["watch-no-folder"]
    assert list(reader.known) == ["b.json"]


def test_room_bounds_a_look_and_more_is_said_to_wait(reader):
    for name in "abc":
        append(reader.root / f"{name}.json", lines(*range(200)))
    found = reader.look(room=1000)
    assert list(found) == [("a.json", 0)]
    assert reader.taken.is_behind
    assert list(reader.look(room=1000)) == [("b.json", 0)]
    assert list(reader.look(room=1000)) == [("c.json", 0)]
    assert not reader.taken.is_behind


def test_other_files_are_read_whole_once_they_have_come_to_rest(reader):
    table = reader.root / "export.csv"
    append(table, "Timestamp,DeviceId\n")
    assert reader.look() == {}
    append(table, "2026-03-14,d1\n")
    assert reader.look() == {}
    assert reader.look() == {"export.csv": None}
    assert reader.look() == {}
    reader.restart()
    assert reader.look() == {}
    append(table, "2026-03-15,d1\n")
    assert reader.look() == {}
    assert reader.look() == {"export.csv": None}


def test_a_line_that_is_longer_than_any_event_is_passed_over(reader):
    log = reader.root / "log.json"
    append(log, '{"n": "' + "x" * (17 << 20))
    assert reader.look() == {}
    assert [issue.code for issue in reader.taken.issues] == ["import-long-record"]
    append(log, '"}\n' + lines(2))
    assert [each[-1:] for each in reader.look().values()] == [told(2)]


def test_the_streaming_layout_is_read_hour_by_hour_and_old_hours_only_now_and_then(reader):
    place = reader.root / "insights-logs-advancedhunting-deviceevents" / "tenantId=t"

    def blob(day, hour):
        return place / "y=2026" / "m=03" / f"d={day:02}" / f"h={hour:02}" / "m=00" / "PT1H.json"

    append(blob(1, 5), lines(1))
    append(blob(9, 6), lines(2))
    assert len(reader.look()) == 2
    append(blob(9, 6), lines(3))
    append(blob(1, 5), lines(4))
    assert list(reader.look().values()) == [told(3)]
    reader.restart()
    assert list(reader.look().values()) == [told(4)]
    assert len(reader.known) == 2


def test_files_that_are_being_written_under_another_name_and_lakes_are_no_source(reader):
    append(reader.root / "log.json.tmp", lines(1))
    create_lake(reader.root / "lake")
    assert reader.look() == {}
