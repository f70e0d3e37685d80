"""The same events in every wrapping: known by content, read alike."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import py7zr
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVENTS = [
    {
        "EventID": 4624,
        "Channel": "Security",
        "Computer": "ws1",
        "TimeCreated": f"2021-03-04T10:00:0{number}Z",
        "EventRecordID": number,
        "TargetUserName": f"user {number} ü }}, {{ ]",
        "LogonType": "3",
        "Nested": [{"a": 1}, {"a": 2}],
    }
    for number in range(1, 6)
]
LINES = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in EVENTS)


def zipped(content: bytes, name: str = "inner.json", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def tarred(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("inner.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def seven_zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w") as archive:
        archive.writestr(content, "inner.json")
    return buffer.getvalue()


WRAPPINGS: dict[str, Callable[[], bytes]] = {
    "json lines": LINES.encode,
    "without a last line end": lambda: LINES.rstrip().encode(),
    "line ends of Windows": lambda: LINES.replace("\n", "\r\n").encode(),
    "blank lines": lambda: LINES.replace("\n", "\n\n \r\n").encode(),
    "byte order mark": lambda: b"\xef\xbb\xbf" + LINES.encode(),
    "utf-16 with a mark": lambda: LINES.encode("utf-16"),
    "utf-16 without a mark": lambda: LINES.encode("utf-16-le"),
    "utf-16 big-endian": lambda: b"\xfe\xff" + LINES.encode("utf-16-be"),
    "array": lambda: json.dumps(EVENTS).encode(),
    "pretty array": lambda: json.dumps(EVENTS, indent=2).encode(),
    "pretty objects": lambda: "\n".join(json.dumps(event, indent=2) for event in EVENTS).encode(),
    "records wrapped": lambda: json.dumps({"records": EVENTS}).encode(),
    "wrapped twice": lambda: "\n".join(json.dumps({"records": part}) for part in (EVENTS[:2], EVENTS[2:])).encode(),
    "gzip": lambda: gzip.compress(LINES.encode()),
    "zip": lambda: zipped(LINES.encode()),
    "zip, bzip2": lambda: zipped(LINES.encode(), method=zipfile.ZIP_BZIP2),
    "zip in a zip": lambda: zipped(zipped(LINES.encode()), "inner.zip"),
    "gzip in a zip": lambda: zipped(gzip.compress(LINES.encode()), "inner.gz"),
    "tar.gz": lambda: tarred(LINES.encode()),
    "7z": lambda: seven_zipped(LINES.encode()),
    "array in a zip": lambda: zipped(json.dumps(EVENTS).encode()),
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_read_alike(wrapping: str, tmp_path: Path, imported: Any) -> None:
    file = tmp_path / "a name that says nothing[1].log"
    file.write_bytes(WRAPPINGS[wrapping]())
    result = imported(file)
    rows = result.rows('SELECT "AccountName", "_Source" FROM DeviceLogonEvents ORDER BY "Timestamp"')
    assert [row["AccountName"] for row in rows] == [event["TargetUserName"] for event in EVENTS]
    assert [row["_Source"].rsplit("#", 1)[1] for row in rows] == ["1", "2", "3", "4", "5"]
    assert result.report.read == result.report.kept == 5
    assert not result.report.issues


def test_source_names_archive_and_member(tmp_path: Path, imported: Any) -> None:
    file = tmp_path / "outer.zip"
    file.write_bytes(zipped(zipped(LINES.encode()), "inner.zip"))
    rows = imported(file).rows('SELECT "_Source" FROM DeviceLogonEvents ORDER BY "Timestamp" LIMIT 1')
    assert rows == [{"_Source": f"{file}!inner.zip!inner.json#1"}]


def test_what_is_no_telemetry_is_listed_with_the_reason(tmp_path: Path, imported: Any) -> None:
    (tmp_path / "README.md").write_text("# Logs\nnothing here")
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (tmp_path / "empty.json").write_bytes(b"")
    (tmp_path / "packed.bz2").write_bytes(bz2.compress(LINES.encode()))
    (tmp_path / "labels.json").write_text(
        json.dumps([{"id": "x", "event_ids": {"sysmon:1": 2}}, {"id": "y"}], indent=1)
    )
    (tmp_path / "events.json").write_text(LINES)
    result = imported(tmp_path)
    told = {file.path.rsplit("/", 1)[1]: (file.read, file.kept, file.reason) for file in result.report.files}
    assert told["README.md"] == (0, 0, "no known format of telemetry")
    assert told["image.png"] == (0, 0, "no known format of telemetry")
    assert told["empty.json"] == (0, 0, "empty")
    assert told["packed.bz2"] == (0, 0, "no known format of telemetry")
    assert told["labels.json"] == (2, 0, "")
    assert told["events.json"] == (5, 5, "")
    assert result.report.skipped == {"no Windows event": 2}


def test_large_arrays_are_cut_between_elements(tmp_path: Path, imported: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.telemetry.readers.json_array._CHUNK", 700)
    file = tmp_path / "array.json"
    file.write_text(json.dumps(EVENTS * 20))
    result = imported(file)
    assert result.report.read == 100
    assert result.report.skipped == {"the same record again": 95}


def test_parquet_of_a_table(tmp_path: Path, imported: Any) -> None:
    columns = {
        "Timestamp": pa.array([1614852000000000], pa.timestamp("us")),
        "DeviceId": ["d1"],
        "DeviceName": ["ws1"],
        "ActionType": ["ProcessCreated"],
        "FileName": ["a.exe"],
        "ProcessId": pa.array([7], pa.int64()),
        "InitiatingProcessId": pa.array([None], pa.int64()),
        "_Source": [""],
    }
    file = tmp_path / "part.bin"
    pq.write_table(pa.table(columns), file)
    (tmp_path / "packed.zip").write_bytes(zipped(file.read_bytes(), "part.parquet"))
    result = imported(tmp_path)
    rows = result.rows(
        'SELECT "FileName", "ProcessId", "InitiatingProcessId", "SHA1", "_Source" FROM DeviceProcessEvents'
    )
    empty = {"FileName": "a.exe", "ProcessId": 7, "InitiatingProcessId": None, "SHA1": ""}
    assert rows == [{**empty, "_Source": f"{tmp_path}/packed.zip!part.parquet#1"}, {**empty, "_Source": f"{file}#1"}]


CSV_HEADER = "Timestamp,DeviceId,DeviceName,ActionType,LogonType,AccountName,IsLocalAdmin,LogonId,AdditionalFields\n"


@pytest.mark.parametrize(
    ("times", "first"),
    [
        (["2023-12-11T14:42:09.7617248Z", "2023-12-11T14:42:10Z"], "2023-12-11 14:42:09.761724"),
        (['"13/03/2024, 3:40:13.988 pm"', '"01/03/2024, 3:40:13.988 pm"'], "2024-03-13 15:40:13.988000"),
        (['"03/13/2024 15:40:13"', '"03/01/2024 15:40:13"'], "2024-03-13 15:40:13"),
        (['"Apr 15, 2024 11:09:27 AM"', '"Apr 2, 2024 11:09:27 PM"'], "2024-04-15 11:09:27"),
    ],
)
def test_portal_csv(times: list[str], first: str, tmp_path: Path, imported: Any) -> None:
    file = tmp_path / "export.csv"
    rows = "".join(f'{time},d1,ws1,LogonSuccess,Network,alice,True,99,"{{""a"":""x,\ny""}}"\n' for time in times)
    file.write_text(CSV_HEADER + rows)
    result = imported(file)
    assert not result.report.issues
    told = result.rows(
        'SELECT "Timestamp"::VARCHAR AS t, "IsLocalAdmin", "LogonId", "AdditionalFields", "_Source"'
        " FROM DeviceLogonEvents"
    )
    assert told[0]["t"].rstrip("0") == first.rstrip("0")
    assert told[0]["IsLocalAdmin"] is True
    assert told[0]["LogonId"] == 99
    assert json.loads(told[0]["AdditionalFields"], strict=False) == {"a": "x,\ny"}
    assert [row["_Source"] for row in told] == [f"{file}#1", f"{file}#2"]


@pytest.mark.parametrize(
    ("header", "row", "says"),
    [
        (CSV_HEADER, '"03/04/2024, 3:40:13 pm",d1,ws1,LogonSuccess,Network,alice,,,\n', "day-first or month-first"),
        ("Event Time,Machine Id,Computer Name,Action Type\n", "2024-01-01,a,b,c\n", "device timeline"),
        ("Timestamp,DeviceName,a,b\n", "2024-01-01,a,b,c\n", "no one table's"),
    ],
)
def test_csv_that_is_refused(header: str, row: str, says: str, tmp_path: Path, imported: Any) -> None:
    (tmp_path / "export.csv").write_text(header + row)
    result = imported(tmp_path)
    assert says in result.report.files[0].reason
    assert "import-unreadable" in result.codes()
    assert result.report.read == 0


def test_an_export_that_was_cut_is_told(tmp_path: Path, imported: Any) -> None:
    (tmp_path / "export.csv").write_text(CSV_HEADER + "2024-01-01,d1,ws1,LogonSuccess,Network,alice,,,\n" * 10_000)
    result = imported(tmp_path)
    assert result.report.kept == 10_000
    assert "import-cut-export" in result.codes()


WITHIN_A_TEXT = [
    '"AdvancedHunting-DeviceEvents',
    '"category": "AdvancedHunting-DeviceEvents',
    '"winlog.event_id": 1, "winlog": {',
    '"event_data.Image": "x", "event_data": {',
    '"_source": {"Event": {',
]
"""What wrappings are known by, as a user name that its owner may choose."""


@pytest.mark.parametrize("name", WITHIN_A_TEXT)
def test_what_stands_within_a_text_is_no_wrapping(name: str, tmp_path: Path, imported: Any) -> None:
    flat = {**EVENTS[0], "TargetUserName": name}
    header = {"event_id": 4624, "channel": "Security", "computer_name": "ws2", "record_id": 7}
    own = {"TargetUserName": name, "LogonType": "3"}
    nested = {"message": name, "@timestamp": "2021-03-04T10:00:00Z", "winlog": {**header, "event_data": own}}
    (tmp_path / "a.json").write_text(json.dumps(flat) + "\n" + json.dumps(nested) + "\n")
    found = imported(tmp_path / "a.json")
    assert found.report.kept == 2
    assert found.rows("SELECT AccountName FROM DeviceLogonEvents") == [{"AccountName": name.lower()}] * 2
