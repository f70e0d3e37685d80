"""Others beside `tiercel query`, on the same rows of the same Parquet files, each in its own process, start included.

The question is the heart of the SCM rule: what did services.exe start within ten seconds of a connection that it
accepted? The `eql` library answers it with a sequence over a million network events and their process starts; chdb and
Polars with a join by hand that has the time in its key, duckdb-kql with the same KQL, over TIERCEL_BENCH_SCALE network
events (20 million). All but eql give the same number of pairs, or the measurement fails; eql pairs each start with the
last connection alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Final

from bench import fleet
from bench.result import Result
from bench.scaling import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

KQL: Final = """
DeviceNetworkEvents
| where ActionType =~ "InboundConnectionAccepted" and InitiatingProcessFileName =~ "services.exe"
| project CallTime = Timestamp, DeviceId, InitiatingProcessId, RemoteIP
| join kind=inner (DeviceProcessEvents
    | where ActionType =~ "ProcessCreated" and InitiatingProcessFileName =~ "services.exe"
    | project ChildTime = Timestamp, DeviceId, InitiatingProcessId, FileName) on DeviceId, InitiatingProcessId
| where datetime_diff("second", ChildTime, CallTime) between (0 .. 10)
| summarize Pairs = count()
"""

EQL: Final = """
import json, sys
import pyarrow.compute as pc, pyarrow.parquet as pq
from eql import Event, PythonEngine, parse_query
network, process = json.loads(sys.argv[1])
def read(files, kind):
    names = ["Timestamp", "DeviceId", "InitiatingProcessId", "ActionType", "InitiatingProcessFileName"]
    for file in files:
        table = pq.read_table(file, columns=names, partitioning=None)
        ticks = pc.multiply(table.column("Timestamp").cast("int64"), 10).to_pylist()
        rest = [table.column(name).to_pylist() for name in names[1:]]
        for time, device, pid, action, name in zip(ticks, *rest):
            yield Event(kind, time, {"device": device, "pid": pid, "action": action, "name": name})
events = sorted([*read(network, "network"), *read(process, "process")], key=lambda event: event.time)
query = '''sequence by device, pid with maxspan=10s
    [network where action == "InboundConnectionAccepted" and name == "services.exe"]
    [process where action == "ProcessCreated" and name == "services.exe"]'''
engine, found = PythonEngine(), []
engine.add_query(parse_query(query))
engine.add_output_hook(found.append)
engine.stream_events(events)
print(len(found))
"""

CHDB: Final = """
import json, sys
import chdb
network, process = (files[0].split("/day=")[0] + "/*/*.parquet" for files in json.loads(sys.argv[1]))
read = ("SELECT DeviceId, InitiatingProcessId, toInt64(toUnixTimestamp64Micro(Timestamp)) AS t"
    " FROM file('{}', Parquet) WHERE ")
of_services = " AND lower(InitiatingProcessFileName) = 'services.exe'"
called = read.format(network) + "lower(ActionType) = 'inboundconnectionaccepted'" + of_services
started = read.format(process) + "lower(ActionType) = 'processcreated'" + of_services
print(str(chdb.query(f'''SELECT count() FROM (
    SELECT *, arrayJoin([intDiv(t, 20000000), intDiv(t, 20000000) + 1]) AS b FROM ({called})) AS l
    JOIN (SELECT *, intDiv(t, 20000000) AS b FROM ({started})) AS r
    ON l.DeviceId = r.DeviceId AND l.InitiatingProcessId = r.InitiatingProcessId AND l.b = r.b
    WHERE intDiv(r.t, 1000000) - intDiv(l.t, 1000000) BETWEEN 0 AND 10''')).strip())
"""

POLARS: Final = """
import json, sys
import polars as pl
network, process = json.loads(sys.argv[1])
def read(files, action):
    return pl.scan_parquet(files, hive_partitioning=False).filter(
        (pl.col("ActionType").str.to_lowercase() == action)
        & (pl.col("InitiatingProcessFileName").str.to_lowercase() == "services.exe")
    ).select("DeviceId", "InitiatingProcessId", t=pl.col("Timestamp").cast(pl.Int64))
bucket = pl.col("t") // 20_000_000
called = read(network, "inboundconnectionaccepted").with_columns(b=pl.concat_list(bucket, bucket + 1)).explode("b")
started = read(process, "processcreated").with_columns(b=bucket)
seconds = pl.col("t_right") // 1_000_000 - pl.col("t") // 1_000_000
pairs = called.join(started, on=["DeviceId", "InitiatingProcessId", "b"]).filter(seconds.is_between(0, 10))
print(pairs.select(pl.len()).collect(engine="streaming").item())
"""

DUCKDB_KQL: Final = """
import json, sys
import duckdb, duckdb_kql
connection = duckdb.connect()
connection.execute("SET enable_progress_bar = false")
for name, files in zip(("DeviceNetworkEvents", "DeviceProcessEvents"), json.loads(sys.argv[1])):
    connection.execute(f"CREATE VIEW {name} AS FROM read_parquet({files}, hive_partitioning = false)")
print(duckdb_kql.kql(connection, sys.argv[2]).fetchall()[0][0])
"""


def run() -> Iterator[Result]:
    """Each rival's time as a multiple of ours, and both peaks of memory."""
    small = fleet.lake_of(fleet.DAY_ROWS)
    yield from _compared("eql, 1 M", small, ("eql", EQL), same=False)
    lake = fleet.lake_of(ROWS)
    for name, script in (("chdb", CHDB), ("Polars", POLARS), ("duckdb-kql", DUCKDB_KQL)):
        yield from _compared(f"{name}, {ROWS / 1e6:g} M", lake, (name, script))


def _compared(title: str, lake: Path, rival: tuple[str, str], *, same: bool = True) -> Iterator[Result]:
    name, script = rival
    files = [
        sorted(str(file) for file in lake.glob(f"{table}/*/*.parquet"))
        for table in ("DeviceNetworkEvents", "DeviceProcessEvents")
    ]
    rounds = []
    for _ in range(2):
        ours = _taken([sys.executable, "-m", "tiercel.cli", "query", KQL, str(lake), "--format", "jsonl"])
        theirs = _taken([sys.executable, "-c", script, json.dumps(files), KQL])
        if theirs[2] == "":
            print(f"  {title}: it could not run the query")
            return
        pairs = json.loads(ours[2])["Pairs"]
        if same and int(theirs[2]) != pairs:
            raise RuntimeError(f"{name} found {theirs[2]} pairs, and we {pairs}")
        rounds.append((ours, theirs))
    ours, theirs = (min(each) for each in zip(*rounds, strict=True))
    note = f"{theirs[0]:.2f} s to {ours[0]:.2f} s; {theirs[2]} pairs to {pairs}"
    yield Result(f"{title}: its time, to ours", theirs[0] / ours[0], "x", note=note)
    note = f"{theirs[1]:,.0f} MB to {ours[1]:,.0f} MB"
    yield Result(f"{title}: its peak memory, to ours", theirs[1] / ours[1], "x", note=note)


def _taken(command: Sequence[str]) -> tuple[float, float, str]:
    """Seconds, peak resident MB and what it printed; nothing where it failed."""
    with tempfile.TemporaryFile("w+") as out:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begun
        out.seek(0)
        return seconds, usage.ru_maxrss / 1000, out.read().strip() if process.returncode == 0 else ""
