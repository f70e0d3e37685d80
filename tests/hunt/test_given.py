"""Tables and watchlists given as files: what is read of them, what a query says without them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import tiercel
from tiercel.cli import main
from tiercel.errors import InputError, RuleError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

EVENT = {
    "Channel": "Security",
    "EventID": 4688,
    "Hostname": "ws1",
    "EventTime": "2026-07-14 09:00:00",
    "NewProcessName": "C:\\Windows\\System32\\cmd.exe",
    "NewProcessId": "0x10",
    "ProcessId": "0x4",
    "SubjectUserName": "alice",
}


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    file = tmp_path / "log.json"
    file.write_text(json.dumps(EVENT) + "\n")
    return file


@pytest.fixture
def vip(tmp_path: Path) -> Path:
    file = tmp_path / "vip.csv"
    file.write_text('User,Tier,"a ""quoted"" name"\nalice,0,=cmd()\nbob,,\n')
    return file


def test_a_watchlist_is_texts_and_has_a_search_key(logs: Path, vip: Path) -> None:
    kql = "_GetWatchlist('vip') | project-away LastUpdatedTimeUTC"
    rows = tiercel.query(kql, logs, watchlists={"VIP": vip})
    assert rows.to_pylist() == [
        {"_DTItemId": "1", "SearchKey": "alice", "User": "alice", "Tier": "0", 'a "quoted" name': "=cmd()"},
        {"_DTItemId": "2", "SearchKey": "bob", "User": "bob", "Tier": "", 'a "quoted" name': ""},
    ]


def test_a_rule_joins_a_watchlist(logs: Path, vip: Path) -> None:
    kql = """
    DeviceProcessEvents
    | where AccountName in~ ((_GetWatchlist('VIP') | where Tier == 0 | project SearchKey))
    | project FileName
    """
    assert tiercel.query(kql, logs, watchlists={"VIP": vip}).to_pylist() == [{"FileName": "cmd.exe"}]


def test_a_watchlist_that_is_not_given_says_how(logs: Path, vip: Path) -> None:
    with pytest.raises(RuleError) as failed:
        tiercel.query("_GetWatchlist('VIPs')", logs, watchlists={"VIP": vip})
    (issue,) = failed.value.issues
    assert (issue.code, issue.hint) == (
        "kql-unknown-table",
        "give its rows: --watchlist VIPs=FILE.csv; given are: VIP",
    )


def test_a_published_table_has_its_columns_and_the_files(logs: Path, tmp_path: Path) -> None:
    file = tmp_path / "sign-ins.jsonl"
    given = {"TimeGenerated": "2026-07-14T09:00:00+02:00", "ResultType": 0, "DeviceDetail": {"os": "x"}, "Own": [1]}
    file.write_text(json.dumps(given) + "\n" + json.dumps({"ResultType": "50126"}) + "\n")
    kql = "SigninLogs | project TimeGenerated, ResultType, DeviceDetail.os, UserPrincipalName, Own | sort by ResultType"
    rows = tiercel.query(kql, logs, tables={"SigninLogs": file}).to_pylist()
    assert str(rows[1]["TimeGenerated"]) == "2026-07-14 07:00:00"
    assert [list(row.values())[1:] for row in rows] == [["50126", None, "", None], ["0", '"x"', "", "[1]"]]


def test_any_other_table_is_what_the_file_holds(logs: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("Name,Count,Seen\na,3,2026-07-14 09:00:00\n")
    rows = tiercel.query("Own_CL | getschema | project ColumnName, ColumnType", logs, tables={"Own_CL": file})
    assert [tuple(row.values()) for row in rows.to_pylist()] == [
        ("Name", "string"),
        ("Count", "long"),
        ("Seen", "datetime"),
    ]


def test_a_text_is_a_row_a_line(logs: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.txt"
    copy.write_text('1.1.1.1\n# a note, with "quotes"\n2.2.2.2\n')
    query = 'externaldata(Ip:string) ["https://x.example/ips.txt"] | where Ip !startswith "#" | sort by Ip asc'
    found = tiercel.query(query, logs, tables={"ips.txt": copy})
    assert found.column("Ip").to_pylist() == ["1.1.1.1", "2.2.2.2"]


def test_prevalence_that_is_given_is_used(logs: Path, tmp_path: Path) -> None:
    file = tmp_path / "files.csv"
    file.write_text("SHA1,GlobalPrevalence,IsCertificateValid\nabc,5,true\n")
    kql = "print SHA1 = 'abc' | invoke FileProfile() | project GlobalPrevalence, IsCertificateValid"
    rows = tiercel.query(kql, logs, tables={"FileProfile": file}).to_pylist()
    assert rows == [{"GlobalPrevalence": 5, "IsCertificateValid": True}]


def test_files_that_are_no_tables(logs: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.parquet"
    file.write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"broken\.parquet: not readable as a table"):
        tiercel.query("T", logs, tables={"T": file})
    with pytest.raises(InputError, match="a table is read from"):
        tiercel.query("T", logs, tables={"T": logs.with_suffix(".docx")})
    with pytest.raises(UsageError, match="DeviceEvents is filled from telemetry"):
        tiercel.query("DeviceEvents", logs, tables={"DeviceEvents": file})


def test_columns_from_the_rows(logs: Path) -> None:
    kql = 'DeviceProcessEvents | project p = parse_json(\'{"a": 1, "b": "x"}\') | evaluate bag_unpack(p)'
    assert tiercel.query(kql, logs).to_pylist() == [{"a": 1, "b": "x"}]


def test_the_command_says_which_tables_are_empty(logs: Path, vip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kql = (
        "SigninLogs | join kind=leftanti (_GetWatchlist('VIP')) on $left.UserPrincipalName == $right.SearchKey | count"
    )
    assert main(["query", kql, str(logs), "--watchlist", f"VIP={vip}"]) == 0
    told = capsys.readouterr().err
    assert "SigninLogs holds no rows" in told
    assert "VIP" not in told
    for wrong in ("VIP", "VIP=", "VIP=nowhere.csv"):
        assert main(["query", kql, str(logs), "--watchlist", wrong]) == 2
