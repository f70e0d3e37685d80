"""A hunt over lakes of 1, 10 and 100 million network events: does the time for a row grow, and does the memory?

The source's SCM rule (or the shipped one) and the shipped DCOM hunt, by `tiercel hunt --memory 2GB`, each size in a
process of its own, start included. TIERCEL_BENCH_LARGEST sets the largest size.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from bench import fleet
from bench.hunting import taken
from bench.result import Result
from bench.scaling import scm_document, shipped_document

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES: Final = tuple(sorted({min(rows, fleet.LARGEST) for rows in (1_000_000, 10_000_000, 100_000_000)}))


def run() -> Iterator[Result]:
    """Each size, then the growth."""
    documents = [scm_document(), shipped_document("dcom-remote-activation")]
    rules = [part for document in documents for part in ("--rules", str(document))]
    each = {}
    for rows in SIZES:
        lake = str(fleet.lake_of(rows))
        command = [sys.executable, "-m", "tiercel.cli", "hunt", lake, *rules, "--memory", "2GB", "--format", "jsonl"]
        seconds, peak, _ = min(taken(command, (1,)) for _ in range(2))
        each[rows] = seconds / rows
        note = f"{seconds:.1f} s"
        yield Result(f"{rows / 1e6:g} M rows: time for a million", seconds / rows * 1e6, "s", note=note)
        yield Result(f"{rows / 1e6:g} M rows: peak memory", peak, "MB", 2000)
    least, *_, greatest = SIZES
    name = f"time for a row at {greatest / 1e6:g} M, to that at {least / 1e6:g} M"
    yield Result(name, each[greatest] / each[least], "x", 1.3)
