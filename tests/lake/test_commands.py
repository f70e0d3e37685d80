"""`tiercel import` and `tiercel lake`: words, exit codes, and a lake given to hunt and query."""

from __future__ import annotations

import json
import shutil

import pytest

from tiercel.cli import main
from tiercel.tables.lake import Dataset

from .conftest import commit, rows
from .test_intake import write_log


@pytest.fixture
def run(capsys):
    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def logs(tmp_path):
    write_log(tmp_path / "logs" / "a.json", 1001, 1002)
    write_log(tmp_path / "logs" / "b.json", 1003, day=1)
    return tmp_path / "logs"


def test_import_says_what_was_added_and_the_second_time_that_it_is_there(run, logs, lake):
    code, out, _ = run("import", logs, "--lake", lake)
    assert code == 0
    assert f"Added to {lake}: 3 rows in 2 parts" in out
    assert "(commit 1)" in out
    code, out, _ = run("import", logs, "--lake", lake)
    assert code == 0
    assert "2 files imported before, not read again" in out
    assert f"Nothing was added to {lake}" in out


def test_a_lake_can_be_queried_and_hunted(run, logs, lake):
    run("import", logs, "--lake", lake)
    query = "DeviceProcessEvents | where ingestion_time() > ago(2h) | summarize rows = count() by FileName"
    code, out, _ = run("query", query, lake, "--format", "jsonl")
    assert (code, json.loads(out)) == (0, {"FileName": "cmd.exe", "rows": 3})
    code, out, _ = run("query", "DeviceLogonEvents | count", lake, "--format", "jsonl")
    assert (code, json.loads(out)) == (0, {"Count": 0})
    code, out, _ = run("hunt", lake)
    assert code == 0
    assert "DeviceProcessEvents 3" in out


def test_info_tells_of_each_table(run, logs, lake):
    run("import", logs, "--lake", lake)
    code, out, _ = run("lake", "info", lake)
    assert code == 0
    line = next(line for line in out.splitlines() if line.startswith("DeviceProcessEvents"))
    assert line.split()[1::2][:4] == ["3", "2", "1", "2"]
    assert "2026-03-14 12:16:41.000 to 2026-03-15 12:16:43.000" in line
    assert "1 commit (1 import), 2 files imported" in out
    code, out, _ = run("lake", "info", lake, "--format", "json")
    facts = json.loads(out)
    assert (facts["version"], facts["inputs"], facts["commits"]) == (1, 2, {"import": 1})
    told = facts["tables"]["DeviceProcessEvents"]
    assert (told["rows"], told["days"], told["devices"], told["parts"]) == (3, 2, 1, 2)


def test_info_counts_devices_over_parts_once(run, lake):
    commit(lake, rows(1, device="a"), rows(2, device="b"), rows(3, device="c"), name=1)
    commit(lake, rows(4, device="b"), name=2)
    commit(lake, rows(5, device=""), name=3)
    _, out, _ = run("lake", "info", lake, "--format", "json")
    assert json.loads(out)["tables"]["DeviceEvents"]["devices"] == 3


def test_an_empty_lake_says_so(run, lake):
    commit(lake)
    code, out, _ = run("lake", "info", lake)
    assert code == 0
    assert "The lake holds no rows." in out


def test_compact_says_what_became_of_the_parts(run, lake):
    for number in range(3):
        commit(lake, rows(number), name=number)
    code, out, _ = run("lake", "compact", lake)
    assert code == 0
    assert out.startswith("3 parts of 0.1 MB before, 1 of 0.0 MB now; 3 rows merged")
    assert "3 replaced parts kept" in out
    code, out, _ = run("lake", "compact", lake, "--keep", "0s")
    assert code == 0
    assert "Deleted: 3 replaced parts" in out
    assert len(list(Dataset.open(lake).storage.parts())) == 1


def test_check_names_what_is_damaged(run, lake):
    for number in range(2):
        commit(lake, rows(number), name=number)
    code, out, _ = run("lake", "check", lake)
    assert (code, out) == (0, "2 parts and 2 commits checked: all sound\n")
    dataset = Dataset.open(lake)
    bad = dataset.storage.path(dataset.parts("DeviceEvents")[0].path)
    content = bytearray(bad.read_bytes())
    content[40] ^= 0xFF
    bad.write_bytes(content)
    for command in ("check", "compact"):
        code, out, err = run("lake", command, lake)
        assert code == 3
        assert f"error[lake-damaged-part]: {bad}: " in err
        assert "hint: restore the file" in err


WRONG = {
    "no lake": (["lake", "info", "{empty}"], 3, "is no lake"),
    "a folder that is not there": (["lake", "info", "{empty}/nowhere"], 2, "does not exist"),
    "import without a lake": (["import", "{empty}"], 2, "Missing option '--lake'"),
    "import into other things": (["import", "{empty}", "--lake", "{other}"], 2, "holds other things than a lake"),
    "no size": (["import", "{empty}", "--lake", "{empty}/l", "--memory", "much"], 2, "no size; write 500MB or 2GB"),
    "size nought": (["import", "{empty}", "--lake", "{empty}/l", "--batch", "0MB"], 2, "no size; write 500MB or 2GB"),
    "no duration": (["lake", "compact", "{empty}", "--keep", "long"], 2, "no duration; write 30m, 24h or 7d"),
    "a lake and a file": (["query", "print 1", "{lake}", "{other}"], 2, "a lake is hunted by itself"),
    "a cut part": (["query", "DeviceEvents | count", "{cut}"], 3, "bytes long, but"),
    "a damaged log": (["hunt", "{damaged}"], 3, "commit.json is damaged"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_line_with_its_exit_code(case, run, tmp_path):
    for name in ("empty", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "other" / "notes.txt").write_text("x")
    for name in ("lake", "cut", "damaged"):
        commit(tmp_path / name, rows(1))
    (part,) = (tmp_path / "cut").glob("*/*/*.parquet")
    part.write_bytes(part.read_bytes()[:-9])
    next((tmp_path / "damaged").glob("_tiercel/commits/*/commit.json")).write_text("{}")
    arguments, code, message = WRONG[case]
    ended, _, err = run(
        *(argument.format(**{path.name: path for path in tmp_path.iterdir()}) for argument in arguments)
    )
    assert ended == code
    assert message in err


def test_an_input_that_cannot_be_read_ends_with_3_and_the_rest_is_imported(run, logs, lake):
    write_log(logs / "c.json", 1004)
    shutil.copy(logs / "a.json", logs / "whole.json")
    (logs / "broken.zip").write_bytes(b"PK\x03\x04 no archive")
    code, out, _ = run("import", logs, "--lake", lake)
    assert code == 3
    assert f"Added to {lake}: 4 rows" in out
    assert "1 file imported before" in out
