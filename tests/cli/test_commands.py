"""The command line as people meet it: words, exit codes, what goes to which stream."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.streaming import write_attack, write_rule

from tiercel.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOTHING = "DeviceProcessEvents | where FileName == 'nothing.exe'"
LEAST = {
    "id", "rule_id", "title", "techniques", "severity", "device", "peer_ip", "first_time", "last_time", "server",
    "child", "evidence",
}  # fmt: skip


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def tiercel(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    def run(*arguments: object) -> Ended:
        code = main([str(each) for each in arguments])
        streams = capsys.readouterr()
        return Ended(code, streams.out, streams.err)

    return run


def test_an_attack_is_told_with_its_evidence(tiercel: Callable[..., Ended], tmp_path: Path) -> None:
    logs = write_attack(tmp_path / "a.jsonl")
    ended = tiercel("hunt", logs)
    assert ended.code == 1
    for told in (
        "10.0.0.5", "ws6.example.org", "services.exe (704)", "cmd.exe (9028)  cmd.exe /c whoami", "T1569.002",
        "2026-07-14 09:14:01.100", "2026-07-14 09:14:01.600", f"{logs}#1", f"{logs}#2", "1 finding", "Read 2 records",
    ):  # fmt: skip
        assert told in ended.out
    assert "\x1b" not in ended.out


def test_nothing_found(tiercel: Callable[..., Ended], tmp_path: Path) -> None:
    ended = tiercel("hunt", write_attack(tmp_path / "a.jsonl"), "--rules", write_rule(tmp_path / "r.md", NOTHING))
    assert ended.code == 0
    assert "0 findings; 1 rule ran" in ended.out


def test_json_lines_are_data_alone(tiercel: Callable[..., Ended], tmp_path: Path) -> None:
    ended = tiercel("hunt", write_attack(tmp_path / "a.jsonl"), "--format", "jsonl")
    assert ended.code == 1
    (line,) = ended.out.splitlines()
    finding = json.loads(line)
    assert finding.keys() >= LEAST
    assert {"name", "pid", "command_line"} <= finding["server"].keys()
    assert finding["child"]["command_line"] == "cmd.exe /c whoami"
    assert all({"step", "time", "text", "source"} <= step.keys() for step in finding["evidence"])
    assert finding["first_time"] == "2026-07-14T09:14:01.100Z"
    assert "Read 2 records" in ended.err
    assert "1 finding" in ended.err


def test_csv_is_one_line_a_finding(tiercel: Callable[..., Ended], tmp_path: Path) -> None:
    ended = tiercel("hunt", write_attack(tmp_path / "a.jsonl", "=cmd|' /C calc'!A0\n2"), "--format", "csv")
    header, row = csv.reader(io.StringIO(ended.out))
    told = dict(zip(header, row, strict=True))
    assert told["child_command_line"] == "'=cmd|' /C calc'!A0\\n2"
    assert told["techniques"] == "T1021.002 T1569.002 T1543.003"


@pytest.mark.parametrize("written_as", ["table", "jsonl", "csv"])
def test_a_command_line_steers_no_terminal(tiercel: Callable[..., Ended], tmp_path: Path, written_as: str) -> None:
    hostile = "cmd \x1b[2J\x1b]0;owned\x07 \x9b31m \u202egnp.exe [bold]markup[/] <script>"
    ended = tiercel("hunt", write_attack(tmp_path / "a.jsonl", hostile), "--format", written_as)
    assert ended.code == 1
    for stream in (ended.out, ended.err):
        assert not any(character in stream for character in "\x1b\x07\x9b\u202e")
    assert "[bold]markup[/] <script>" in ended.out


def test_out_takes_the_data_and_appears_whole(tiercel: Callable[..., Ended], tmp_path: Path) -> None:
    out = tmp_path / "found.jsonl"
    out.write_text("old", encoding="utf-8")
    ended = tiercel("hunt", write_attack(tmp_path / "a.jsonl"), "--format", "jsonl", "--out", out)
    assert (ended.code, ended.out) == (1, "")
    assert json.loads(out.read_text(encoding="utf-8"))["device"] == "ws6.example.org"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.jsonl", "found.jsonl"]


def test_out_that_cannot_be_written(tiercel: Callable[..., Ended], tmp_path: Path) -> None:
    ended = tiercel("hunt", write_attack(tmp_path / "a.jsonl"), "--out", tmp_path / "no" / "where.txt")
    assert ended.code == 3
    assert "cannot be written" in ended.err


def test_a_rule_with_an_error_is_shown_in_its_own_file_and_the_others_run(
    tiercel: Callable[..., Ended], tmp_path: Path
) -> None:
    rules = tmp_path / "rules"
    broken = write_rule(rules / "a.md", "DeviceProcessEvents\n| where FileNam =~ 'cmd.exe'")
    write_rule(rules / "b.md", "DeviceProcessEvents | where FileName =~ 'cmd.exe'")
    ended = tiercel("hunt", write_attack(tmp_path / "a.jsonl"), "--rules", rules)
    assert ended.code == 3
    lines = ended.out.splitlines()
    at = next(number for number, line in enumerate(lines) if "| where FileNam =~" in line)
    assert lines[at - 1].strip().startswith(f"{broken}:14:")
    assert lines[at + 1].index("^") == lines[at].index("FileNam")
    assert "did you mean" in lines[at + 2]
    assert "Did not run: a" in ended.out
    assert "1 finding; 1 rule ran, 1 rule did not run" in ended.out


def test_several_errors_are_shown_at_once(tiercel: Callable[..., Ended], tmp_path: Path) -> None:
    broken = write_rule(tmp_path / "a.md", "DeviceProcessEvents\n| where FileNam == 'x'\n| where Procesid == 1")
    ended = tiercel("hunt", write_attack(tmp_path / "a.jsonl"), "--rules", broken)
    assert "FileNam`" in ended.out
    assert "Procesid`" in ended.out


def test_a_folder_without_logs(tiercel: Callable[..., Ended], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    ended = tiercel("hunt", empty)
    assert ended.code == 3
    assert str(empty) in ended.out + ended.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["hunt"], "PATH"),
        (["hunt", "no-such-folder"], "no-such-folder"),
        (["hunt", ".", "--rules", "no-such-rule.md"], "no-such-rule.md"),
        (["hunt", ".", "--format", "xml"], "jsonl"),
        (["hunt", ".", "--as-of", "yesterday"], "2026-07-14"),
        (["hunt", ".", "--channels", "application"], "sysmon"),
        (["hnt"], "hnt"),
        (["explain", "no-such-rule"], "dcom-remote-activation"),
    ],
)
def test_wrong_use_says_what_would_be_right(tiercel: Callable[..., Ended], arguments: list[str], told: str) -> None:
    ended = tiercel(*arguments)
    assert ended.code == 2
    assert told in ended.err


def test_query(tiercel: Callable[..., Ended], tmp_path: Path) -> None:
    logs = write_attack(tmp_path / "a.jsonl", "a\x1b[1m")
    kql = "DeviceProcessEvents | project FileName, ProcessId, ProcessCommandLine, Timestamp, Missing=int(null)"
    table = tiercel("query", kql, logs)
    assert table.code == 0
    assert "a\\x1b[1m" in table.out
    assert "1 row" in table.out
    lines = tiercel("query", kql, logs, "--format", "jsonl").out
    assert json.loads(lines) == {
        "FileName": "cmd.exe",
        "ProcessId": 9028,
        "ProcessCommandLine": "a\x1b[1m",
        "Timestamp": "2026-07-14T09:14:01.600Z",
        "Missing": None,
    }
    assert tiercel("query", kql, logs, "--format", "csv").out.splitlines()[0].startswith("FileName,ProcessId")


def test_a_wrong_query_is_underlined(tiercel: Callable[..., Ended], tmp_path: Path) -> None:
    ended = tiercel("query", "DeviceProcessEvents | wher x", write_attack(tmp_path / "a.jsonl"))
    assert (ended.code, ended.out) == (3, "")
    assert "    1 | DeviceProcessEvents | wher x" in ended.err or "  1 | DeviceProcessEvents | wher x" in ended.err
    assert "^^^^" in ended.err


@pytest.mark.parametrize("rule", ["scm-remote-service-start", "dcom-remote-activation"])
def test_explain_shows_document_tree_plan_and_sql(tiercel: Callable[..., Ended], rule: str) -> None:
    ended = tiercel("explain", rule)
    assert ended.code == 0
    for part in (rule, "Blind spots", "Syntax tree", "Where", "Plan", "reads    DeviceNetworkEvents", "SQL", "SELECT"):
        assert part in ended.out
    assert "SELECT" not in tiercel("explain", rule, "--part", "tree").out


def test_explain_of_a_rule_that_is_wrong(tiercel: Callable[..., Ended], tmp_path: Path) -> None:
    ended = tiercel("explain", write_rule(tmp_path / "r.md", "DeviceProcessEvents | where X == 1"), "--part", "sql")
    assert ended.code == 3
    assert "^" in ended.err
    (tmp_path / "none.md").write_text("# Nothing\n", encoding="utf-8")
    assert tiercel("explain", tmp_path / "none.md").code == 3


def test_rules_lists_the_catalogue(tiercel: Callable[..., Ended], tmp_path: Path) -> None:
    ended = tiercel("rules")
    assert ended.code == 0
    assert "dcom-remote-activation" in ended.out
    listed = [json.loads(line) for line in tiercel("rules", "--format", "jsonl").out.splitlines()]
    assert {"id": "scm-remote-service-start", "severity": "high"}.items() <= listed[-1].items() or any(
        each["id"] == "scm-remote-service-start" for each in listed
    )
    assert tiercel("rules", "--rules", write_rule(tmp_path / "mine.md", "print 1")).out.startswith("mine ")


def test_every_command_explains_itself(tiercel: Callable[..., Ended]) -> None:
    from tiercel.cli.program import COMMANDS  # noqa: PLC0415  the list is read where it is tested

    for command in COMMANDS:
        ended = tiercel(command, "--help")
        assert ended.code == 0
        assert "Usage: tiercel" in ended.out
        assert "tiercel " + command in ended.out.partition("Options:")[0].partition("\n")[2] or command in {
            "simulate",
            "lake",
        }


def test_an_error_of_our_own_never_looks_like_a_finding(
    tiercel: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("\x1b[31mboom")

    monkeypatch.setattr("tiercel.cli.rules.choose_rules", broken)
    ended = tiercel("rules")
    assert ended.code == 3
    assert "\\x1b[31mboom" in ended.err
    assert "\x1b" not in ended.err


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tiercel.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_the_module_is_the_command(tmp_path: Path) -> None:
    ended = run("hunt", str(write_attack(tmp_path / "a.jsonl")), "--format", "jsonl")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["child"]["pid"] == 9028
    assert "\x1b" not in ended.stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    logs = write_attack(tmp_path / "a.jsonl")
    query = "range x from 1 to 200000 step 1 | extend text = strcat('number ', x)"
    with subprocess.Popen(
        [sys.executable, "-m", "tiercel.cli", "query", query, str(logs), "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
