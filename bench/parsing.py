"""The KQL parser beside Microsoft's published grammar, run by ANTLR as duckdb-kql has it, on the same texts.

Each parser reads every text several times in a process of its own, so that neither pays for the other's memory. The
first pass is what a command pays; in later ones ANTLR has its tables warm. Time is the process's own, whatever else the
machine does.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import re
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from bench.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
AT_LEAST = 20


def run() -> Iterator[Result]:
    """The ratios, on the emulator's queries and worked examples, and on the source's SCM rule."""
    data = (ROOT / (os.environ.get("TIERCEL_REAL_DATA") or "../shared/telemetry")).resolve().parent
    cases = json.loads((data / "conformance" / "kusto_emulator_cases.json").read_text("utf-8"))["cases"]
    examples = json.loads((data / "reference" / "kql_examples.json").read_text("utf-8"))["examples"]
    texts = [case["kql"] for case in cases] + [example["query"] for example in examples]
    document = (data / "seeds" / "0xFF-0083-Remote_Process_Invocation_Via_SCM-Win.md").read_text("utf-8")
    rule = re.findall(r"```C#\n(.*?)```", document, re.DOTALL)
    for name, chosen in ((f"{len(texts)} published queries", texts), ("the source's SCM rule", rule)):
        ours, theirs = _in_a_process(_with_tiercel, chosen), _in_a_process(_with_antlr, chosen)
        yield Result(f"{name}: ours, first pass", ours[0] * 1e3, "ms")
        yield Result(f"{name}: ours, later passes", ours[1] * 1e3, "ms")
        yield Result(f"{name}: ANTLR, first pass", theirs[0] * 1e3, "ms")
        yield Result(f"{name}: ANTLR, later passes", theirs[1] * 1e3, "ms")
        yield Result(f"{name}: times faster, first pass", theirs[0] / ours[0], "x", AT_LEAST, at_least=True)
        yield Result(f"{name}: times faster, later passes", theirs[1] / ours[1], "x", AT_LEAST, at_least=True)


def _in_a_process(measure: Callable[[list[str]], tuple[float, float]], texts: list[str]) -> tuple[float, float]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, texts).result()


def _with_tiercel(texts: list[str]) -> tuple[float, float]:
    from tiercel.kql import Source, parse  # noqa: PLC0415  each process loads its own parser alone

    return _measure(lambda text: parse(Source(text)), texts)


def _with_antlr(texts: list[str]) -> tuple[float, float]:
    from duckdb_kql import validate  # noqa: PLC0415  as above

    return _measure(validate, texts)


def _measure(parse: Callable[[str], object], texts: list[str]) -> tuple[float, float]:
    """Seconds of the first pass over the texts, and of the best of five later ones."""
    passes = []
    for _ in range(6):
        gc.collect()
        begin = time.process_time()
        for text in texts:
            parse(text)
        passes.append(time.process_time() - begin)
    return passes[0], min(passes[1:])
