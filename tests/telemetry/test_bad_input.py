"""Hostile and damaged inputs: each is told with its place, and the rest is read all the same."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import require

from tiercel.errors import UsageError
from tiercel.telemetry.archives import documents
from tiercel.telemetry.inputs import Limits

if TYPE_CHECKING:
    from pathlib import Path

GOOD = (
    '{"EventID": 4624, "Channel": "Security", "Computer": "ws1",'
    ' "TimeCreated": "2021-03-04T10:00:00Z", "EventRecordID": %d}'
)


def lines(*between: bytes) -> bytes:
    """A good line, those between, a good line."""
    return b"\n".join([(GOOD % 1).encode(), *between, (GOOD % 2).encode()]) + b"\n"


@pytest.mark.parametrize(
    ("damage", "skipped"),
    [
        (b"{bad", {"not JSON": 1}),
        (b'{"EventID": 4624, "Channel": "Security", "Computer": ', {"not JSON": 1}),
        (b"hello", {"not JSON": 1}),
        (b"\xff\xfe\x00\x01", {"not JSON": 1}),
        (b"\x00" * 40, {}),
        (b"[" * 100_000, {"not JSON": 1}),
        (b'{"EventID": 4624, "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", {"event id not used": 1}),
        (b'{"some": "object"}', {"no Windows event": 1}),
        (b"42", {"no Windows event": 1}),
        (b'{"EventID": 4624, "Channel": "Security"}', {"no time that can be read": 1}),
        (b'{"EventID": {"a": {"b": 4624}}, "Channel": "Security"}', {"event id not used": 1}),
        (b'{"EventID": "4624x", "Channel": "Security"}', {"event id not used": 1}),
        (b'{"EventID": 99999999999999999999, "Channel": "Security"}', {"event id not used": 1}),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else "",
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_damaged_line_costs_only_itself(
    damage: bytes, skipped: dict[str, int], packed: bool, tmp_path: Path, imported: Any
) -> None:
    content = lines(damage)
    (tmp_path / "log").write_bytes(gzip.compress(content) if packed else content)
    result = imported(tmp_path)
    assert [row["ReportId"] for row in result.rows('SELECT "ReportId" FROM DeviceLogonEvents ORDER BY 1')] == [12, 22]
    assert result.report.skipped == skipped


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (b"lone \\ud800 surrogate", "lone ? surrogate"),
        (b"raw \x01 control", "raw \x01 control"),
        (b"raw\ttab", "raw\ttab"),
        (b"caf\xe9", "caf\ufffd"),
        ("\U0001f600 \u202e".encode(), "\U0001f600 \u202e"),
        (b"\\u0000 nul", "\x00 nul"),
        (b"'; DROP TABLE DeviceLogonEvents; --", "'; drop table devicelogonevents; --"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_an_attackers_text_cannot_hide_its_event(value: bytes, stored: str, tmp_path: Path, imported: Any) -> None:
    line = (GOOD % 3).encode()[:-1] + b', "TargetUserName": "' + value + b'"}'
    (tmp_path / "log").write_bytes(lines(line))
    result = imported(tmp_path)
    rows = result.rows('SELECT "AccountName" FROM DeviceLogonEvents ORDER BY "ReportId"')
    assert [row["AccountName"] for row in rows] == ["", "", stored]
    assert result.report.kept == 3


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_line_of_200_mb_is_skipped_with_its_place(packed: bool, tmp_path: Path, imported: Any) -> None:
    file = tmp_path / "log"
    with gzip.open(file, "wb", 1) if packed else file.open("wb") as stream:
        stream.write((GOOD % 1).encode() + b'\n{"EventID": 4624, "x": "')
        for _ in range(200):
            stream.write(b"x" * (1 << 20))
        stream.write(b'"}\n' + (GOOD % 2).encode() + b"\n")
    result = imported(file)
    assert result.report.skipped == {"record longer than 16 MB": 1}
    assert result.report.kept == 2
    issue = next(issue for issue in result.report.issues if issue.code == "import-long-record")
    assert f"{file}#2" in issue.message


def test_a_zip_bomb_is_bounded_and_the_next_file_read(tmp_path: Path, imported: Any) -> None:
    with (
        zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("bomb.json", "w") as member,
    ):
        member.write((GOOD % 1).encode() + b"\n")
        block = b"0" * (1 << 20)
        for _ in range(300):
            member.write(block)
    (tmp_path / "b.json").write_text(GOOD % 2 + "\n")
    result = imported(tmp_path)
    assert [row["ReportId"] for row in result.rows('SELECT "ReportId" FROM DeviceLogonEvents ORDER BY 1')] == [12, 22]
    issue = next(issue for issue in result.report.issues if "expands" in issue.message)
    assert "a.zip!bomb.json" in issue.message


def test_limits_of_archives(tmp_path: Path) -> None:
    def pack(content: bytes, name: str) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        return buffer.getvalue()

    content = (GOOD % 1).encode()
    for depth in range(5):
        content = pack(content, f"{depth}.zip")
    file = tmp_path / "deep.zip"
    file.write_bytes(content)
    issues: list[Any] = []
    assert list(documents("deep", file, Limits(), issues.append)) == []
    assert "nested more than 3 deep" in issues[0].message

    with zipfile.ZipFile(file, "w") as archive:
        for number in range(30):
            archive.writestr(f"{number}.json", "{}")
    issues.clear()
    assert list(documents("many", file, Limits(members=20), issues.append)) == []
    assert "30 members" in issues[0].message


def test_damaged_archives_are_told(tmp_path: Path, imported: Any) -> None:
    packed = gzip.compress(lines() * 2000)
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 and nothing of the kind")
    (tmp_path / "no.7z").write_bytes(b"7z\xbc\xaf\x27\x1c and nothing of the kind")
    (tmp_path / "good.json").write_bytes(lines())
    result = imported(tmp_path)
    told = " ".join(str(issue) for issue in result.report.issues)
    assert all(name in told for name in ("cut.gz", "no.zip", "no.7z"))
    assert result.report.kept >= 2


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_is_told_however_it_is_packed(tmp_path: Path, imported: Any, method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("log.json", lines() * 2000)
    content = bytearray(buffer.getvalue())
    middle = content.index(b"PK\x01\x02") // 2
    content[middle : middle + 40] = b"\xff" * 40
    (tmp_path / "damaged.zip").write_bytes(bytes(content))
    (tmp_path / "good.json").write_bytes(lines())
    result = imported(tmp_path)
    assert any("damaged.zip!log.json" in str(issue) for issue in result.report.issues)
    assert result.report.kept >= 2


def test_a_locked_zip_is_told(tmp_path: Path, imported: Any) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("log.json", lines())
    content = bytearray(buffer.getvalue())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + flags] |= 1
    (tmp_path / "locked.zip").write_bytes(bytes(content))
    result = imported(tmp_path)
    assert "log.json" in result.report.issues[0].message
    assert "password" in result.report.issues[0].message + result.report.issues[0].hint


def test_nothing_to_read_is_an_issue_and_empty_tables(tmp_path: Path, imported: Any) -> None:
    (tmp_path / "empty").mkdir()
    result = imported(tmp_path / "empty")
    assert {"import-empty-folder", "import-no-events"} <= result.codes()
    assert set(result.report.tables.values()) == {0}
    assert result.report.newest is None
    assert result.rows('SELECT "Timestamp", "_IngestionTime", "_Source" FROM DeviceProcessEvents') == []


def test_a_path_that_is_not_there_is_told_and_the_others_read(tmp_path: Path, imported: Any) -> None:
    (tmp_path / "log").write_bytes(lines())
    result = imported(tmp_path / "nowhere", tmp_path / "log")
    assert result.codes() == {"import-no-such-path"}
    assert result.report.kept == 2


def test_an_unknown_channel_is_a_usage_error(tmp_path: Path, imported: Any) -> None:
    with pytest.raises(UsageError, match="sysmom"):
        imported(tmp_path, channels=frozenset({"sysmom"}))


def test_a_file_without_permission_or_with_a_strange_name(tmp_path: Path, imported: Any) -> None:
    for name in ("a*b?.json", "[x].json", "quo'te\".json", "new\nline.json", "-rf.json", "ünïcode.json"):
        (tmp_path / name).write_text(json.dumps({**json.loads(GOOD % 1), "Computer": name}) + "\n")
    result = imported(tmp_path)
    assert result.report.kept == 6
    assert len(result.rows('SELECT DISTINCT "_Source" FROM DeviceLogonEvents')) == 6


def test_links_in_a_circle_end(tmp_path: Path, imported: Any) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "log.json").write_bytes(lines())
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "again.json").hardlink_to(tmp_path / "a" / "log.json")
    assert imported(tmp_path, tmp_path / "a").report.read == 2


@pytest.mark.parametrize("cut", [300_000, 1000, 20])
def test_a_cut_event_log(cut: int, tmp_path: Path, imported: Any, real_data: Path) -> None:
    whole = require(real_data / "omer-sysmon-2018" / "sysmon.evtx").read_bytes()
    (tmp_path / "log.evtx").write_bytes(whole[:cut])
    result = imported(tmp_path)
    assert {"import-cut-file", "import-unreadable"} & result.codes()
    assert (result.report.read > 100) == (cut > 100_000)


def test_a_corrupt_chunk_costs_only_itself(imported: Any, real_data: Path) -> None:
    result = imported(require(real_data / "omer-sysmon-2018" / "sysmon.evtx"))
    assert "import-damaged-record" in result.codes()
    assert result.report.read == 358
    assert result.report.files[0].damaged == 8


def test_a_damaged_event_log_in_an_archive(tmp_path: Path, imported: Any, real_data: Path) -> None:
    whole = require(real_data / "omer-sysmon-2018" / "sysmon.evtx").read_bytes()
    with zipfile.ZipFile(tmp_path / "logs.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/sysmon.evtx", whole)
        archive.writestr("events.json", lines())
    result = imported(tmp_path)
    assert result.report.read == 360
    assert "logs.zip!deep/sysmon.evtx" in " ".join(str(issue) for issue in result.report.issues)
