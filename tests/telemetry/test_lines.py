"""Splitting a stream into lines: no line lost, none doubled, wherever the chunks end."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from tiercel.telemetry.readers.json_lines import split_lines

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
