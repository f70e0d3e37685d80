"""Rules from files, folders, the catalogue, and from what is no rule at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import require

from tiercel.errors import Severity, UsageError
from tiercel.rules import read_catalog, read_collection

DOCUMENT = "# T\n\n## Metadata\n**ID:** {id}\n\n## Detection\n```\n{query}\n```\n"


def write(path: Path, identifier: str, query: str = "print 1") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(DOCUMENT.format(id=identifier, query=query), encoding="utf-8")
    return path


def test_a_folder_gives_its_rules_recursively_and_passes_over_other_markdown(tmp_path: Path) -> None:
    write(tmp_path / "b.md", "b")
    write(tmp_path / "deep" / "er" / "a.md", "a")
    (tmp_path / "README.md").write_text("# Hello\n", encoding="utf-8")
    collection = read_collection([tmp_path])
    assert [rule.id for rule in collection.rules] == ["b", "a"]
    assert collection.failed == ()


def test_a_file_named_itself_must_be_a_rule(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("# Hello\n", encoding="utf-8")
    (failed,) = read_collection([path]).failed
    assert (failed.path, failed.issues[0].code) == (str(path), "rule-no-query")


def test_a_path_that_does_not_exist_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing-here"):
        read_collection([tmp_path / "nothing-here"])


def test_two_rules_of_one_id(tmp_path: Path) -> None:
    first, copy = write(tmp_path / "a.md", "x"), write(tmp_path / "b.md", "x")
    other = write(tmp_path / "c.md", "x", "print 2")
    collection = read_collection([first, copy, other])
    assert [rule.path for rule in collection.rules] == [str(first)]
    assert [(issue.code, issue.severity) for issue in collection.warnings] == [("rule-id-twice", Severity.WARNING)]
    assert [each.path for each in collection.failed] == [str(other)]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"# T\n\xff\xfe", "rule-not-utf8"), (b"x" * (4 * 1024 * 1024 + 1), "rule-too-large"), (b"", "rule-no-query")],
)
def test_a_broken_file_stops_only_itself(tmp_path: Path, content: bytes, code: str) -> None:
    broken = tmp_path / "a.md"
    broken.write_bytes(content)
    collection = read_collection([broken, write(tmp_path / "b.md", "b")])
    assert [each.issues[0].code for each in collection.failed] == [code]
    assert [rule.id for rule in collection.rules] == ["b"]


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.md", "a")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_collection([path]).rules[0].title == "T"


def test_every_shipped_rule_is_complete() -> None:
    collection = read_catalog()
    assert collection.failed == ()
    assert collection.warnings == ()
    for rule in collection.rules:
        texts = {
            name: getattr(rule, name)
            for name in (
                "os", "techniques", "tactics", "data_sources", "description", "permission", "attack_description",
                "considerations", "false_positives", "response", "blind_spots", "references", "versions", "evidence",
            )
        }  # fmt: skip
        assert {name for name, text in texts.items() if not text} == set(), rule.id
        assert rule.query.filter_begin is not None, rule.id
        assert rule.id == Path(rule.path).stem


def test_the_source_document_is_read_whole(real_data: Path) -> None:
    seeds = require(real_data.parent / "seeds")
    (rule,) = read_collection([seeds]).rules
    assert rule.id == "0xFF-0083-Remote_Process_Invocation_Via_SCM-Win"
    assert rule.techniques == ("T1021.002", "T1021.003", "T1569.002", "T1543.003")
    assert rule.tactics == ("Lateral Movement", "Execution", "Persistence")
    assert [source.table for source in rule.data_sources] == ["DeviceProcessEvents", "DeviceNetworkEvents"]
    assert rule.query.text.startswith("let timeframe = 2*1h;")
    assert (rule.query.first_line, rule.query.filter_begin, rule.query.filter_end) == (70, 49, 50)
    assert [version.version for version in rule.versions] == ["1.3", "1.2", "1.1", "1.0"]
    assert rule.extra == ()
