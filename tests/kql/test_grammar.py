"""The parser against the grammar that Microsoft publishes, through duckdb-kql: both accept a text or both refuse it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from duckdb_kql import validate
from tests.kql.tree import CASES, read_cases

from tiercel.kql import Source, parse

if TYPE_CHECKING:
    from pathlib import Path

NEWER = "the grammar is older than this form; Microsoft's language service reads it"
VALUE = "the grammar takes any text between the brackets of a literal; we read its value"
BARE = "words that want brackets are read with a warning"
DIFFERENCES: dict[str, str] = {
    "expressions: words that are names too": BARE,
    "expressions: names with digits and signs": BARE,
    "literals: a type's word that is a name": BARE,
    "issues: a date that is none": VALUE,
    "issues: a conversion written as a literal": VALUE,
    "issues: a number too large": VALUE,
    "issues: a parameter that join does not have": "the grammar takes `type` for the table; the service refuses",
    "issues: a rename of no name": "the grammar leaves this to what follows it",
    "issues: an empty body": "the grammar leaves this to what follows it",
    "issues: a management command": "duckdb-kql hands these to another grammar; they are no queries",
    "issues: restrict access": "it is the service's business; refused with that reason",
    "operators: count, sample, serialize, consume, getschema": NEWER,
    "operators: count with a name": NEWER,
    "operators: parse-kv": NEWER,
    "operators: materialize and brackets": "it takes `materialize` after `let x =` only",
}
"""Cases on which the two differ, each with the reason."""

ALL_CASES = {
    f"{path.stem}: {case.title}": case.text for path in sorted(CASES.glob("*.kql")) for case in read_cases(path)
}


@pytest.mark.parametrize("name", ALL_CASES)
def test_cases(name: str) -> None:
    agree = bool(validate(ALL_CASES[name])) == bool(parse(Source(ALL_CASES[name])).issues)
    assert agree != (name in DIFFERENCES), DIFFERENCES.get(name, "they differ and no reason is given")


def test_every_difference_has_its_case() -> None:
    assert set(DIFFERENCES) <= set(ALL_CASES)


def test_the_published_queries(conformance: Path, reference: Path) -> None:
    cases = json.loads((conformance / "kusto_emulator_cases.json").read_text(encoding="utf-8"))["cases"]
    examples = json.loads((reference / "kql_examples.json").read_text(encoding="utf-8"))["examples"]
    texts = {each["id"]: each["kql"] for each in cases} | {each["id"]: each["query"] for each in examples}
    differ = [name for name, text in texts.items() if bool(validate(text)) != bool(parse(Source(text)).issues)]
    assert differ == []
