"""From files to a lake: by content, in batches, once, whoever else is at it."""

from __future__ import annotations

import json
import random
import shutil
import signal
import threading
from datetime import UTC, datetime, timedelta

import pytest

from tiercel import intake
from tiercel.errors import InputError, UsageError
from tiercel.intake import IngestionTime, import_into
from tiercel.tables.lake import Dataset, compact
from tiercel.telemetry.report import FileReport, ImportReport
from tiercel.telemetry.storage import create_tables

from .conftest import killed_after, stored

BEGIN = datetime(2026, 3, 14, 12)


def write_log(path, *pids, host="WS1.corp.example", day=0):
    """A file of Sysmon process starts, one a process id, as NXLog writes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        for record, pid in enumerate(pids, 1):
            moment = BEGIN + timedelta(days=day, seconds=pid)
            event = {
                "EventID": 1,
                "SourceName": "Microsoft-Windows-Sysmon",
                "Channel": "Microsoft-Windows-Sysmon/Operational",
                "Hostname": host,
                "RecordNumber": record,
                "EventTime": moment.isoformat(" ", "seconds"),
                "@timestamp": moment.isoformat(timespec="milliseconds") + "Z",
                "UtcTime": moment.isoformat(" ", "milliseconds"),
                "ProcessGuid": f"{{00000001-0000-6a00-0000-{pid:012x}}}",
                "ProcessId": str(pid),
                "Image": "C:\\Windows\\System32\\cmd.exe",
                "CommandLine": f"cmd.exe /c {pid}",
                "ParentImage": "C:\\Windows\\System32\\services.exe",
                "ParentProcessId": "600",
                "ParentProcessGuid": "{00000001-0000-6a00-0000-000000000600}",
                "User": "NT AUTHORITY\\SYSTEM",
                "LogonId": "0x3e7",
            }
            file.write(json.dumps(event) + "\n")
    return path


def read_starts(paths, connection, *, progress=None):
    """What the importer does for such files alone, in a tenth of its time."""
    create_tables(connection)
    files = []
    for path in paths:
        events = [json.loads(line) for line in path.read_text().splitlines() if line]
        for number, event in enumerate(events, 1):
            connection.execute(
                "INSERT INTO DeviceProcessEvents (Timestamp, DeviceId, ProcessId, _Source) VALUES ($1, $2, $3, $4)",
                [event["UtcTime"], event["Hostname"], int(event["ProcessId"]), f"{path}#{number}"],
            )
        files.append(FileReport(str(path), "", "json lines", len(events), len(events), {}))
    ((rows,),) = connection.execute("SELECT count(*) FROM DeviceProcessEvents").fetchall()
    return ImportReport(tuple(files), {"DeviceProcessEvents": rows})


@pytest.fixture
def quick(monkeypatch):
    """Imports that are about files and commits, not about events."""
    monkeypatch.setattr(intake.importer, "read", read_starts)


def pids(lake):
    return sorted(stored(lake, "DeviceProcessEvents", ["ProcessId"]))


@pytest.fixture
def logs(tmp_path):
    """A folder of two files."""
    write_log(tmp_path / "logs" / "a.json", 1001, 1002)
    write_log(tmp_path / "logs" / "sub" / "b.json", 1003, day=1)
    return tmp_path / "logs"


def test_a_folder_becomes_one_commit_with_its_files_in_it(lake, logs):
    before = datetime.now(UTC).replace(tzinfo=None)
    done = import_into(lake, [logs])
    assert pids(lake) == [1001, 1002, 1003]
    (commit,) = done.commits
    assert [one.path for one in commit.inputs] == [str(logs / "a.json"), str(logs / "sub" / "b.json")]
    assert done.rows == sum(part.rows for part in commit.adds) == sum(done.report.tables.values())
    assert done.report.tables["DeviceProcessEvents"] == 3
    assert {part.day.isoformat() for part in commit.adds} == {"2026-03-14", "2026-03-15"}
    stamps = set(stored(lake, "DeviceProcessEvents", ["_IngestionTime"]))
    assert stamps == {commit.ingestion_time}
    assert before <= commit.ingestion_time <= commit.at
    assert all(source.startswith(str(logs)) for source in stored(lake, "DeviceProcessEvents", ["_Source"]))


def test_what_was_imported_is_not_read_again_whatever_it_is_called(quick, lake, logs):
    import_into(lake, [logs])
    (logs / "a.json").rename(logs / "renamed.log")
    write_log(logs / "c.json", 1004)
    again = import_into(lake, [logs])
    assert sorted(one.path for one in again.known) == [str(logs / "renamed.log"), str(logs / "sub" / "b.json")]
    assert [file.path for file in again.report.files] == [str(logs / "c.json")]
    assert pids(lake) == [1001, 1002, 1003, 1004]
    third = import_into(lake, [logs])
    assert (third.commits, len(third.known), third.rows) == ((), 3, 0)


def test_two_files_of_the_same_bytes_count_once(quick, lake, logs):
    shutil.copy(logs / "a.json", logs / "copy.json")
    done = import_into(lake, [logs])
    assert [one.path for one in done.known] == [str(logs / "copy.json")]
    assert pids(lake) == [1001, 1002, 1003]


def test_batches_are_commits_and_a_folder_stays_together_where_it_fits(quick, lake, tmp_path):
    for folder in "abc":
        for name in "xy":
            write_log(tmp_path / "logs" / folder / f"{name}.json", ord(folder) * 10 + ord(name))
    size = (tmp_path / "logs" / "a" / "x.json").stat().st_size
    done = import_into(lake, [tmp_path / "logs"], batch_bytes=3 * size + 10)
    folders = [[one.path.split("/")[-2] for one in commit.inputs] for commit in done.commits]
    assert folders == [["a", "a"], ["b", "b"], ["c", "c"]]
    assert len(pids(lake)) == 6
    smallest = import_into(tmp_path / "other", [tmp_path / "logs"], batch_bytes=1)
    assert [len(commit.inputs) for commit in smallest.commits] == [1] * 6
    assert pids(tmp_path / "other") == pids(lake)


def test_event_time_as_ingestion_time(quick, lake, logs):
    done = import_into(lake, [logs], ingestion_time=IngestionTime.EVENT)
    assert done.commits[0].ingestion_time is None
    columns = stored(lake, "DeviceProcessEvents", ["Timestamp", "_IngestionTime"])
    assert len(columns) == 3
    assert all(moment == ingested for moment, ingested in columns)


def test_a_large_table_is_sorted_before_it_is_written(quick, lake, tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "_SORTED_BY_WRITER", 0)
    for host in ("c", "a", "b"):
        write_log(tmp_path / "logs" / f"{host}.json", *range(1030, 1000, -1), host=host)
    import_into(lake, [tmp_path / "logs"])
    keys = stored(lake, "DeviceProcessEvents", ["DeviceId", "Timestamp"])
    assert len(keys) == 90
    assert keys == sorted(keys)


def test_a_file_that_changes_while_it_is_read_is_left_out_and_said(quick, lake, logs, monkeypatch):
    read = intake.importer.read

    def growing(paths, *arguments, **named):
        report = read(paths, *arguments, **named)
        if logs / "a.json" in paths:
            with (logs / "a.json").open("a") as file:
                file.write("\n")
        return report

    monkeypatch.setattr(intake.importer, "read", growing)
    done = import_into(lake, [logs])
    (issue,) = [issue for issue in done.report.issues if issue.code == "import-changed"]
    assert str(logs / "a.json") in issue.message
    assert pids(lake) == [1003]
    monkeypatch.setattr(intake.importer, "read", read)
    assert len(import_into(lake, [logs]).known) == 1
    assert pids(lake) == [1001, 1002, 1003]


def test_an_import_that_another_one_overtakes_reads_only_what_is_left(quick, lake, logs, monkeypatch):
    read, met = intake.importer.read, []

    def overtaken(paths, *arguments, **named):
        if not met:
            met.append(True)
            import_into(lake, [logs / "a.json"])
        return read(paths, *arguments, **named)

    monkeypatch.setattr(intake.importer, "read", overtaken)
    done = import_into(lake, [logs])
    assert [one.path for one in done.known] == [str(logs / "a.json")]
    assert [file.path for file in done.report.files] == [str(logs / "sub" / "b.json")]
    assert pids(lake) == [1001, 1002, 1003]


def test_two_imports_at_once_of_overlapping_folders(quick, lake, tmp_path):
    for number in range(8):
        write_log(tmp_path / "logs" / f"{number}" / "log.json", 1000 + number)
    failures = []

    def run(folders):
        try:
            import_into(lake, [tmp_path / "logs" / f"{folder}" for folder in folders], batch_bytes=1)
        except BaseException as error:  # noqa: BLE001  a thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=run, args=[folders]) for folders in (range(6), range(7, 1, -1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert pids(lake) == list(range(1000, 1008))
    assert len(Dataset.open(lake).inputs) == 8
    assert Dataset.open(lake).storage.names("_tiercel/staging") == []


def test_an_import_that_is_killed_again_and_again_comes_to_its_end(lake, tmp_path, mortals):
    chance = random.Random(5)  # noqa: S311  moments to be killed at
    for number in range(6):
        write_log(tmp_path / "logs" / f"{number}.json", *range(1000 + number * 50, 1050 + number * 50))
    ended = -signal.SIGKILL
    tries = 0
    while ended:
        tries += 1
        process = mortals.start("importing", lake, tmp_path / "logs")
        if tries < 8:
            killed_after(process, chance.uniform(0.05, 0.7))
        ended = mortals.wait()
        assert ended in {0, -signal.SIGKILL}
        if (lake / "_tiercel" / "format.json").exists():
            assert pids(lake) in ([], list(range(1000, 1300)))
    assert pids(lake) == list(range(1000, 1300))
    assert len(Dataset.open(lake).inputs) == 6


def test_the_lakes_own_files_are_no_input(quick, logs):
    lake = logs / "lake"
    import_into(lake, [logs])
    again = import_into(lake, [logs])
    assert (again.commits, len(again.known)) == ((), 2)
    assert pids(lake) == [1001, 1002, 1003]


def test_of_another_lake_only_what_lives_is_taken(quick, lake, logs, tmp_path):
    import_into(lake, [logs / "a.json"])
    import_into(lake, [logs / "sub"])
    write_log(tmp_path / "more" / "c.json", 1009)
    import_into(lake, [tmp_path / "more"])
    compact(lake)
    live = [str(path) for path in Dataset.open(lake).files(Dataset.open(lake).parts("DeviceProcessEvents"))]
    dead = [str(lake / name) for name in Dataset.open(lake).storage.parts() if str(lake / name) not in live]
    assert dead
    for paths in ([lake], [tmp_path], [lake / "DeviceProcessEvents"]):
        files, _ = intake._found(paths, tmp_path / "new")
        names = [file.name for file in files if "DeviceProcessEvents" in file.name]
        assert sorted(names) == sorted(live)
        assert not any("_tiercel" in file.name for file in files)


def test_a_file_that_goes_before_it_is_read_is_said(quick, lake, logs, monkeypatch):
    batches = intake._batches

    def gone(files, most):
        (logs / "a.json").unlink()
        return batches(files, most)

    monkeypatch.setattr(intake, "_batches", gone)
    done = import_into(lake, [logs])
    (issue,) = done.report.issues
    assert f"{logs / 'a.json'} changed or went" in issue.message
    assert pids(lake) == [1003]


def test_a_file_in_which_nothing_was_read_is_tried_again(lake, logs):
    (logs / "later.zip").write_bytes(b"PK\x03\x04 no archive yet")
    import_into(lake, [logs])
    assert len(Dataset.open(lake).inputs) == 2
    again = import_into(lake, [logs])
    assert [file.path for file in again.report.files] == [str(logs / "later.zip")]
    assert "import-archive" in [issue.code for issue in again.report.issues]


def test_an_input_that_is_not_there_is_an_issue_and_the_rest_is_imported(quick, lake, logs):
    done = import_into(lake, [logs / "nowhere.json", logs])
    assert [issue.code for issue in done.report.issues] == ["import-no-such-path"]
    assert pids(lake) == [1001, 1002, 1003]


def test_where_no_lake_can_be_nothing_is_read(logs):
    with pytest.raises(UsageError, match="holds other things than a lake"):
        import_into(logs, [logs])


def test_a_damaged_lake_takes_nothing(quick, lake, logs):
    import_into(lake, [logs / "a.json"])
    (lake / "_tiercel" / "commits" / f"{1:020d}" / "commit.json").write_text("{}")
    with pytest.raises(InputError, match="is damaged"):
        import_into(lake, [logs])
