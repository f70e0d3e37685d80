"""A raw event read again by its source is the event that was imported."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile

import duckdb
import py7zr
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tiercel.telemetry import importer
from tiercel.telemetry.originals import read_originals

EVENTS = [
    {
        "EventID": 4624,
        "Channel": "Security",
        "Computer": "ws1",
        "TimeCreated": f"2021-03-04T10:00:0{number}Z",
        "EventRecordID": number,
        "TargetUserName": f"user {number} ü }}, {{ ]",
        "IpAddress": "10.0.0.9",
        "LogonType": "3",
    }
    for number in range(1, 6)
]
LINES = "\n\n".join(json.dumps(event, ensure_ascii=False) for event in EVENTS) + "\n"


def zipped(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("other.json", "{}")
        archive.writestr("in!ner#1.json", content)
    return buffer.getvalue()


def tarred(content):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("inner.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def seven_zipped(content):
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w") as archive:
        archive.writestr(content, "inner.json")
    return buffer.getvalue()


WRAPPINGS = {
    "lines": LINES.encode(),
    "with a mark": b"\xef\xbb\xbf" + LINES.encode(),
    "utf-16": LINES.encode("utf-16"),
    "gzip": gzip.compress(LINES.encode()),
    "zip": zipped(LINES.encode()),
    "zip in zip": zipped(zipped(LINES.encode())),
    "tar": tarred(LINES.encode()),
    "7z": seven_zipped(LINES.encode()),
    "array": json.dumps(EVENTS).encode(),
    "records": json.dumps({"records": EVENTS}, indent=1).encode(),
    "objects": "\n".join(json.dumps(event, indent=2) for event in EVENTS).encode(),
}


@pytest.mark.parametrize("content", WRAPPINGS.values(), ids=WRAPPINGS.keys())
def test_every_row_leads_back_to_its_event(content, tmp_path):
    (tmp_path / "a!log#.json").write_bytes(content)
    connection = duckdb.connect()
    importer.read([tmp_path / "a!log#.json"], connection)
    rows = connection.execute('SELECT "_Source", "AccountName" FROM "DeviceLogonEvents"').fetchall()
    assert len(rows) == 5
    originals = read_originals([source for source, _ in rows], [tmp_path.parent], longest=4000)
    for source, account in rows:
        assert json.loads(originals[source].text)["TargetUserName"] == account


def test_rows_of_tables_lead_back_to_theirs(tmp_path):
    names = ["one", "two, \u202e=1+1", "three"]
    rows = {
        "Timestamp": ["2021-03-04T10:00:00Z"] * 3,
        "DeviceId": ["d"] * 3,
        "DeviceName": ["ws1"] * 3,
        "ActionType": ["LogonSuccess"] * 3,
        "AccountName": names,
        "LogonType": ["Network"] * 3,
    }
    pq.write_table(pa.table(rows), tmp_path / "logons.parquet")
    lines = [",".join(rows), *(",".join(f'"{cell}"' for cell in row) for row in zip(*rows.values(), strict=True))]
    (tmp_path / "logons.csv").write_text("\r\n".join(lines), newline="")
    (tmp_path / "logons.csv.gz").write_bytes(gzip.compress((tmp_path / "logons.csv").read_bytes()))
    for name in ("logons.parquet", "logons.csv", "logons.csv.gz"):
        connection = duckdb.connect()
        importer.read([tmp_path / name], connection)
        sources = dict(connection.execute('SELECT "AccountName", "_Source" FROM "DeviceLogonEvents"').fetchall())
        originals = read_originals(sources.values(), [tmp_path], longest=4000)
        for account in names:
            assert json.loads(originals[sources[account]].text)["AccountName"] == account


def test_relative_files_are_found_from_their_folder_and_long_events_are_cut(tmp_path):
    (tmp_path / "log.json").write_text(LINES)
    originals = read_originals(["log.json#2"], [tmp_path / "elsewhere", tmp_path], longest=20)
    assert len(originals["log.json#2"].text) == 20
    assert originals["log.json#2"].length == len(json.dumps(EVENTS[1], ensure_ascii=False))


def test_what_is_not_there_says_why(tmp_path):
    (tmp_path / "log.json").write_text(LINES)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(LINES.encode())[:-20])
    (tmp_path / "other.txt").write_text("no telemetry")
    missing = {
        "gone.json#1": "not where it was",
        "log.json#9": "no such record",
        "log.json!member#1": "no such record",
        "other.txt#1": "no such record",
        "cut.gz#5": "",
        "derived from connections": "derived it",
        "\x00#1": "not where it was",
        "a" * 5000 + "#1": "not where it was",
    }
    originals = read_originals(missing, [tmp_path], longest=4000)
    for source, reason in missing.items():
        assert reason in originals[source].missing, source
        assert not originals[source].text, source


def test_events_of_event_logs_are_read_by_record_id(real_data, tmp_path):
    log = next((real_data / "mdec-scm-psexec").glob("*.evtx"))
    connection = duckdb.connect()
    importer.read([log], connection)
    rows = connection.execute('SELECT "_Source", "FileName" FROM "DeviceProcessEvents" LIMIT 5').fetchall()
    originals = read_originals([source for source, _ in rows], [tmp_path], longest=100_000)
    for source, name in rows:
        assert name in originals[source].text
