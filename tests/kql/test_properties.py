"""What holds for every text: no crash, each place is in the text, each node stands within the one above it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kql.fuzz import WORDS, check, queries, run
from tests.kql.tree import CASES, read_cases

from tiercel.kql.literals import datetime_text, read_datetime, read_timespan, timespan_text
from tiercel.kql.tokens import END, tokenize

if TYPE_CHECKING:
    from pathlib import Path

SOUP = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)


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


@pytest.mark.parametrize("path", sorted(CASES.glob("*.kql")), ids=lambda path: path.stem)
def test_every_beginning_of_a_case(path: Path) -> None:
    for case in read_cases(path):
        for end in range(len(case.text)):
            check(case.text[:end])


def test_mutated_queries(conformance: Path) -> None:
    assert conformance.exists()
    chance, texts = random.Random(20_261_122), queries()  # noqa: S311  a repeatable choice of mutations, no secret
    for _ in range(1500):
        run(chance, texts)


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
