"""Every combination of scenario and variant, and what each variant changes in the records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tiercel.errors import UsageError
from tiercel.simulate import SCENARIOS, write_matrix
from tiercel.simulate.matrix import combinations
from tiercel.simulate.scenario import varied

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = ("scm-tcp", "wmi-process", "scm-after-reboot", "like-local-psexec")


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("matrix")
    write_matrix(folder, scenarios=[SCENARIOS[name] for name in WRITTEN])
    return folder


def logs(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("winlogbeat/*.ndjson"))
    return [json.loads(line)["winlog"] for file in files for line in file.read_bytes().splitlines()]


def truth(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "ground-truth.json").read_bytes())["attacks"][0]
    return document


@pytest.mark.parametrize("combination", combinations(), ids=lambda combination: combination.folder)
def test_every_step_has_a_label_and_every_label_a_step(combination: Any) -> None:
    told = varied(combination.scenario, combination.variant)
    labels = [step.label for step in told.story.steps]
    assert all(labels)
    assert len(labels) == len(set(labels))
    for named in (told.child, told.service):
        assert not named or named in labels


def test_combinations_have_folders_of_their_own() -> None:
    folders = [combination.folder for combination in combinations()]
    assert len(folders) == len(set(folders))
    assert len({folder.partition("/")[0] for folder in folders}) == len(SCENARIOS)


def test_every_combination_is_written(matrix: Path) -> None:
    index = json.loads((matrix / "matrix.json").read_bytes())
    expected = [combination.folder for combination in combinations([SCENARIOS[name] for name in WRITTEN])]
    assert [entry["folder"] for entry in index] == expected
    for entry in index:
        folder = matrix / entry["folder"]
        assert truth(folder)["target"] == entry["target"]
        assert any(folder.glob("*/*.ndjson")) or any(folder.glob("*/*.jsonl"))


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        folder = tmp_path / name
        write_matrix(
            folder, scenarios=[SCENARIOS["scm-tcp"]], variants=("plain", "nat", "two-callers", "defender-only")
        )
        contents.append({path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()})
    assert contents[0] == contents[1]
    assert len(contents[0]) > 8


@pytest.mark.parametrize(
    ("variant", "channels"),
    [
        ("plain", {"Microsoft-Windows-Sysmon/Operational", "Security", "System"}),
        ("sysmon-only", {"Microsoft-Windows-Sysmon/Operational"}),
        ("security-only", {"Security", "System"}),
        ("defender-only", set()),
    ],
)
def test_a_source_alone(matrix: Path, variant: str, channels: set[str]) -> None:
    folder = matrix / "scm-tcp" / variant
    assert {log["channel"] for log in logs(folder)} == channels
    assert (folder / "defender").exists() == (variant == "defender-only")


def test_no_connection_is_logged_where_all_are_lost(matrix: Path) -> None:
    folder = matrix / "scm-tcp" / "no-connection"
    attack = truth(folder)
    assert attack["source"]["ip"] not in {
        log["event_data"]["SourceIp"]
        for log in logs(folder)
        if log["event_id"] == 3 and log["computer_name"] == attack["target"]["device"]
    }
    lost = [entry for entry in attack["evidence"] if entry["kind"] == "Connect"]
    assert lost
    assert not any(entry["written"] for entry in lost)
    assert all(entry["withheld"] for entry in lost)


def test_behind_a_gateway_the_target_sees_another_address(matrix: Path) -> None:
    folder = matrix / "scm-tcp" / "nat"
    attack = truth(folder)
    target = attack["target"]["device"]
    seen = {
        log["event_data"]["IpAddress"]
        for log in logs(folder)
        if log["event_id"] == 4624 and log["computer_name"] == target
    }
    assert "10.20.250.1" in seen
    assert attack["source"]["ip"] not in seen


def test_a_clock_is_off_by_what_the_variant_says(matrix: Path) -> None:
    folder = matrix / "scm-tcp" / "clock-12s"
    attack = truth(folder)
    accepted = next(entry for entry in attack["evidence"] if entry["step"] == "service manager")
    stamped = [
        log["event_data"]["UtcTime"]
        for log in logs(folder)
        if log["event_id"] == 3
        and log["computer_name"] == attack["target"]["device"]
        and log["event_data"]["Image"].endswith("services.exe")
    ]
    assert len(stamped) == 1
    seconds = [float(text.rpartition(":")[2].rstrip("Z")) for text in (accepted["time"], stamped[0])]
    assert (seconds[0] - seconds[1]) % 60 == pytest.approx(12, abs=0.002)


def test_bare_events_name_no_parent(matrix: Path) -> None:
    created = [log["event_data"] for log in logs(matrix / "scm-tcp" / "bare-security") if log["event_id"] == 4688]
    assert created
    assert not any("ParentProcessName" in data or "CommandLine" in data for data in created)


def test_a_service_starts_after_the_reboot(matrix: Path) -> None:
    folder = matrix / "scm-after-reboot" / "plain"
    attack = truth(folder)
    created = [log["event_data"] for log in logs(folder) if log["event_id"] == 1]
    child = next(data for data in created if data["CommandLine"] == attack["child"]["command_line"])
    parent = next(data for data in created if data["ProcessGuid"] == child["ParentProcessGuid"])
    assert parent["Image"].endswith("services.exe")
    assert attack["service"]["installed"] < parent["UtcTime"].replace(" ", "T") < attack["child"]["started"]


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        write_matrix(tmp_path)
