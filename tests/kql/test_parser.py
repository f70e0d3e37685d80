"""What comes of every case in `cases/`, of the published examples, of the seed's kind of rule, and of hostile texts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from tests.kql.tree import CASES, Case, nodes, outcome, read_cases

from tiercel.kql import Source, parse
from tiercel.kql.cursor import MAX_DEPTH
from tiercel.kql.syntax import Binary, Name

if TYPE_CHECKING:
    from pathlib import Path

ALL_CASES = [(path.stem, case) for path in sorted(CASES.glob("*.kql")) for case in read_cases(path)]


@pytest.mark.parametrize(
    "case", [case for _, case in ALL_CASES], ids=[f"{stem}: {case.title}" for stem, case in ALL_CASES]
)
def test_case(case: Case) -> None:
    assert outcome(case.text) == case.expected


def test_every_case_file_is_read_whole() -> None:
    for path in CASES.glob("*.kql"):
        assert path.read_text(encoding="utf-8").startswith("//= ")


def test_the_emulators_queries(conformance: Path) -> None:
    cases = json.loads((conformance / "kusto_emulator_cases.json").read_text(encoding="utf-8"))["cases"]
    assert len(cases) > 400
    wrong = {case["id"]: issue for case in cases for issue in parse(Source(case["kql"])).issues}
    assert wrong == {}


def test_the_worked_examples(reference: Path) -> None:
    examples = json.loads((reference / "kql_examples.json").read_text(encoding="utf-8"))["examples"]
    wrong = {each["id"]: issue for each in examples for issue in parse(Source(each["query"])).issues}
    assert wrong == {}


def test_the_source_documents_query(reference: Path) -> None:
    document = (reference.parent / "seeds" / "0xFF-0083-Remote_Process_Invocation_Via_SCM-Win.md").read_text("utf-8")
    block = re.search(r"```C#\n(.*?)```", document, re.DOTALL)
    assert block is not None
    parsed = parse(Source(block[1]))
    assert parsed.issues == ()
    assert parsed.query is not None
    assert len(parsed.query.statements) == 7


# --- hostile texts ---------------------------------------------------------------------------------------------------


def test_a_chain_of_thousands_is_a_shallow_tree() -> None:
    text = "T | where " + " or ".join(f"a == {number}" for number in range(5000))
    parsed = parse(Source(text))
    assert parsed.query is not None
    assert depth(parsed.query) < 40
    assert [name.text for name in nodes(parsed.query) if isinstance(name, Name)].count("a") == 5000


def depth(value: object) -> int:
    level, deepest = [value], 0
    while level:
        deepest += 1
        level = [below for item in level for below in children(item)]
    return deepest


def children(item: object) -> list[object]:
    if isinstance(item, tuple):
        return list(item)
    return [getattr(item, name) for name in getattr(item, "__slots__", ())]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("print " + "(" * 2000 + "1" + ")" * 2000, "kql-too-deep"),
        ("print " + "(" * 100_000, "kql-too-deep"),
        ("print " + ")" * 100_000, "kql-stray-bracket"),
        ("print " + "f(" * 5000, "kql-too-deep"),
        ("print dynamic(" + "[" * 5000, "kql-too-deep"),
        ("print dynamic(" + '{"a":' * 5000, "kql-too-deep"),
        ("T | where a in (" + "(T | where a in (" * 500, "kql-too-deep"),
        ("print a" + "[a" * 5000, "kql-too-deep"),
        ("print a" + ".b" * 5000, "kql-too-deep"),
        ("print " + " + ".join(["a"] * 5000), "kql-too-deep"),
        ("let f = () { " * 2000, "kql-too-deep"),
        ("T | " + "mv-apply a on (" * 1000, "kql-too-deep"),
        ("print " + "-" * 5000 + "1", "kql-syntax"),
        ("T " + "| x " * 200_000, "kql-unknown-operator"),
        ("(]" * 200_000, "kql-stray-bracket"),
        ('"' * 99_999, "kql-unterminated-string"),
        ("print " + "9" * 1_000_000, "kql-number-range"),
        ("print " + "9" * 5000 + "d", "kql-number-range"),
        ("print 1e99999", "kql-number-range"),
        ("print datetime(" + "1" * 100_000 + ")", "kql-literal"),
        ("print timespan(99999999999999999999d)", "kql-literal"),
        ("print decimal(1e999999999)", "kql-literal"),
        ("T | where a == \x00", "kql-character"),
        ("T | where a == \ud800", "kql-character"),
        ("print 'a\ud800b", "kql-unterminated-string"),
        ("\ufeff", "kql-no-query"),
        ("", "kql-no-query"),
        (";;;", "kql-syntax"),
        ("```" * 3, "kql-unterminated-string"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, str) else None,
)
def test_a_hostile_text_is_an_issue(text: str, code: str) -> None:
    parsed = parse(Source(text))
    assert parsed.query is None
    assert parsed.issues[0].code == code
    assert len(parsed.issues) <= 50


def test_brackets_up_to_the_bound() -> None:
    within = MAX_DEPTH - 1
    parsed = parse(Source("print " + "(" * within + "1 or 1 and 1 == 1 < 1 + 1 * 1" + ")" * within))
    assert parsed.issues == ()


def test_a_megabyte() -> None:
    text = "T\n" + "| where a == 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' // comment\n" * 17_000
    assert len(text) > 1_000_000
    assert parse(Source(text)).issues == ()


def test_a_deep_stack_of_the_caller_is_no_crash() -> None:
    text = "print " + "(" * 90 + "1" + ")" * 90

    def deep(levels: int) -> tuple[str, ...]:
        return deep(levels - 1) if levels else tuple(issue.code for issue in parse(Source(text)).issues)

    assert deep(800) == ("kql-too-deep",)


def test_operators_keep_their_place() -> None:
    parsed = parse(Source("T | where a matches  regex 'x'"))
    (binary,) = [node for node in nodes(parsed.query) if isinstance(node, Binary)]
    assert parsed.query is not None
    assert "T | where a matches  regex 'x'"[slice(*binary.operator_region)] == "matches  regex"


# --- places ----------------------------------------------------------------------------------------------------------


def test_places_are_in_the_users_file() -> None:
    source = Source("T\n| wher a\r\n| take", path="rule.yaml", first_line=12, column_offset=4)
    first, second = parse(source).issues
    assert (str(first.span), first.span and first.span.text) == ("rule.yaml:13:7", "    | wher a")
    assert (str(second.span), second.span and second.span.length) == ("rule.yaml:14:11", 1)
