"""What every reader of events hands over: a run of records, each as JSON text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tiercel.tables.arrow import texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

__all__ = ["LONGEST_RECORD", "Records", "text_array"]

LONGEST_RECORD = 16 << 20
"""Bytes of one record that are still read; Windows bounds an event at 64 KB, so even a tenfold escaped one is far
below.
"""


@dataclass(frozen=True, slots=True)
class Records:
    """Lines of JSON text with the number that finds each again in its file.

    `skipped` counts records that were met but cannot be handed on, by reason; `damaged` places where it cannot even be
    told how many records there were. `replaced` says that some bytes were no UTF-8 and stand as U+FFFD. `event_ids`, one a
    line, are known where the reader has told used events from others: such lines are sound JSON as the `evtx` library
    writes it.
    """

    numbers: Sequence[int]
    lines: pa.Array
    skipped: Mapping[str, int] = field(default_factory=dict)
    damaged: int = 0
    replaced: bool = False
    event_ids: Sequence[int] = ()


def text_array(lines: list[bytes]) -> tuple[pa.Array, bool]:
    """The lines as Arrow strings, and whether bytes that are no UTF-8 had to be replaced."""
    try:
        return texts([line.decode() for line in lines]), False
    except UnicodeDecodeError:
        return texts([line.decode("utf-8", "replace") for line in lines]), True
