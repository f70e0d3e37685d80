"""A whole `tiercel hunt` beside the bare reading of the same files, in one run.

JSON lines: the captures whose names begin with otrf-dcom, otrf-scm, otrf-wmi and otrf-other, unpacked, beside
DuckDB's own `read_json` of the same files with the columns that the mappings need. Event logs: every .evtx of the
captures, beside the `evtx` library's own `records_json` loop. Each side runs in a process of its own, start included,
with compiled bytecode as every installed package has it, whatever PYTHONDONTWRITEBYTECODE says here; the better of
three runs counts. The captures are looked for where TIERCEL_REAL_DATA says.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FAMILIES = ("otrf-dcom", "otrf-scm", "otrf-wmi", "otrf-other")
RUNS = 3

READ_JSON = """
import sys, duckdb
from tiercel.telemetry.mappings import KINDS
from tiercel.telemetry.shapes import SHAPES
names = {}
for name in (*SHAPES[3].keys, *(field for kind in KINDS for field in kind.fields)):
    names.setdefault(name.lower(), name)
columns = {name: "VARCHAR" for name in names.values()} | {"event_data": "JSON"}
relation = "read_json(?, format = 'newline_delimited', maximum_object_size = 33554432, columns = " + repr(columns) + ")"
duckdb.connect().execute("CREATE TABLE event AS FROM " + relation, [sys.argv[1:]])
"""
READ_EVTX = """
import sys
from evtx import PyEvtxParser
for path in sys.argv[1:]:
    records = iter(PyEvtxParser(path).records_json())
    while True:
        try:
            next(records)
        except StopIteration:
            break
        except RuntimeError:
            continue
"""


def run() -> Iterator[Result]:
    """The results, in order; none where the captures are absent."""
    root = Path(__file__).resolve().parent.parent
    captures = (root / (os.environ.get("TIERCEL_REAL_DATA") or "../shared/telemetry")).resolve()
    if not captures.is_dir():
        print(f"  no captures at {captures}: set TIERCEL_REAL_DATA")
        return
    with tempfile.TemporaryDirectory(prefix="tiercel-bench-") as folder:
        lines = unpacked(captures, Path(folder, "json"), FAMILIES, ".json")
        logs = [*unpacked(captures, Path(folder, "evtx"), ("museum",), ".evtx"), *captures.glob("*/*.evtx")]
        yield from compared("JSON lines: tiercel hunt to read_json", READ_JSON, lines, 4.0)
        yield from compared("event logs: tiercel hunt to records_json", READ_EVTX, logs, 2.5)


def unpacked(captures: Path, folder: Path, names: Sequence[str], ending: str) -> list[Path]:
    """The captures' files of that ending, unpacked."""
    for path in sorted(captures.glob("*.zip")):
        if path.name.startswith(tuple(names)):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder / path.stem)
    return sorted(folder.rglob(f"*{ending}"))


def compared(name: str, floor: str, files: Sequence[Path], bound: float) -> Iterator[Result]:
    """The ratio of a hunt to the floor, and the hunt's peak memory."""
    paths = [str(path) for path in files]
    size = sum(path.stat().st_size for path in files) / 1e6
    below = min(taken([sys.executable, "-c", floor, *paths], (0,))[0] for _ in range(RUNS))
    hunts = [
        taken([sys.executable, "-m", "tiercel.cli", "hunt", "--format", "jsonl", *paths], (0, 1, 3))
        for _ in range(RUNS)
    ]
    seconds = min(each[0] for each in hunts)
    note = f"{seconds:.2f} s to {below:.2f} s, {len(files)} files, {size:,.0f} MB"
    yield Result(name, seconds / below, "x", bound, note=note)
    yield Result("  its peak memory", max(each[1] for each in hunts), "MB", 1000.0)


def taken(command: Sequence[str], expected: Sequence[int]) -> tuple[float, float, float]:
    """Seconds, peak resident MB, and seconds of processor, of a process that ends with an expected exit code."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir(), "tiercel-bench-bytecode"))
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in expected:
        raise RuntimeError(f"{command[:4]} ended with {process.returncode}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1000, usage.ru_utime + usage.ru_stime
