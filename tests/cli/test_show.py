"""What `tiercel show`, `tiercel paths` and a hunt's table say, and that no event's content steers a terminal."""

from __future__ import annotations

import dataclasses
import io
import json
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tiercel.cli import main
from tiercel.cli.details import show_finding
from tiercel.cli.overview import short_id, show_chains, show_overview
from tiercel.cli.paths import _show_paths
from tiercel.cli.terminal import Words
from tiercel.cli.written import json_line
from tiercel.findings import (
    Attribution,
    Caller,
    Finding,
    Followed,
    Logon,
    Mirror,
    Process,
    Step,
    TreeProcess,
    Unknown,
    as_json,
    trace,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOSTILE = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202egnp.exe\u2066 <script>{{7*7}}\r\n=1+1\x00" + "a" * 5000
STEERING = {"Cc", "Zl", "Zp", "Cs"}


def finding(number: int, source: str, target: str, text: str = "quiet") -> Finding:
    """A finding whose every text is the given one, or holds it."""
    time = NOON + timedelta(minutes=number)
    process = Process(f"{text}.exe", 4, text, time)
    return Finding(
        id=f"{number:016x}", rule_id="rpc-chain-dcom", title=f"title {text}", techniques=("T1021.003", text),
        tactics=(), severity="high", confidence="low", summary=text, device=target, device_id=None, peer_ip=text,
        peer_name=text, account=f"corp\\{text}", first_time=time, last_time=time, server=process, child=process,
        evidence=(Step(text, time, text, device=text, source=text),), family="dcom", strength=text, links=(text,),
        attribution=Attribution(
            sentence=f"sentence {text}",
            caller=Caller(text, source, None, "mirror", process, text, text, 7, time, "T", text),
            logon=Logon(time, text, text, 9, text, text, 50000, text, "time", "T", f"{text}2"),
            mirrors=(Mirror(time, text, text, None, process, None, text, 5, text, 135, 2.0, source=text),),
            followed=tuple(Followed(time + timedelta(minutes=1), "process", text, "tree", process) for _ in range(20)),
            tree=tuple(TreeProcess(depth, "server", text, 4, text, None, text) for depth in range(20)),
            caller_tree=(TreeProcess(0, "caller", text, 4, text, None, text),),
            unknown=(Unknown("logon", text, text),),
        ),
    )  # fmt: skip


def screen(show: Callable[[Words], None], *, terminal: bool = False, width: int = 90) -> str:
    file = io.StringIO()
    show(Words(file, is_terminal=terminal, width=width))
    return file.getvalue()


SCREENS: dict[str, Callable[[Words, Finding], None]] = {
    "table": lambda words, told: show_overview(words, [told]),
    "details": show_finding,
    "paths": lambda words, told: _show_paths(words, trace([told, finding(9, told.device or "", "c")]), show_all=True),
    "chains": lambda words, told: show_chains(words, trace([told, finding(9, told.device or "", "c")])),
}


@pytest.mark.parametrize("name", SCREENS)
def test_no_content_steers_the_terminal(name: str) -> None:
    text = screen(lambda words: SCREENS[name](words, finding(1, HOSTILE, HOSTILE, HOSTILE)))
    bad = {each for each in text if each != "\n" and unicodedata.category(each) in {*STEERING, "Cf"}}
    assert bad == set()
    assert "\\x1b" in text


@pytest.mark.parametrize("name", SCREENS)
def test_colour_is_for_terminals(name: str) -> None:
    quiet = finding(1, "a", "b")
    assert "\x1b" not in screen(lambda words: SCREENS[name](words, quiet))
    assert "\x1b[" in screen(lambda words: SCREENS[name](words, quiet), terminal=True)


def test_the_table_is_two_lines_a_finding() -> None:
    told = [finding(number, f"host{number}.corp", "target.corp") for number in (1, 2)]
    lines = screen(lambda words: show_overview(words, told)).splitlines()
    assert len(lines) == 2 + 2 * len(told)
    assert "2026-03-02 12:01:00.000  high      low     title quiet" in lines[2]
    assert "corp\\quiet, quiet.exe on host1 (quiet) -> target: quiet.exe > quiet.exe" in lines[3]


def test_a_terminal_of_eighty_columns_is_kept_to() -> None:
    told = dataclasses.replace(finding(1, "a", "b", "word " * 60), title="title")
    text = screen(lambda words: show_finding(words, told), terminal=False, width=80)
    folded = screen(lambda words: show_finding(words, told), terminal=True, width=80)
    assert max(map(len, text.splitlines())) > 200
    plain = [line for line in folded.splitlines() if "word word" in line and "\x1b[2m" not in line]
    assert max(map(len, plain)) <= 80


def test_the_timeline_runs_by_time_with_its_gaps() -> None:
    told = dataclasses.replace(
        finding(1, "a", "b"),
        evidence=(
            Step("call", NOON + timedelta(milliseconds=250), "second", device="b", source="log#2"),
            Step("connection", NOON, "first", device="b", source="log#1"),
        ),
        attribution=None,
    )
    lines = screen(lambda words: show_finding(words, told)).splitlines()
    at = next(index for index, line in enumerate(lines) if "-o-" in line)
    assert lines[at : at + 4] == [
        "   2026-03-02 12:00:00.000 -o- connection  first",
        "                   +250 ms  |  log#1",
        "   2026-03-02 12:00:00.250 -o- call  second",
        "                               log#2",
    ]


def test_ids_are_shown_as_long_as_they_must_be() -> None:
    told = [dataclasses.replace(finding(1, "a", "b"), id=each) for each in ("abcdef0123456789", "abcdef0923456789")]
    assert short_id(told[:1]) == 6
    assert short_id(told) == 8
    assert short_id([]) == 6


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "found.jsonl"
    found = [
        dataclasses.replace(finding(at, source, target), id=f"{digits}00000000000000")
        for at, (digits, source, target) in enumerate([("a1", "a", "b"), ("a2", "b", "c"), ("b1", "x", "y")])
    ]
    path.write_text("".join(json_line(as_json(each)) + "\n" for each in found), encoding="utf-8")
    return path


def test_a_finding_is_shown_by_the_beginning_of_its_id(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "b1", "--result", str(saved)]) == 0
    told = capsys.readouterr().out
    assert "sentence quiet" in told
    assert "not known: quiet. What would have told it: quiet" in told
    assert "what to do, by rpc-chain-dcom" in told
    assert main(["show", "B1", str(saved), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "b100000000000000"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", "a"], "2 findings begin with a: a100000000000000, a200000000000000; give more digits"),
        (["show", "\x1b[31m"], "no finding's id begins with \\x1b[31m; it has 3 findings: a1"),
    ],
)
def test_what_names_no_single_finding_is_said(
    saved: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--result", str(saved)]) == 2
    assert told in capsys.readouterr().err


def test_a_result_or_telemetry_is_needed(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "a1"]) == 2
    assert "name a saved result" in capsys.readouterr().err
    assert main(["paths", str(saved), "--result", str(saved)]) == 2
    assert "not both" in capsys.readouterr().err


def test_paths_of_a_saved_result(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paths", "--result", str(saved)]) == 1
    told = capsys.readouterr().out
    assert "1. 2 hops from a" in told
    assert "1 finding leads to no second host" in told
    assert main(["paths", "--result", str(saved), "--json"]) == 1
    lines: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(path["hops"]) for path in lines] == [2, 1]
    assert lines[0]["hops"][1]["after"] == 1


def test_nothing_found_is_no_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none.jsonl").write_text("", encoding="utf-8")
    assert main(["paths", "--result", str(tmp_path / "none.jsonl")]) == 0
    assert "0 paths" in capsys.readouterr().out


def test_the_ending_of_a_file_says_what_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log.json"
    windows = "C:\\Windows\\System32\\"
    sysmon = {
        "Channel": "Microsoft-Windows-Sysmon/Operational", "Hostname": "WS6.example.org",
        "UtcTime": "2026-07-14 09:14:01.100",
    }  # fmt: skip
    accepted = {
        "EventID": 3, "ProcessId": 704, "Initiated": "false", "Image": f"{windows}services.exe", "Protocol": "tcp",
        "SourceIp": "10.0.0.5", "SourcePort": 50000, "DestinationIp": "10.0.0.6", "DestinationPort": 49700,
    }  # fmt: skip
    mapped = {"SourcePort": 49999, "DestinationPort": 135, "ProcessId": 900, "Image": f"{windows}svchost.exe"}
    started = {
        "EventID": 1, "ProcessId": 9028, "Image": f"{windows}cmd.exe", "CommandLine": "cmd.exe /c whoami",
        "ParentProcessId": 704, "ParentImage": f"{windows}services.exe", "ParentCommandLine": "services.exe",
    }  # fmt: skip
    events = [{**sysmon, **each} for each in ({**accepted, **mapped}, accepted, started)]
    log.write_text("".join(json.dumps(each) + "\n" for each in events), encoding="utf-8")
    out = tmp_path / "found.jsonl"
    assert main(["hunt", str(log), "--out", str(out)]) == 1
    capsys.readouterr()
    (line,) = out.read_text(encoding="utf-8").splitlines()
    told = json.loads(line)
    assert told["attribution"]["caller"]["ip"] == "10.0.0.5"
    assert main(["show", told["id"][:6], str(log)]) == 0
    assert told["attribution"]["sentence"] in capsys.readouterr().out
    assert main(["hunt", str(log), "--no-attribution", "--out", str(out)]) == 1
    assert json.loads(out.read_text(encoding="utf-8"))["attribution"] is None
