"""Hunting from Python: what comes back, and what one broken part does to the others (nothing)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from tests.streaming import record, write_attack, write_records, write_rule

import tiercel
from tiercel.findings import SCHEMA
from tiercel.hunt import Running
from tiercel.rules import read_catalog

if TYPE_CHECKING:
    from pathlib import Path

    from tiercel.rules import Rule


def shipped(name: str) -> Rule:
    return next(rule for rule in read_catalog().rules if rule.id == name)


SCM = [shipped("scm-remote-service-start")]


def test_an_attack_in_a_folder_is_one_finding(tmp_path: Path) -> None:
    write_attack(tmp_path / "logs" / "a.jsonl")
    result = tiercel.hunt(tmp_path / "logs", SCM)
    (finding,) = result.findings
    assert (finding.rule_id, finding.device, finding.peer_ip) == (
        "scm-remote-service-start",
        "ws6.example.org",
        "10.0.0.5",
    )
    assert finding.server is not None
    assert finding.child is not None
    assert (finding.server.name, finding.server.pid) == ("services.exe", 704)
    assert (finding.child.name, finding.child.pid, finding.child.command_line) == ("cmd.exe", 9028, "cmd.exe /c whoami")
    assert finding.first_time == datetime(2026, 7, 14, 9, 14, 1, 100_000, tzinfo=UTC)
    sources = [step.source for step in finding.evidence]
    assert all(source is not None and source.startswith(str(tmp_path / "logs" / "a.jsonl")) for source in sources)
    assert len(set(sources)) == 2
    assert result.is_complete


def test_findings_are_a_sequence_and_an_arrow_table(tmp_path: Path) -> None:
    result = tiercel.hunt([write_attack(tmp_path / "a.jsonl")], SCM)
    assert len(result.findings) == 1
    assert pa.table(result.findings).schema == SCHEMA
    assert result.findings.to_arrow().column("id").to_pylist() == [result.findings[0].id]


def test_the_same_file_twice_is_one_finding(tmp_path: Path) -> None:
    first, second = write_attack(tmp_path / "a.jsonl"), write_attack(tmp_path / "b.jsonl")
    once, twice = tiercel.hunt(first, SCM), tiercel.hunt([first, second], SCM)
    assert [each.id for each in twice.findings] == [each.id for each in once.findings]


def test_every_shipped_rule_together_tells_of_one_attack_once(tmp_path: Path) -> None:
    result = tiercel.hunt(write_attack(tmp_path / "a.jsonl"))
    (finding,) = result.findings
    assert {"rpc-chain-scm", "scm-remote-service-start"} <= set(finding.rules)
    assert result.rules_failed == ()


def test_a_rule_that_fails_stops_no_other(tmp_path: Path) -> None:
    logs = write_attack(tmp_path / "a.jsonl")
    rules = tmp_path / "rules"
    write_rule(rules / "a-typing-error.md", "DeviceProcessEvents\n| where FileNme == 'cmd.exe'")
    write_rule(rules / "b-unknown-table.md", "DeviceProcesEvents | take 1")
    write_rule(rules / "c-syntax.md", "DeviceProcessEvents | where (FileName == 'cmd.exe'")
    (rules / "d-no-query.md").write_text("# T\n\n## Detection\n", encoding="utf-8")
    write_rule(rules / "e-good.md", "DeviceProcessEvents | where FileName == 'cmd.exe'")
    result = tiercel.hunt(logs, [rules])
    assert [run.rule.id for run in result.rules_run] == ["e-good"]
    assert [finding.rule_id for finding in result.findings] == ["e-good"]
    failed = {failure.path.rpartition("/")[2]: failure.issues[0] for failure in result.rules_failed}
    assert sorted(failed) == ["a-typing-error.md", "b-unknown-table.md", "c-syntax.md", "d-no-query.md"]
    assert not result.is_complete
    column = failed["a-typing-error.md"]
    assert column.span is not None
    assert column.span.text[column.span.column - 1 :][: column.span.length] == "FileNme"
    assert column.span.path == str(rules / "a-typing-error.md")
    assert (rules / "a-typing-error.md").read_text().splitlines()[column.span.line - 1] == column.span.text
    assert "FileName" in column.hint
    assert "DeviceProcessEvents" in failed["b-unknown-table.md"].hint


def test_a_rule_in_another_language_does_not_run(tmp_path: Path) -> None:
    logs = write_attack(tmp_path / "a.jsonl")
    path = write_rule(tmp_path / "splunk.md", "index=main")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("## Detection\n", "## Detection\n**Language:** SPL\n"), encoding="utf-8")
    (failure,) = tiercel.hunt(logs, [path]).rules_failed
    assert [issue.code for issue in failure.issues] == ["rule-language"]


@pytest.mark.parametrize(
    "query",
    [
        "DeviceProcessEvents | join kind=leftanti DeviceFileCertificateInfo on SHA1",
        "let known = DeviceFileCertificateInfo | distinct SHA1; DeviceProcessEvents | join kind=anti (known) on SHA1",
    ],
)
def test_an_empty_table_that_should_subtract_is_named(tmp_path: Path, query: str) -> None:
    logs = write_attack(tmp_path / "a.jsonl")
    result = tiercel.hunt(logs, [write_rule(tmp_path / "r.md", query)])
    (warning,) = result.warnings
    assert warning.code == "table-empty"
    assert "DeviceFileCertificateInfo" in warning.message
    assert "removes nothing" in warning.message


def test_an_empty_table_that_is_only_read_is_named_too(tmp_path: Path) -> None:
    logs = write_attack(tmp_path / "a.jsonl")
    result = tiercel.hunt(logs, [write_rule(tmp_path / "r.md", "DeviceEvents | where ActionType == 'x'")])
    (warning,) = result.warnings
    assert warning.message == "DeviceEvents holds no rows; read by `r`"


def test_the_clock_is_the_newest_event_and_all_that_was_read_is_new(tmp_path: Path) -> None:
    logs = write_attack(tmp_path / "a.jsonl")
    rule = write_rule(tmp_path / "r.md", "DeviceProcessEvents | where ingestion_time() >= ago(1s) | extend Now=now()")
    result = tiercel.hunt(logs, [rule])
    (finding,) = result.findings
    assert result.now.tzinfo is UTC
    assert finding.columns["Now"] == "2026-07-14T09:14:01.600Z"


def test_as_of_sets_the_clock(tmp_path: Path) -> None:
    logs = write_attack(tmp_path / "a.jsonl")
    rule = write_rule(tmp_path / "r.md", "DeviceProcessEvents | where Timestamp >= ago(1h) | extend Now=now()")
    instant = datetime(2026, 7, 14, 10, 0, tzinfo=UTC)
    assert [each.columns["Now"] for each in tiercel.hunt(logs, [rule], as_of=instant).findings] == [
        "2026-07-14T10:00:00.000Z"
    ]
    assert len(tiercel.hunt(logs, [rule], as_of=datetime(2026, 7, 15)).findings) == 0


def test_what_makes_no_sense_is_said_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(tiercel.UsageError, match="nowhere"):
        tiercel.hunt(tmp_path / "nowhere")
    with pytest.raises(tiercel.UsageError, match="did you mean `sysmon`"):
        tiercel.hunt(tmp_path, channels=["sysmn"])
    with pytest.raises(tiercel.UsageError, match=r"no\.md"):
        tiercel.hunt(tmp_path, [tmp_path / "no.md"])


def test_query_gives_arrow_and_errors_have_their_place(tmp_path: Path) -> None:
    logs = write_attack(tmp_path / "a.jsonl")
    assert tiercel.query("DeviceProcessEvents | project FileName, ProcessId", logs).to_pylist() == [
        {"FileName": "cmd.exe", "ProcessId": 9028}
    ]
    with pytest.raises(tiercel.RuleError) as caught:
        tiercel.query("DeviceProcessEvents\n| projct FileName", logs)
    (issue,) = caught.value.issues
    assert issue.span is not None
    assert (issue.span.path, issue.span.line) == ("<query>", 2)


def test_progress_tells_of_every_rule(tmp_path: Path) -> None:
    logs = write_attack(tmp_path / "a.jsonl")
    rules = [write_rule(tmp_path / f"{name}.md", "DeviceInfo | take 1") for name in "ab"]
    news: list[object] = []
    tiercel.hunt(logs, rules, progress=news.append)
    assert [each for each in news if isinstance(each, Running)] == [Running("a", 1, 2), Running("b", 2, 2)]


def test_rules_read_before_can_be_given(tmp_path: Path) -> None:
    (rule,) = tiercel.hunt(
        write_attack(tmp_path / "a.jsonl"), [write_rule(tmp_path / "r.md", "DeviceProcessEvents")]
    ).rules_run
    result = tiercel.hunt(tmp_path / "a.jsonl", [rule.rule])
    assert [run.rule for run in result.rules_run] == [rule.rule]


def test_a_device_whose_services_start_is_unknown_is_kept(tmp_path: Path) -> None:
    path = write_attack(tmp_path / "a.jsonl")
    text = path.read_text(encoding="utf-8").replace('"InitiatingProcessCreationTime": "2026-07-13T08:00:00Z", ', "")
    path.write_text(text, encoding="utf-8")
    assert len(tiercel.hunt(path, SCM).findings) == 1


@pytest.mark.parametrize(
    ("address", "start", "found"),
    [
        ("10.0.0.5", "2026-07-14T09:13:00Z", 1),  # 61 s after services.exe has started
        ("10.0.0.5", "2026-07-14T09:13:01Z", 0),  # the first minute
        ("10.0.0.6", "2026-07-13T08:00:00Z", 0),  # the device's own address
        ("127.0.0.1", "2026-07-13T08:00:00Z", 0),
        ("::1", "2026-07-13T08:00:00Z", 0),
    ],
)
def test_the_shipped_rule_leaves_out_boot_and_the_device_itself(
    tmp_path: Path, address: str, start: str, found: int
) -> None:
    path = write_attack(tmp_path / "a.jsonl")
    text = path.read_text(encoding="utf-8").replace("2026-07-13T08:00:00Z", start).replace("10.0.0.5", address)
    path.write_text(text, encoding="utf-8")
    assert len(tiercel.hunt(path, SCM).findings) == found


def test_a_signed_file_is_left_out_and_a_borrowed_program_is_not(tmp_path: Path) -> None:
    certificate = {
        "Timestamp": "2026-07-14T09:00:00Z",
        "DeviceId": "d1",
        "DeviceName": "ws6.example.org",
        "SHA1": "a" * 40,
    }
    trust = record("DeviceFileCertificateInfo", {**certificate, "IsSigned": True, "IsTrusted": True})
    certificates = write_records(tmp_path / "c.jsonl", [trust])
    attack = write_attack(tmp_path / "a.jsonl")
    assert len(tiercel.hunt([attack, certificates], SCM).findings) == 1
    attack.write_text(attack.read_text(encoding="utf-8").replace("cmd.exe", "agent.exe"), encoding="utf-8")
    assert len(tiercel.hunt([attack], SCM).findings) == 1
    assert len(tiercel.hunt([attack, certificates], SCM).findings) == 0
