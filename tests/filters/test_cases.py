"""Each file of cases/ is a file of filters and what must become of it: issues by place, what is left of one attack."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from tests.streaming import write_attack

import tiercel
from tiercel.filters import read_filters
from tiercel.rules import read_catalog

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
RULES = [rule for rule in read_catalog().rules if rule.id in {"rpc-chain-scm", "scm-remote-service-start"}]
"""Both tell of the attack."""

EXPECTED = re.compile(r"^# (issue|found|suppressed|rows): (.*)$", re.MULTILINE)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, tmp_path: Path) -> None:
    """The head of the file says: `# issue: code` with its place and hint, `# found: N`, `# suppressed: filter ...`."""
    expected: dict[str, list[str]] = {"issue": [], "found": [], "suppressed": [], "rows": []}
    for name, value in EXPECTED.findall(path.read_text(encoding="utf-8")):
        expected[name].append(value.strip())
    result = tiercel.hunt(write_attack(tmp_path / "a.jsonl"), RULES, filters=path)
    lines = path.read_text(encoding="utf-8").splitlines()
    told = []
    for issue in result.filter_issues:
        assert issue.span is not None
        assert issue.span.path == str(path)
        assert issue.span.text in ("", lines[issue.span.line - 1])
        place = lines[issue.span.line - 1][issue.span.column - 1 :][: issue.span.length]
        told.append(f"{issue.code} `{place}`" + (f" {issue.hint}" if "did you mean" in issue.hint else ""))
    assert told == expected["issue"]
    assert [str(len(result.findings))] == expected["found"]
    assert [each.filter for each in result.suppressed] == expected["suppressed"]
    if expected["rows"]:
        assert [f"{run.id} {run.rows}" for run in result.filters] == expected["rows"]
    assert result.is_complete == all(issue.severity == "warning" for issue in result.filter_issues)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "yaml-syntax"),
        (b"\xff\xfe\x00", "filter-not-utf8"),
        (b"filters: [" * 50_000, "yaml-syntax"),
        (b"filters: &a [*a]\n", "filter-field"),
        (b"filters: x\n", "filter-field"),
        (b"filters: [x]\n", "filter-field"),
        (b"filters: [{id: !!python/object:os.system x}]\n", "filter-field"),
        (b"filters: []\n" + b"x" * (4 * 1024 * 1024), "filter-too-large"),
    ],
)
def test_a_hostile_file_is_an_issue(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(content)
    read = read_filters([path])
    assert read.filters == ()
    assert code in {issue.code for issue in read.issues}


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(tiercel.UsageError, match=r"gone\.yaml"):
        tiercel.hunt(tmp_path, filters=tmp_path / "gone.yaml")


def test_two_files_may_not_share_an_id(tmp_path: Path) -> None:
    path = next(path for path in CASES if path.stem == "by-address")
    again = tmp_path / "again.yaml"
    again.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    read = read_filters([path, again])
    assert len(read.filters) == 1
    assert [issue.code for issue in read.issues] == ["filter-id-twice"]


def test_a_filter_holds_through_its_last_day() -> None:
    (one,) = read_filters([path for path in CASES if path.stem == "expired"]).filters
    assert one.is_in_force(one.expires)
    assert not one.is_in_force(date.fromordinal(one.expires.toordinal() + 1))


def test_the_easy_form_fits_every_shipped_rule_that_can_hold_it(tmp_path: Path) -> None:
    """Addresses, devices and groups fit every rule; an image every rule that tells of a started process."""
    path = tmp_path / "f.yaml"
    path.write_text(
        "groups: {g: [a*]}\nfilters:\n- {id: a, rule: '*', reason: r, owner: o, expires: 2999-01-01, allow: {"
        "source: [10.0.0.0/8, 'fd00::/8'], device: [b, c.d], device-group: [g, Servers], image: [x*.exe]}}\n"
    )
    result = tiercel.hunt(write_attack(tmp_path / "a.jsonl"), filters=path)
    assert result.filter_issues == ()
    rules = {rule.id for rule in read_catalog().rules}
    without_child = {
        rule.id for rule in read_catalog().rules if not any(step.role == "child" for step in rule.evidence)
    }
    assert set(result.filters[0].rules) == rules - without_child
