"""`tiercel report` and `hunt --report` as people use them."""

from __future__ import annotations

import base64
import json
import re
import shutil
import zlib
from typing import TYPE_CHECKING

import pytest
from tests.streaming import write_attack

from tiercel.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def case(tmp_path, monkeypatch, capsys) -> Path:
    """A folder with a hunted log, its saved result, its findings as JSON lines and its report."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    write_attack(tmp_path / "logs" / "a.jsonl")
    saved = ["--save", "case.json", "--report", "hunted.html", "--format", "jsonl", "--out", "found.jsonl"]
    assert main(["hunt", "logs", *saved]) == 1
    capsys.readouterr()
    return tmp_path


def events(page: str) -> list[str]:
    (packed,) = re.findall(r'id="page-events">(.*?)</script>', page, re.DOTALL)
    found: list[str] = json.loads(zlib.decompress(base64.b64decode(packed)))
    return found


def test_a_hunt_and_its_saved_result_give_the_same_page(case, capsys):
    assert main(["report", "case.json", "--html", "case.html"]) == 0
    told = capsys.readouterr()
    assert re.search(r"1 finding in case\.html, 0\.\d MB", told.err)
    assert not told.out
    hunted, reported = (case / "hunted.html").read_text(), (case / "case.html").read_text()
    made = re.compile(r"Made by Tiercel .*?;")
    assert made.sub("", hunted) == made.sub("", reported)
    assert "10.0.0.5 reached ws6" in reported
    assert events(reported)[0].startswith("logs/a.jsonl#1\n\n{")


def test_raw_events_are_found_where_the_hunt_ran_and_where_logs_moved(case, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    assert main(["report", str(case / "case.json"), "--html", "a.html"]) == 0
    assert "InboundConnectionAccepted" in events((elsewhere / "a.html").read_text())[0]
    (elsewhere / "moved").mkdir()
    shutil.move(case / "logs", elsewhere / "moved" / "logs")
    assert main(["report", str(case / "case.json"), "--html", "b.html"]) == 0
    assert "not where it was read from" in events((elsewhere / "b.html").read_text())[0]
    assert main(["report", str(case / "case.json"), "--html", "c.html", "--logs", "moved"]) == 0
    assert "InboundConnectionAccepted" in events((elsewhere / "c.html").read_text())[0]


def test_findings_alone_make_a_page_that_says_so(case):
    assert main(["report", "found.jsonl", "--html", "found.html"]) == 0
    page = (case / "found.html").read_text()
    assert "Only findings were saved" in page
    assert "10.0.0.5 reached ws6" in page


def test_what_is_no_result_is_said_and_nothing_is_written(case, capsys):
    (case / "logs" / "other.json").write_text('{"kind": "tiercel result", "format": 1, "result": {"findings": 7}}')
    assert main(["report", "logs/other.json", "--html", "x.html"]) == 3
    assert "logs/other.json is no result that this version reads" in capsys.readouterr().err
    assert main(["report", "nowhere.json", "--html", "x.html"]) == 2
    assert main(["report", "case.json"]) == 2
    assert main(["report", "case.json", "--html", "no/folder/x.html"]) == 3
    assert not (case / "x.html").exists()


def test_a_file_with_a_hostile_name_is_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "<img src=x onerror=alert(1)>\u202e{{7*7}}.jsonl"
    write_attack(tmp_path / name)
    assert main(["hunt", name, "--report", "page.html"]) == 1
    page = (tmp_path / "page.html").read_text()
    assert "<img" not in page
    assert "\u202e" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;\\u202e{{7*7}}.jsonl" in page
    assert "InboundConnectionAccepted" in events(page)[0]
