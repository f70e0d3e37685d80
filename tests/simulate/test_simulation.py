"""What a simulation writes: the same bytes for the same seed, and a truth that its own records bear out."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from tiercel.errors import UsageError
from tiercel.simulate import SCENARIOS, Format, simulate
from tiercel.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

SMALL = {"hosts": 14, "seed": 3}


def events(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted(folder.glob("winlogbeat/*.ndjson"))
        for line in path.read_bytes().splitlines()
    ]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("written_as", list(Format))
def test_same_seed_same_bytes(tmp_path: Path, written_as: Format) -> None:
    for name in ("one", "two"):
        simulate(tmp_path / name, **SMALL, attacks=["dcom", "scm"], written_as=written_as)
    first, second = bytes_of(tmp_path / "one"), bytes_of(tmp_path / "two")
    assert first == second
    assert len(first) > 1


def test_another_seed_is_another_fleet(tmp_path: Path) -> None:
    simulate(tmp_path / "one", hosts=8, seed=1)
    simulate(tmp_path / "two", hosts=8, seed=2)
    assert bytes_of(tmp_path / "one") != bytes_of(tmp_path / "two")


def test_an_attack_does_not_change_the_noise(tmp_path: Path) -> None:
    simulate(tmp_path / "quiet", **SMALL, written_as=Format.DEFENDER)
    attacked = simulate(tmp_path / "attacked", **SMALL, attacks=["dcom"], written_as=Format.DEFENDER)

    def starts(name: str) -> set[tuple[str, str, str]]:
        lines = (tmp_path / name / "defender" / "DeviceProcessEvents-000.jsonl").read_bytes().splitlines()
        rows = [json.loads(line)["properties"] for line in lines]
        return {(row["Timestamp"], row["DeviceName"], row["ProcessCommandLine"]) for row in rows}

    more = starts("attacked") - starts("quiet")
    assert starts("quiet") < starts("attacked")
    told = [entry for entry in attacked.attacks[0]["evidence"] if entry["kind"] == "Start"]
    assert len(more) == len(told)


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_ground_truth_is_in_the_records(tmp_path: Path, name: str) -> None:
    attack = simulate(tmp_path, **SMALL, attacks=[name], written_as=Format.SYSMON).attacks[0]
    written = events(tmp_path)
    assert json.loads((tmp_path / "ground-truth.json").read_bytes())["attacks"] == [attack]
    for entry in attack["evidence"]:
        for place in entry["written"]:
            device, source = place.split()
            assert any(matches(event, device, source, entry["time"]) for event in written), (entry["step"], place)


def matches(event: dict[str, Any], device: str, source: str, time: str) -> bool:
    """Whether an event is that source's record of something at that time on that device."""
    channel, event_id = source.split(":")
    log = event["winlog"]
    here = log["computer_name"].startswith(f"{device}.") and log["event_id"] == int(event_id)
    if not here or channel not in log["channel"].lower():
        return False
    late = datetime.fromisoformat(event["@timestamp"]) - datetime.fromisoformat(time)
    return -0.01 <= late.total_seconds() <= 2.0


def test_a_process_guid_carries_the_start(tmp_path: Path) -> None:
    simulate(tmp_path, **SMALL)
    seen = 0
    for event in events(tmp_path):
        data = event["winlog"]["event_data"]
        if event["winlog"]["event_id"] == 1:
            low, high = data["ProcessGuid"].split("-")[1:3]
            started = datetime.fromisoformat(data["UtcTime"] + "+00:00").timestamp()
            assert int(high + low, 16) == int(started)
            seen += 1
    assert seen > 100


def test_sysmon_3_comes_late_and_by_its_own_clock(tmp_path: Path) -> None:
    simulate(tmp_path, **SMALL)
    offsets: dict[str, list[float]] = {}
    for event in events(tmp_path):
        if event["winlog"]["event_id"] == 3:
            utc = datetime.fromisoformat(event["winlog"]["event_data"]["UtcTime"] + "+00:00")
            lag = (datetime.fromisoformat(event["@timestamp"]) - utc).total_seconds()
            offsets.setdefault(event["winlog"]["computer_name"], []).append(lag)
    assert len(offsets) == SMALL["hosts"]
    for lags in offsets.values():
        assert max(lags) - min(lags) < 1.3
    assert any(abs(min(lags)) > 1.5 for lags in offsets.values())


def test_parquet_has_the_columns_of_the_tables(tmp_path: Path) -> None:
    simulate(tmp_path, **SMALL, attacks=["scm"], written_as=Format.PARQUET)
    found = set()
    for path in tmp_path.glob("*/day=*/*.parquet"):
        table = TABLES[path.parent.parent.name]
        found.add(table.name)
        assert pq.read_schema(path).names == [column.name for column in (*table.columns, *table.hidden)]
    assert {"DeviceProcessEvents", "DeviceNetworkEvents", "DeviceLogonEvents", "DeviceEvents"} <= found


def test_management_is_only_written_on_request(tmp_path: Path) -> None:
    def remote_starts(managed: bool) -> int:
        simulate(tmp_path, hosts=40, managed=managed)
        return sum(
            "PDQDeployRunner" in json.dumps(event) or "inventory.cmd" in json.dumps(event) for event in events(tmp_path)
        )

    assert remote_starts(managed=False) == 0
    assert remote_starts(managed=True) > 0


def test_an_unknown_scenario_is_named_with_its_neighbour(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean dcom"):
        simulate(tmp_path, attacks=["dcon"])


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        simulate(tmp_path, hosts=8)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_second_simulation_replaces_the_first(tmp_path: Path) -> None:
    simulate(tmp_path, hosts=8, written_as=Format.DEFENDER)
    simulate(tmp_path, hosts=8, written_as=Format.SYSMON)
    assert not list(tmp_path.glob("defender/*.jsonl"))


def test_too_small_a_fleet_for_its_attacks(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="more --hosts"):
        simulate(tmp_path, hosts=4, attacks=["dcom", "scm", "dcom"])
