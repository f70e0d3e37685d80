"""Splitting a stream into lines: no line lost, none doubled, wherever the chunks end."""

from __future__ import annotations

import io
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from tiercel.telemetry.readers import json_lines
from tiercel.telemetry.readers.json_lines import TOO_LONG, read_json_lines, split_lines

lines = st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), min_size=1, max_size=12)


@given(lines=lines, size=st.integers(1, 40), closed=st.booleans())
def test_every_line_comes_out_once_under_its_number(lines: list[bytes], size: int, closed: bool) -> None:
    content = b"\n".join(lines) + (b"\n" if closed else b"")
    numbered = {}
    for first, run in split_lines(io.BytesIO(content), chunk_size=size):
        assert run is not None
        for number, line in enumerate(run, first):
            assert number not in numbered
            numbered[number] = line
    expected = content.split(b"\n")
    assert numbered == dict(enumerate(expected[:-1] if expected[-1] == b"" else expected, 1))


@given(before=lines, after=lines, longest=st.integers(13, 30), size=st.integers(1, 64), length=st.integers(100, 300))
def test_a_line_beyond_the_bound_is_told_and_the_next_is_read(
    before: list[bytes], after: list[bytes], longest: int, size: int, length: int
) -> None:
    content = b"\n".join([*before, b"x" * length, *after]) + b"\n"
    runs = split_lines(io.BytesIO(content), longest=longest, chunk_size=min(size, 32))
    numbered = {
        number: line for first, run in runs for number, line in enumerate(run if run is not None else [None], first)
    }
    assert numbered == dict(enumerate([*before, None, *after], 1))


@settings(deadline=None)  # the first call imports
@given(
    texts=st.lists(
        st.one_of(
            st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")),
            st.just(b"x" * 40),
            st.sampled_from([b"", b" ", b"\t\r", "ü{}".encode(), b"{}\r"]),
        ),
        max_size=12,
    ),
    size=st.integers(1, 64),
    closed=st.booleans(),
)
def test_records_are_the_lines_that_are_not_blank(texts: list[bytes], size: int, closed: bool) -> None:
    content = b"\n".join(texts) + (b"\n" if closed else b"")
    found: list[tuple[int, str | None]] = []
    with mock.patch.object(json_lines, "_CHUNK", size), mock.patch.object(json_lines, "LONGEST_RECORD", 30):
        for run in read_json_lines(io.BytesIO(content)):
            read = [line.rstrip("\n") for line in run.lines.to_pylist()]
            found += zip(run.numbers, [None] * run.skipped[TOO_LONG] if run.skipped else read, strict=True)
    expected = [
        None if len(line) >= 30 else line.decode("utf-8", "replace")
        for line in content.split(b"\n")
        if line and not line.isspace()
    ]
    assert found == list(enumerate(expected, 1))
