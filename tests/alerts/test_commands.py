"""`tiercel alerts` and `tiercel filters` as people meet them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import NamedTuple

import pytest
from tests.streaming import write_attack

from tiercel.alerts import AlertStore, State
from tiercel.cli import main

from .found import NOON, at, finding
from .receiver import Receiver


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def tiercel(capsys, sqlite_url, monkeypatch):
    monkeypatch.setenv("TIERCEL_STORE", sqlite_url)

    def run(*arguments):
        code = main([str(each) for each in arguments])
        streams = capsys.readouterr()
        return Ended(code, streams.out, streams.err)

    return run


@pytest.fixture
def filled(sqlite_url):
    with AlertStore.open(sqlite_url) as store:
        store.record([finding(child=("cmd.exe", 9028))], at=NOON)
        store.record([finding(5000, device="ws7.example.org", severity="low")], at=at(60))
        yield store


def test_a_hunt_stores_what_it_finds_and_counts_it_the_second_time(tiercel, tmp_path):
    logs, store = write_attack(tmp_path / "a.jsonl"), tmp_path / "cases.db"
    first = tiercel("hunt", logs, "--store", store)
    assert (first.code, f"Alerts in {store}: 1 new" in first.err) == (1, True)
    assert f"Alerts in {store}: 1 seen again" in tiercel("hunt", logs, "--store", store).err
    told = json.loads(tiercel("hunt", logs, "--format", "jsonl").out)
    listed = json.loads(tiercel("alerts", "list", "--store", store, "--format", "jsonl").out)
    assert (listed["fingerprint"], listed["seen"]) == (told["id"], 2)


def test_list_shows_a_line_for_each_alert(tiercel, filled):
    ended = tiercel("alerts", "list")
    head, *lines, count = ended.out.splitlines()
    assert head.split()[:4] == ["id", "state", "severity", "last"]
    assert [line.split()[:3] for line in lines] == [["2", "new", "low"], ["1", "new", "high"]]
    assert "services.exe > cmd.exe" in lines[1]
    assert (ended.code, count) == (0, "2 alerts")


def test_list_asks_as_it_is_told(tiercel, filled):
    assert tiercel("alerts", "list", "--severity", "medium").out.count("\n") == 3
    assert "ws7" not in tiercel("alerts", "list", "--device", "ws6", "--format", "csv").out
    assert tiercel("alerts", "list", "--state", "closed").out == "0 alerts\n"
    assert tiercel("alerts", "list", "--since", "2026-07-14T13:00:00Z", "--limit", 1).out.count("ws7") == 1
    assert tiercel("alerts", "list", "--state", "open").code == 2


def test_work_on_an_alert_from_the_command_line(tiercel, filled):
    ended = tiercel(
        "alerts", "set", 1, 2, "--state", "closed", "--verdict", "benign", "--comment", "ours", "--by", "ann"
    )
    assert (ended.code, ended.out) == (0, "2 alerts: closed (benign)\n")
    assert tiercel("alerts", "set", 1, "--comment", "still ours", "--by", "bob").out == "1 alert: commented\n"
    shown = tiercel("alerts", "show", filled.alerts()[0].fingerprint[:6]).out
    assert "closed (benign)" in shown
    assert "ann  state new -> closed (benign): ours" in shown
    told = json.loads(tiercel("alerts", "show", 1, "--format", "json").out)
    assert [(each["who"], each["text"]) for each in told["history"]][1:] == [("ann", "ours"), ("bob", "still ours")]
    assert told["finding"]["child"]["pid"] == 9028


WRONG = {
    "no such alert": (("set", "1", "99", "--state", "acknowledged"), "there is no alert 99", "nothing was changed"),
    "closed without a verdict": (("set", "1", "--state", "closed"), "a closed alert has a verdict", ""),
    "a verdict without closing": (("set", "1", "--verdict", "benign"), "give --state", ""),
    "nothing to do": (("set", "1"), "give --state", ""),
    "an unknown one to show": (("show", "feedface"), "there is no alert feedface", ""),
    "a skipped message that is none": (("deliver", "--skip", "a:1"), "", ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_changes_nothing(tiercel, filled, name):
    arguments, *told = WRONG[name]
    ended = tiercel("alerts", *arguments)
    assert ended.code == 2
    assert all(each in ended.err for each in told)
    assert [alert.state for alert in filled.alerts()] == [State.NEW] * 2


def test_export_holds_every_alert_with_its_history(tiercel, filled, tmp_path):
    tiercel("alerts", "set", 1, "--state", "closed", "--verdict", "true-positive", "--by", "ann")
    ended = tiercel("alerts", "export", "--out", tmp_path / "all.jsonl")
    told = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert (ended.out, [each["id"] for each in told]) == ("", [2, 1])
    assert told[1]["history"][-1]["after"] == "closed (true-positive)"
    rows = list(csv.DictReader(io.StringIO(tiercel("alerts", "export", "--format", "csv").out)))
    assert [(row["id"], row["verdict"], row["last_change_by"]) for row in rows] == [
        ("2", "", ""),
        ("1", "true-positive", "ann"),
    ]


def test_an_events_content_reaches_neither_terminal_nor_spreadsheet(tiercel, filled):
    hostile = finding(9000, device="=cmd|'/c calc'!A1", peer="\x1b[31m\u202e", title="\x9b2J\n")
    filled.record([replace(hostile, summary="+SUM(1)\x1b]0;a\x07")], at=NOON)
    filled.comment(3, "\x1b[2J", who="=1+1")
    for arguments in (("list",), ("show", 3), ("list", "--format", "csv"), ("export",), ("export", "--format", "csv")):
        out = tiercel("alerts", *arguments).out
        assert not set(out) & {"\x1b", "\x9b", "\u202e", "\x07"}, arguments
    for row in csv.DictReader(io.StringIO(tiercel("alerts", "export", "--format", "csv").out)):
        assert not any(str(cell)[:1] in "=+-@" and cell for cell in row.values())


TARGETS = """
targets:
  - name: soc
    webhook: {{url: "{url}", secret: "${{SOC_SECRET}}"}}
  - name: share
    folder: {{path: "{folder}"}}
"""


def test_deliver_once_tells_every_target_and_says_what_waits(tiercel, filled, tmp_path, monkeypatch):
    monkeypatch.setenv("SOC_SECRET", "s")
    with Receiver() as receiver:
        config = tmp_path / "targets.yaml"
        config.write_text(TARGETS.format(url=receiver.url, folder=tmp_path / "out"))
        receiver.answers = lambda _: 503
        first = tiercel("alerts", "deliver", "--config", config, "--once")
        assert first.code == 3
        assert "soc: 2 messages waiting: http://127.0.0.1" in first.err
        assert "share: 2 messages delivered" in first.err
        receiver.answers = lambda _: 200
        assert tiercel("alerts", "deliver", "--config", config, "--once").code == 0
        assert len(receiver.taken) == 2
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_message_that_is_never_taken_can_be_skipped(tiercel, filled, tmp_path):
    (tmp_path / "out").write_text("in the way")
    config = tmp_path / "targets.yaml"
    config.write_text(f"targets:\n- name: share\n  folder: {{path: '{tmp_path / 'out'}'}}\n")
    assert tiercel("alerts", "deliver", "--config", config, "--once").code == 3
    assert tiercel("alerts", "deliver", "--config", config, "--skip", "share:1").code == 0
    assert "1 message waiting" in tiercel("alerts", "deliver", "--config", config, "--once").err
    assert tiercel("alerts", "deliver", "--config", config, "--skip", "share:1").code == 2
    assert tiercel("alerts", "deliver", "--config", config, "--skip", "other:1").code == 2


def test_what_is_wrong_with_the_targets_is_shown_in_the_users_file(tiercel, filled, tmp_path):
    config = tmp_path / "targets.yaml"
    config.write_text("targets:\n- name: soc\n  webhok: {url: https://a}\n")
    ended = tiercel("alerts", "deliver", "--config", config, "--once")
    assert ended.code == 3
    assert f"{config}:3:3" in ended.err
    assert "did you mean `webhook`?" in ended.err


def test_filters_are_suggested_and_not_applied(tiercel, filled, tmp_path):
    told = replace(finding(9000, child=("a.exe", 7)), columns={"RemoteIP": "10.0.0.5", "ChildFileName": "a.exe"})
    filled.record([told], at=NOON)
    tiercel("alerts", "set", 3, "--state", "closed", "--verdict", "benign")
    ended = tiercel("filters", "suggest", "--out", tmp_path / "proposed.yaml")
    assert (ended.code, ended.out) == (0, "")
    assert "1 filter proposed; none is in force" in ended.err
    assert 'RemoteIP =~ "10.0.0.5"' in (tmp_path / "proposed.yaml").read_text()
