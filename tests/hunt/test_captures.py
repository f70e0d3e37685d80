"""The two source detections on real captures."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.acceptance import Capture, Outcome, captures, run, unattributed
from tests.conftest import real_data_folder, require

from tiercel.findings import as_json
from tiercel.hunt import query

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE_RULE = "0xFF-0083-Remote_Process_Invocation_Via_SCM-Win.md"
MUST_FIND = json.loads((Path(__file__).parent / "must-find.json").read_text(encoding="utf-8"))


def known() -> list[Capture]:
    folder = real_data_folder()
    return captures(folder) if (folder / "labels.json").exists() else []


@cache
def outcome(capture: Capture, rules: Sequence[Path] | None) -> Outcome:
    return run(capture, rules)


def named(real_data: Path, name: str) -> Capture:
    return next(capture for capture in captures(real_data) if capture.id == name)


def test_the_source_document_as_it_is_finds_psexec_over_tcp(real_data: Path) -> None:
    rule = require(real_data.parent / "seeds" / SOURCE_RULE)
    found = outcome(named(real_data, "otrf-scm-psexec-tcp-2020"), (rule,))
    (finding,) = found.alarms
    told = as_json(finding)
    assert told["device"].startswith("workstation6")
    assert told["peer_ip"] == "172.18.39.5"
    assert told["server"]["name"] == "services.exe"
    assert told["server"]["pid"] == 704
    assert told["child"]["name"].lower() == "cmd.exe"
    assert told["child"]["pid"] == 9028
    assert told["child"]["start"] == "2020-09-20T16:16:56.597Z"
    assert told["last_time"] == "2020-09-20T16:16:56.597Z"
    assert all(step["source"] for step in told["evidence"])
    assert {step["role"] for step in told["evidence"]} == {"connection", "child"}


def test_the_source_document_leaves_out_a_signed_service_host(real_data: Path) -> None:
    """A hijacked service runs in svchost.exe, whose certificate the capture holds: known, and no LOLBIN."""
    ikeext = named(real_data, "otrf-scm-ikeext-dll-hijack-2019")
    assert outcome(ikeext, (require(real_data.parent / "seeds" / SOURCE_RULE),)).alarms == ()
    trusted = (
        'DeviceProcessEvents | where ProcessCommandLine endswith "-s IKEEXT" and FileName =~ "svchost.exe"'
        " | join kind=inner DeviceFileCertificateInfo on SHA1 | project IsTrusted"
    )
    assert query(trusted, ikeext.path).to_pylist() == [{"IsTrusted": True}]


@pytest.mark.parametrize("capture", known(), ids=lambda capture: capture.id)
@pytest.mark.parametrize("which", ["source", "shipped"])
def test_capture(real_data: Path, capture: Capture, which: str) -> None:
    rules = (require(real_data.parent / "seeds" / SOURCE_RULE),) if which == "source" else None
    judged = outcome(capture, rules)
    assert judged.failed == ()
    assert judged.verdict != "FALSE ALARM", [as_json(finding)["summary"] for finding in judged.alarms]
    if capture.id in MUST_FIND[which]:
        assert judged.verdict == "found"
    if which == "shipped" and capture.policy == "must_alert" and capture.source_host:
        assert unattributed(judged) == []


@pytest.mark.parametrize(
    ("capture", "channel"),
    [
        pytest.param(capture, channel, id=f"{capture.id}-{channel}")
        for capture in known()
        if capture.policy == "must_alert"
        for channel in sorted(capture.evidence)
    ],
)
def test_one_channel_alone(real_data: Path, capture: Capture, channel: str) -> None:
    """Every capture that must alert is found by Sysmon alone, and by Security alone, where that holds the evidence."""
    assert run(capture, None, [channel]).verdict == "found"


def test_the_labels_tell_which_channel_holds_the_evidence(real_data: Path) -> None:
    held = [capture.evidence for capture in captures(real_data) if capture.policy == "must_alert"]
    assert all(held)
    assert {channel for each in held for channel in each} == {"sysmon", "security"}


def test_there_are_captures_to_judge_by(real_data: Path) -> None:
    ids = {capture.id for capture in captures(real_data)}
    assert {name for names in MUST_FIND.values() for name in names} <= ids
