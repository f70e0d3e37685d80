"""Dynamic values as JSON that every reader accepts: DuckDB's own reader lets more pass than JSON allows."""

from __future__ import annotations

import json
from typing import Final

import pyarrow as pa

__all__ = ["sound_json"]

_DEEPEST: Final = 400
"""Brackets up to here cannot nest deeper than Python's reader goes."""

_LOOSE: Final = r"(?i),\s*[\]}]|(?:^|[\[,:])\s*-?(?:nan|inf)"
"""A comma before a closing bracket, and what is no number: both pass DuckDB's reader. Texts may hold them too."""


def sound_json(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column's JSON texts; one that is no JSON becomes a JSON string, as Kusto's `parse_json` has it."""
    if column.null_count == len(column):
        return column
    import pyarrow.compute as pc  # noqa: PLC0415  it takes longer to load than most rules to run

    brackets = pc.add(pc.count_substring(column, "["), pc.count_substring(column, "{"))
    doubtful = pc.or_(pc.match_substring_regex(column, _LOOSE), pc.greater(brackets, _DEEPEST))
    if not pc.any(doubtful).as_py():
        return column
    marks = doubtful.to_pylist()
    texts = [_sound(text) if mark else text for text, mark in zip(column.to_pylist(), marks, strict=True)]
    return pa.chunked_array([pa.array(texts, column.type)])


def _sound(text: str) -> str:
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return json.dumps(text, ensure_ascii=False)
    return text


def _refuse(name: str) -> object:
    raise ValueError(name)
