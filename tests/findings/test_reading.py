"""A finding survives its JSON form; what is no finding is refused with its place."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from tiercel.errors import UsageError
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
    as_arrow,
    as_json,
    from_json,
    read_lines,
)

AT = datetime(2026, 3, 2, 15, 1, 39, 761000, tzinfo=UTC)
HOSTILE = "\x1b[31m\u202e<script>'=1+1\x00"
PROCESS = Process("mmc.exe", 4, HOSTILE, AT)
FULL = Finding(
    id="0123456789abcdef", rule_id="r", title="t", techniques=("T1021.003",), tactics=(), severity="high",
    confidence="low", summary=HOSTILE, device="b", device_id="2", peer_ip="10.0.0.1", peer_name=None, account=None,
    first_time=AT, last_time=None, server=PROCESS, child=None, evidence=(Step("a", AT, "b", table="T", source="f#1"),),
    links=("call",), rules=("r",), columns={"A": 1, "B": [None, 2.5]},
    attribution=Attribution(
        sentence="s",
        caller=Caller("10.0.0.1", "a", "1", "mirror", PROCESS, "connection", "corp\\eve", 7, AT, "T", "f#2"),
        logon=Logon(AT, "l", "corp\\eve", 9, "NTLM", "10.0.0.1", 50000, "A", "session", "T", "f#3"),
        mirrors=(Mirror(AT, "m", "a", "1", PROCESS, None, "10.0.0.1", 5, "10.0.0.2", 135, -0.5, source="f#4"),),
        followed=(Followed(AT, "process", "f", "session", PROCESS),),
        tree=(TreeProcess(0, "server", "mmc.exe", 4, None, None, None),),
        unknown=(Unknown("logon", "nothing tells", "Audit Logon"),),
    ),
)  # fmt: skip


def test_a_finding_read_back_is_the_same() -> None:
    assert from_json(json.loads(json.dumps(as_json(FULL)))) == FULL


def test_arrow_holds_the_attribution() -> None:
    (row,) = as_arrow([FULL]).to_pylist()
    assert row["attribution"]["mirrors"][0]["apart"] == -0.5
    assert row["attribution"]["caller"]["process"]["command_line"] == HOSTILE
    assert as_arrow([dataclasses.replace(FULL, attribution=None)]).to_pylist()[0]["attribution"] is None


def test_lines_of_another_kind_and_fields_of_a_later_version_are_passed_over() -> None:
    values = {**as_json(FULL), "later": 1}
    text = "\n".join(["", json.dumps({"kind": "summary"}), json.dumps(values), ""])
    assert read_lines(text.encode(), "found.jsonl") == (FULL,)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"techniques": "T1021"}, "f:1.techniques: a list was expected, not str"),
        ({"rows": "1"}, "f:1.rows: a whole number was expected"),
        ({"first_time": "yesterday"}, "f:1.first_time: a time was expected"),
        ({"server": []}, "f:1.server: an object was expected"),
        ({"columns": 3}, "f:1.columns: an object was expected"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(change: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told.replace("[", r"\[")):
        read_lines(json.dumps({**as_json(FULL), **change}).encode(), "f")


def test_no_json_and_no_finding_are_refused() -> None:
    with pytest.raises(UsageError, match="f:2: not a line of JSON"):
        read_lines(json.dumps(as_json(FULL)).encode() + b"\n{", "f")
    with pytest.raises(UsageError, match="f:1: not a finding"):
        read_lines(b"[1]", "f")
    with pytest.raises(UsageError, match="`id` is missing"):
        read_lines(b'{"rule_id": "r"}', "f")
