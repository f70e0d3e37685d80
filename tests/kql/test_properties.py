"""What holds for every text: no crash, each place is in the text, each node stands within the one above it."""

from __future__ import annotations

import dataclasses
import json
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kql.tree import CASES, nodes, read_cases

from tiercel.kql import Source, parse
from tiercel.kql.literals import datetime_text, read_datetime, read_timespan, timespan_text
from tiercel.kql.operators.table import NOT_IN_THE_TREE, OPERATORS, SOURCES
from tiercel.kql.syntax import Call, In, Name, Node, Region
from tiercel.kql.tokens import END, tokenize
from tiercel.kql.words import RESERVED_FOR_VALUES

if TYPE_CHECKING:
    from pathlib import Path

WORDS = [
    *OPERATORS, *SOURCES, *NOT_IN_THE_TREE, *RESERVED_FOR_VALUES,
    "(", ")", "[", "]", "{", "}", ",", ";", ":", ".", "|", "=", "==", "!=", "<>", "<", ">", "<=", ">=", "=~", "!~", "+",
    "-", "*", "/", "%", "=>", "..", "let", "set", "declare", "by", "on", "with", "and", "or", "in", "!in~", "has_any",
    "between", "matches regex", "to typeof(long)", "datetime(2026-07-14)", "dynamic([1])", "1", "1.5h", "'x'", '"',
    "```", "//", "\n", "\x00", "\u00e9", "$left.a == $right.b", "kind=inner", "x", "T", "f(", "count()", "\ud800",
    "step a: true;", "1..2", "x=", "asc", "nulls first",
]  # fmt: skip
SOUP = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)


def check(text: str) -> None:
    """Whatever the text: a tree whose regions nest, or issues whose places are in the text."""
    source = Source(text)
    parsed = parse(source)
    assert (parsed.query is None) == bool(parsed.issues)
    lines = text.split("\n")
    for issue in parsed.issues:
        span = issue.span
        assert span is not None
        assert span.text == lines[span.line - 1].rstrip("\r")
        assert 1 <= span.column <= len(span.text) + 1
        assert span.length == 1 or span.column - 1 + span.length <= len(span.text)
        assert issue.message.isprintable()
    if parsed.query is not None:
        for node in nodes(parsed.query):
            check_node(node, text)


def check_node(node: Node, text: str) -> None:
    assert 0 <= node.region.start < node.region.end <= len(text)
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Region):
            assert node.region.start <= value.start < value.end <= node.region.end
        for below in value if isinstance(value, tuple) else (value,):
            if isinstance(below, Node):
                assert node.region.start <= below.region.start
                assert below.region.end <= node.region.end
    written = text[slice(*node.region)]
    if isinstance(node, Name) and not node.quoted:
        assert written == node.text
    if isinstance(node, Call):
        assert text[slice(*node.name_region)] == node.name
    if isinstance(node, In):
        assert text[slice(*node.operator_region)] == node.operator


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    check(text)


@settings(max_examples=400)
@given(SOUP)
def test_a_soup_of_words(text: str) -> None:
    check("T | " + text)


@given(st.text(max_size=200))
def test_tokens_cover_all_but_blanks_and_comments(text: str) -> None:
    tokens = tokenize(text)
    assert tokens.kinds[-1] == END
    end = 0
    for word, start, stop in zip(tokens.texts, tokens.starts, tokens.ends, strict=True):
        assert text[start:stop] == word
        between = text[end:start]
        assert all(
            not line.split("//")[0].strip("\u180e\u200b\ufeff \t\r\v\f\x1c-\x1f") for line in between.split()
        ) or ("//" in between)
        end = stop


@pytest.mark.parametrize("path", sorted(CASES.glob("*.kql")), ids=lambda path: path.stem)
def test_places_in_the_cases(path: Path) -> None:
    for case in read_cases(path):
        check(case.text)


def test_mutated_queries(conformance: Path) -> None:
    cases = json.loads((conformance / "kusto_emulator_cases.json").read_text(encoding="utf-8"))["cases"]
    texts = [case["kql"] for case in cases if len(case["kql"]) < 4000]
    chance = random.Random(20_261_122)  # noqa: S311  a repeatable choice of mutations, no secret
    for _ in range(1500):
        text = chance.choice(texts)
        for _ in range(chance.randint(1, 4)):
            text = mutated(text, chance, texts)
        check(text)


def mutated(text: str, chance: random.Random, texts: list[str]) -> str:
    tokens = tokenize(text)
    at, other = sorted(chance.randrange(len(text) + 1) for _ in range(2))
    token = chance.randrange(len(tokens.kinds))
    start, end = tokens.starts[token], tokens.ends[token]
    match chance.randrange(7):
        case 0:
            return text[:start] + text[end:]
        case 1:
            return text[:start] + text[start:end] * 2 + text[end:]
        case 2:
            return text[:start] + chance.choice(WORDS) + text[end:]
        case 3:
            return text[:at] + chance.choice("()[]{}\"'`|;,=!\\\n\x00$@") + text[at:]
        case 4:
            return text[:at]
        case 5:
            return text[:at] + text[other:]
        case _:
            return text[:at] + chance.choice(texts)[:200] + text[at:]


@given(st.integers(min_value=0, max_value=3_155_378_975_999_999_999))
def test_times_are_read_as_written(ticks: int) -> None:
    assert read_datetime(datetime_text(ticks)) == ticks


@given(st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1))
def test_spans_are_read_as_written(ticks: int) -> None:
    assert read_timespan(timespan_text(ticks)) == ticks


@given(st.text(alphabet="0123456789:-./TZ+ ,aApPmMGTjanSt", max_size=30))
def test_any_text_as_a_time(text: str) -> None:
    for read in (read_datetime, read_timespan):
        value = read(text)
        assert value is None or isinstance(value, int)
