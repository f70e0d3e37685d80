"""`tiercel import --lake` beside the bare reading of the same files, in one run, and its memory as files grow.

JSON lines: the captures that `hunting` takes, and generated telemetry in which every record is a wanted event, as
Winlogbeat and as NXLog write it; beside DuckDB's own `read_json` of the same files with the columns that the mappings
need, into a table. Event logs: every .evtx of the captures, and a larger body of those that hold wanted events, in
copies whose computer has another name; beside the `evtx` library's own `records_json` loop. Each side runs in a
process of its own, start included; the better of two runs counts. What is generated is kept beside the lakes of the
other measurements; `TIERCEL_BENCH_HOSTS` sets the hosts of the larger body (default 1,000, a day: 1.1 GB of
Winlogbeat's).
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from evtx import PyEvtxParser

from bench.fleet import FOLDER
from bench.hunting import FAMILIES, READ_EVTX, READ_JSON, taken, unpacked
from bench.result import Result
from tiercel.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HOSTS: Final = int(os.environ.get("TIERCEL_BENCH_HOSTS", "1000"))
SMALLER: Final = 8
"""The larger body is so many times the smaller one."""
RUNS: Final = 2
JSON_BOUND: Final = 4.0
EVTX_BOUND: Final = 2.5
MEMORY: Final = 1500.0
"""Megabytes, however large the files: the limit of 1 GB that an import has by default, and what the libraries take."""
READ_WINLOGBEAT: Final = """
import sys, duckdb
from tiercel.telemetry.mappings import KINDS
names = {}
for kind in KINDS:
    for field in kind.fields:
        names.setdefault(field.lower(), field)
fields = ", ".join(f'"{name}" VARCHAR' for name in names.values())
winlog = ("STRUCT(event_id VARCHAR, channel VARCHAR, computer_name VARCHAR, record_id VARCHAR,"
    " process STRUCT(pid VARCHAR),"
    f' "user" STRUCT(identifier VARCHAR), event_data STRUCT({fields}))')
columns = {"@timestamp": "VARCHAR", "winlog": winlog}
relation = "read_json(?, format = 'newline_delimited', maximum_object_size = 33554432, columns = " + repr(columns) + ")"
duckdb.connect().execute("CREATE TABLE event AS FROM " + relation, [sys.argv[1:]])
"""
FLAT: Final = 1.3
"""Times the memory that the larger body may take of what the smaller one takes."""
WANTED: Final = ("sysmon", "security", "system", "wmi-activity")
"""Parts of the names of logs that hold wanted events."""
LOG_BYTES: Final = 500_000_000


def run() -> Iterator[Result]:
    """The results, in order; those over the captures only where they are there."""
    root = Path(__file__).resolve().parent.parent
    captures = (root / (os.environ.get("TIERCEL_REAL_DATA") or "../shared/telemetry")).resolve()
    with tempfile.TemporaryDirectory(prefix="tiercel-bench-") as folder:
        if captures.is_dir():
            lines = unpacked(captures, Path(folder, "json"), FAMILIES, ".json")
            yield from compared("JSON lines of the captures", READ_JSON, lines, JSON_BOUND)
        else:
            print(f"  no captures at {captures}: set TIERCEL_REAL_DATA")
        yield from generated("winlogbeat", READ_WINLOGBEAT, lambda event: event)
        yield from generated("nxlog", READ_JSON, nxlog)
        if captures.is_dir():
            logs = [*unpacked(captures, Path(folder, "evtx"), ("museum",), ".evtx"), *captures.glob("*/*.evtx")]
            yield from compared("event logs of the captures", READ_EVTX, logs, EVTX_BOUND)
            dense = [log for log in logs if any(name in log.name.lower() for name in WANTED)]
            yield from compared("event logs in copies", READ_EVTX, copies(dense, Path(folder, "copies")), EVTX_BOUND)


def compared(name: str, floor: str, files: Sequence[Path], bound: float) -> Iterator[Result]:
    """The ratio of an import to the floor, and the import's peak memory."""
    seconds, peak, busy = imported(files)
    paths = [str(path) for path in files]
    below = [taken([sys.executable, "-c", floor, *paths], (0,)) for _ in range(RUNS)]
    least, least_busy = min(each[0] for each in below), min(each[2] for each in below)
    size = sum(path.stat().st_size for path in files) / 1e6
    note = f"{seconds:.2f} s to {least:.2f} s, {len(files)} files, {size:,.0f} MB"
    yield Result(f"{name}: import to bare reading", seconds / least, "x", bound, note=note)
    yield Result("  in processor time", busy / least_busy, "x", note=f"{busy:.2f} s to {least_busy:.2f} s")
    yield Result("  its peak memory", peak, "MB", MEMORY)


def imported(files: Sequence[Path]) -> tuple[float, float, float]:
    """Seconds, peak MB and processor seconds of an import of the files into a new lake: least, greatest, least."""
    runs = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory(prefix="tiercel-bench-") as lake:
            command = [sys.executable, "-m", "tiercel.cli", "import", *map(str, files), "--lake", lake]
            runs.append(taken(command, (0, 3)))
    return min(each[0] for each in runs), max(each[1] for each in runs), min(each[2] for each in runs)


def generated(shape: str, floor: str, told: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[Result]:
    """The ratio over the larger body in that shape, and how the peak of memory grows from the smaller one."""
    large, small = body(shape, HOSTS, told), body(shape, HOSTS // SMALLER, told)
    _, peak, _ = imported([small])
    results = list(compared(f"every record a wanted event, {shape}", floor, [large], JSON_BOUND))
    yield from results
    note = f"{peak:,.0f} MB for {small.stat().st_size / 1e6:,.0f} MB"
    yield Result(f"  to that with {SMALLER} times less", results[-1].value / peak, "x", FLAT, note=note)


def body(shape: str, hosts: int, told: Callable[[dict[str, Any]], dict[str, Any]]) -> Path:
    """A day of so many hosts in that shape, made where it is not there yet."""
    path = FOLDER / f"{shape}-{hosts}.ndjson"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        made = path.with_suffix(".made")
        simulate(made, hosts=hosts)
        with path.with_suffix(".part").open("wb") as sink:
            for source in sorted(made.glob("winlogbeat/*")):
                with source.open("rb") as lines:
                    sink.writelines(orjson.dumps(told(orjson.loads(line))) + b"\n" for line in lines)
        shutil.rmtree(made)
        path.with_suffix(".part").rename(path)
    return path


def nxlog(event: dict[str, Any]) -> dict[str, Any]:
    """The event as NXLog flattens it, its rendered text included."""
    log, data = event["winlog"], event["winlog"]["event_data"]
    text = "\r\n".join(
        [f"{log['task']}:" if "task" in log else "", *(f"{key}: {value}" for key, value in data.items())]
    )
    time = event["@timestamp"]
    return {
        **data,
        "EventTime": f"{time[:10]} {time[11:19]}",
        "Hostname": log["computer_name"],
        "Keywords": -9214364837600034816,
        "EventType": "INFO",
        "SeverityValue": 2,
        "Severity": "INFO",
        "EventID": log["event_id"],
        "SourceName": log["provider_name"],
        "ProviderGuid": log.get("provider_guid"),
        "Version": log.get("version"),
        "OpcodeValue": 0,
        "RecordNumber": log["record_id"],
        "ExecutionProcessID": log["process"]["pid"],
        "Channel": log["channel"],
        "Message": text,
        "Category": log.get("task"),
        "Opcode": "Info",
        "EventReceivedTime": f"{time[:10]} {time[11:19]}",
        "SourceModuleName": "eventlog",
        "SourceModuleType": "im_msvistalog",
        "@timestamp": time,
        "port": 64545,
    }


def copies(logs: Sequence[Path], folder: Path) -> list[Path]:
    """Copies of the logs, of other computers, until they are large enough together."""
    folder.mkdir()
    made: list[Path] = []
    size = 0
    for number in itertools.count():
        for index, log in enumerate(logs):
            content = log.read_bytes()
            for name in computers(log):
                other = f"{chr(ord('a') + number % 26)}{chr(ord('a') + number // 26)}{name[2:]}"
                content = content.replace(name.encode("utf-16-le"), other.encode("utf-16-le"))
            path = folder / f"{number:03}-{index:03}.evtx"
            path.write_bytes(content)
            made.append(path)
            size += len(content)
            if size >= LOG_BYTES:
                return made
    return made


def computers(log: Path) -> set[str]:
    """The names of the computers in the log's first records."""
    records: Any = PyEvtxParser(str(log)).records_json()
    return {json.loads(record["data"])["Event"]["System"]["Computer"] for record in itertools.islice(records, 50)}
