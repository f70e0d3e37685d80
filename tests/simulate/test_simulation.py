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
from tiercel.tables.lake import Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Simulated

SMALL = {"hosts": 8, "seed": 3}


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("written_as", [Format.SYSMON, Format.DEFENDER, Format.BOTH, Format.PARQUET])
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


@pytest.fixture(scope="module")
def times(simulated: Simulated) -> dict[tuple[str, str], list[datetime]]:
    """When each device's events of each source were written."""
    found: dict[tuple[str, str], list[datetime]] = {}
    for event in simulated.events:
        device = event["winlog"]["computer_name"].partition(".")[0]
        found.setdefault((device, source(event["winlog"])), []).append(datetime.fromisoformat(event["@timestamp"]))
    return found


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_ground_truth_is_in_the_events(
    simulated: Simulated, times: dict[tuple[str, str], list[datetime]], name: str
) -> None:
    for entry in simulated.attacks[name]["evidence"]:
        happened = datetime.fromisoformat(entry["time"])
        for place in entry["written"]:
            device, expected = place.split()
            if ":" in expected:
                lags = [(time - happened).total_seconds() for time in times[device, expected]]
                assert any(-0.01 <= lag <= 2.0 for lag in lags), (entry, place)


def logs(simulated: Simulated) -> list[dict[str, Any]]:
    return [event["winlog"] for event in simulated.events]


def source(log: dict[str, Any]) -> str:
    channel = "sysmon" if "Sysmon" in log["channel"] else log["channel"].lower()
    return f"{channel}:{log['event_id']}"


def test_ground_truth_stands_beside_the_records(simulated: Simulated) -> None:
    document = json.loads((simulated.folder / "ground-truth.json").read_bytes())
    assert {attack["scenario"]: attack for attack in document["attacks"]} == simulated.attacks


def test_every_record_is_of_a_known_kind(simulated: Simulated) -> None:
    for path in simulated.folder.glob("defender/*.jsonl"):
        for line in path.read_bytes().splitlines():
            record = json.loads(line)
            table = TABLES[record["category"].removeprefix("AdvancedHunting-")]
            assert list(record["properties"]) == [column.name for column in table.columns]
    assert {source(log) for log in logs(simulated)} >= {"sysmon:1", "sysmon:18", "security:4698", "system:7045"}


def test_an_attack_names_the_process_that_its_events_name(simulated: Simulated) -> None:
    created = {
        (log["event_data"]["ProcessId"], log["event_data"]["UtcTime"], log["computer_name"]): log["event_data"]
        for log in logs(simulated)
        if source(log) == "sysmon:1"
    }
    for name, attack in simulated.attacks.items():
        child = attack["child"]
        if child:
            started = child["started"].replace("T", " ").rstrip("Z")
            data = created[str(child["pid"]), started, attack["target"]["device"]]
            assert data["CommandLine"] == child["command_line"], name
            assert data["LogonId"] == child["logon_id"], name


def test_record_ids_rise_with_time_in_every_log(simulated: Simulated) -> None:
    last: dict[tuple[str, str], int] = {}
    for log in logs(simulated):
        key = (log["computer_name"], log["channel"])
        assert log["record_id"] > last.get(key, 0)
        last[key] = log["record_id"]


def test_a_process_guid_carries_the_start(simulated: Simulated) -> None:
    for log in logs(simulated):
        if source(log) == "sysmon:1":
            data = log["event_data"]
            low, high = data["ProcessGuid"].split("-")[1:3]
            started = datetime.fromisoformat(data["UtcTime"] + "+00:00").timestamp()
            assert int(high + low, 16) == int(started)


def test_sysmon_3_comes_late_and_by_its_own_clock(simulated: Simulated) -> None:
    offsets: dict[str, list[float]] = {}
    for event in simulated.events:
        if source(event["winlog"]) == "sysmon:3":
            utc = datetime.fromisoformat(event["winlog"]["event_data"]["UtcTime"] + "+00:00")
            lag = (datetime.fromisoformat(event["@timestamp"]) - utc).total_seconds()
            offsets.setdefault(event["winlog"]["computer_name"], []).append(lag)
    assert len(offsets) == 84
    for lags in offsets.values():
        assert max(lags) - min(lags) < 1.3
    assert sum(abs(min(lags) - 0.7) > 1.5 for lags in offsets.values()) > 10


def test_an_older_sysmon_swaps_the_sides_of_an_inbound_connection(simulated: Simulated) -> None:
    ports: dict[str, set[str]] = {}
    for log in logs(simulated):
        data = log["event_data"]
        if source(log) == "sysmon:3" and data["Initiated"] == "false" and data["Image"] == "System":
            side = "source" if data["SourcePort"] in {"445", "5985"} else "destination"
            ports.setdefault(log["computer_name"], set()).add(side)
    assert all(len(sides) == 1 for sides in ports.values())
    assert set.union(*ports.values()) == {"source", "destination"}


def test_parquet_has_the_columns_of_the_tables(tmp_path: Path) -> None:
    simulate(tmp_path, **SMALL, attacks=["scm"], written_as=Format.PARQUET)
    found = set()
    for path in tmp_path.glob("*/day=*/*.parquet"):
        table = TABLES[path.parent.parent.name]
        found.add(table.name)
        assert pq.read_schema(path).names == [column.name for column in (*table.columns, *table.hidden)]
    assert {"DeviceProcessEvents", "DeviceNetworkEvents", "DeviceLogonEvents", "DeviceEvents"} <= found


def test_a_lake_holds_the_same_rows(tmp_path: Path) -> None:
    parquet = simulate(tmp_path / "parquet", **SMALL, attacks=["dcom"], written_as=Format.PARQUET)
    lake = simulate(tmp_path / "lake", **SMALL, attacks=["dcom"], written_as=Format.LAKE)
    assert lake.records == parquet.records
    assert lake.attacks == parquet.attacks
    stored = Dataset.open(tmp_path / "lake")
    for table in ("DeviceProcessEvents", "DeviceNetworkEvents", "DeviceFileCertificateInfo"):
        rows = sum(pq.read_metadata(path).num_rows for path in (tmp_path / "parquet" / table).rglob("*.parquet"))
        assert stored.rows(table) == rows
    with pytest.raises(UsageError, match="a lake already"):
        simulate(tmp_path / "lake", **SMALL, written_as=Format.LAKE)


def test_management_is_only_written_on_request(tmp_path: Path) -> None:
    def remote_starts(managed: bool) -> int:
        simulate(tmp_path, hosts=40, managed=managed, written_as=Format.DEFENDER)
        text = (tmp_path / "defender" / "DeviceProcessEvents-000.jsonl").read_text()
        return text.count("DeployRunner-1.exe") + text.count("inventory.cmd")

    assert remote_starts(managed=False) == 0
    assert json.loads((tmp_path / "ground-truth.json").read_bytes())["management"] == []
    assert remote_starts(managed=True) > 0
    managers = json.loads((tmp_path / "ground-truth.json").read_bytes())["management"]
    assert {manager["role"] for manager in managers} == {"monitoring", "deployment"}


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
