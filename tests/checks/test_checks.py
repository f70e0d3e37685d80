"""Each file of `cases/` gives what the `.found` file beside it says; and what holds for all checks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.checks.found import cases, found_in
from tests.checks.page import PAGE, page

from tiercel import checks
from tiercel.checks import CHECKS, as_json, as_sarif, check_paths
from tiercel.cli import main
from tiercel.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

QUERY = "DeviceProcessEvents\n| wher FileName == 'x'\n"


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.name)
def test_case(path: Path) -> None:
    assert found_in(path) == path.with_name(f"{path.name}.found").read_text(encoding="utf-8")


def test_every_check_stands_in_the_list_and_is_documented() -> None:
    from pathlib import Path  # noqa: PLC0415  only this test reads the package's own files

    folder = Path(checks.__file__).parent
    written = {
        line.removeprefix("def ").partition("(")[0]
        for file in folder.glob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("def check_") and file.name != "report.py"
    }
    assert {check.__name__ for check in CHECKS} == written
    for check in CHECKS:
        assert check.__doc__
        assert check.__module__ == f"tiercel.checks.{check.__name__.removeprefix('check_')}"


def test_a_folder_gives_its_rules_and_passes_over_other_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.kql").write_text(QUERY)
    (tmp_path / "README.md").write_text("# Hello\n")
    (tmp_path / "workflow.yml").write_text("on: push\n")
    (tmp_path / "rule.yaml").write_text("query: print 1\n")
    (tmp_path / "data.json").write_text("{}")
    assert [each.path for each in check_paths([tmp_path])] == [
        str(tmp_path / "deep" / "a.kql"),
        str(tmp_path / "rule.yaml"),
    ]


def test_a_path_that_does_not_exist_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing-here"):
        list(check_paths([tmp_path / "nothing-here"]))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.kql", b"", "kql-no-query"),
        ("a.kql", b"T | where \xff", "check-not-utf8"),
        ("a.kql", b"x" * (4 * 1024 * 1024 + 1), "check-too-large"),
        ("a.kql", b"\x00" * 100, "kql-character"),
        ("a.md", b"", "rule-no-query"),
        ("a.yaml", b"", "yaml-syntax"),
        ("a.yaml", b"query: [" * 50_000, "yaml-syntax"),
        ("a.yaml", b"a: &a [*a]\nquery: *a\n", "analytics-no-query"),
        ("a.yaml", b"query: !!python/object:os.system 'x | y'\n", "kql-unknown-operator"),
        ("a.yaml", b"\t- x: y", "yaml-syntax"),
        ("a.yaml", b"query: |\n", "kql-no-query"),
        ("a.yaml", b"kind: Scheduled\ntriggerThreshold: " + b"9" * 10_000, "analytics-field"),
        ("a.yaml", b"kind: [a]\nentityMappings: x\ncustomDetails: [1]\nquery: print a = 1", None),
    ],
)
def test_a_hostile_file_is_an_issue(tmp_path: Path, name: str, content: bytes, code: str | None) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (checked,) = check_paths([path])
    codes = [issue.code for issue in checked.issues]
    assert codes == [] if code is None else code in codes


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("indicator", ["|", "|-", "|+", "|4"])
def test_places_in_a_block_of_yaml(tmp_path: Path, end: str, indicator: str) -> None:
    text = (
        f"name: x\nquery: {indicator}\n    DeviceProcessEvents\n    // words\n    | wher a\n\n# a comment\nversion: 1\n"
    )
    path = tmp_path / "a.yaml"
    path.write_bytes(text.replace("\n", end).encode())
    (checked,) = check_paths([path])
    span = checked.issues[0].span
    assert span is not None
    assert (span.line, span.column, span.length, span.text) == (5, 7, 4, "    | wher a")


def test_the_shipped_rules_have_no_errors() -> None:
    from importlib.resources import as_file, files  # noqa: PLC0415  only this test reads the catalogue

    with as_file(files("tiercel.rules") / "catalog") as folder:
        found = list(check_paths([folder]))
    assert found
    assert [issue for each in found for issue in each.issues if issue.severity == "error"] == []


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.kql"
    path.write_text(QUERY + "| project a b\n")
    assert main(["check", str(path)]) == 3
    text = capsys.readouterr().out
    assert "| wher FileName" in text
    assert "^^^^" in text
    assert text.endswith("1 file: 2 errors, 0 warnings\n")
    path.write_text("DeviceProcessEvents | take 1")
    assert main(["check", str(path)]) == 0
    assert main(["check", str(tmp_path / "nothing")]) == 2


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.kql"
    path.write_text(QUERY)
    assert main(["check", str(path), "--format", "json"]) == 3
    (issue,) = json.loads(capsys.readouterr().out)
    assert issue == as_json(check_paths([path]))[0]
    assert (issue["path"], issue["line"], issue["column"], issue["length"]) == (str(path), 2, 3, 4)
    assert (issue["severity"], issue["code"]) == ("error", "kql-unknown-operator")


def test_sarif(tmp_path: Path) -> None:
    path = tmp_path / "a b.kql"
    path.write_text(QUERY + "| where FileName endswith 'x.exe' | extend date")
    out = tmp_path / "out.sarif"
    assert main(["check", str(path), "--format", "sarif", "--out", str(out)]) == 3
    sarif = json.loads(out.read_text())
    assert sarif == as_sarif(check_paths([path]), sarif["runs"][0]["tool"]["driver"]["version"])
    assert sarif["version"] == "2.1.0"
    (run,) = sarif["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    first, second = run["results"]
    assert (first["ruleId"], first["level"]) == ("kql-unknown-operator", "error")
    assert (second["ruleId"], second["level"]) == ("kql-reserved-name", "warning")
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == f"file://{tmp_path.as_posix()}/a%20b.kql"
        region = place["region"]
        assert 1 <= region["startColumn"] < region["endColumn"]
    region = first["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 7}


def test_the_page_of_the_checks_is_what_they_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.checks.page`"


def test_a_watchlist_and_a_table_that_are_given_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rule = tmp_path / "vip.kql"
    rule.write_text("_GetWatchlist('VIP') | join kind=inner Own_CL on Name | project Name, Tier, Score\n")
    assert main(["check", str(rule)]) == 3
    assert "give its rows: --watchlist VIP=FILE.csv" in capsys.readouterr().out
    lists = {"vip.csv": "Name,Tier\na,0\n", "own.csv": "Name,Score\na,3\n"}
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
    given = ["--watchlist", f"VIP={tmp_path / 'vip.csv'}", "--table", f"Own_CL={tmp_path / 'own.csv'}"]
    assert main(["check", str(rule), *given]) == 0


def test_columns_that_rows_would_tell_are_no_error(tmp_path: Path) -> None:
    rule = tmp_path / "unpacked.kql"
    rule.write_text("DeviceEvents\n| evaluate bag_unpack(AdditionalFields)\n| where PipeName has 'svcctl'\n")
    (checked,) = check_paths([rule])
    assert {str(one.severity) for one in checked.issues} == {"warning"}
    assert ["`PipeName`" in one.message for one in checked.issues if one.code == "kql-no-rows"] == [True]
