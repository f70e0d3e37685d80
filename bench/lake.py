"""The lake beside DuckDB's own Parquet: writing, opening, reading with pruning, compaction.

`TIERCEL_BENCH_ROWS` sets the rows of DeviceNetworkEvents (default 4,000,000), ten days of 500 devices.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from bench.result import Result
from tiercel.tables import TABLES
from tiercel.tables.lake import Dataset, Transaction, compact
from tiercel.telemetry.lake import attach
from tiercel.telemetry.storage import create_tables, insertion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = int(os.environ.get("TIERCEL_BENCH_ROWS", "4000000"))
DAYS = 10
DEVICES = 500
SMALL_COMMITS = 96
"""A day of an import every quarter of an hour."""

ORDERED = 'SELECT * FROM DeviceNetworkEvents ORDER BY "Timestamp"::DATE, DeviceId, "Timestamp"'
COLUMNS = "count(*), max(RemoteIP), max(InitiatingProcessFileName), max(InitiatingProcessId), max(Timestamp)"


def run() -> Iterator[Result]:
    """The results, in order."""
    with tempfile.TemporaryDirectory(prefix="tiercel-bench-") as folder:
        lake, plain = Path(folder, "lake"), Path(folder, "plain")
        plain.mkdir()
        ours = theirs = 0.0
        for day in range(DAYS):
            with duckdb.connect(config={"memory_limit": "1GB", "temp_directory": folder}) as connection:
                fill(connection, ROWS // DAYS, day)
                copied = f"COPY ({ORDERED}) TO '{plain}/{day}.parquet' (COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
                theirs += seconds(lambda connection=connection, copied=copied: connection.execute(copied))
                ours += seconds(lambda connection=connection: write(connection, lake))
        size = sum(part.bytes for part in Dataset.open(lake).parts("DeviceNetworkEvents"))
        name = f"{ROWS:,} rows sorted and written, to DuckDB's COPY"
        yield Result(name, ours / theirs, "x", note=f"{ROWS / ours:,.0f} rows/s")
        theirs_size = sum(file.stat().st_size for file in plain.iterdir())
        yield Result("size, to DuckDB's COPY", size / theirs_size, "x", note=f"{size / ROWS:.1f} bytes a row")
        yield from reading(lake, plain)
        yield from compacting(Path(folder, "small"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        yield Result("peak memory of all of this", peak, "GB", 2, note="DuckDB limited to 1 GB while it sorts")


def reading(lake: Path, plain: Path) -> Iterator[Result]:
    """Queries over the lake's views and over DuckDB's own files."""
    opened = best(lambda: Dataset.open(lake))
    dataset = Dataset.open(lake)
    parts = dataset.parts("DeviceNetworkEvents")
    yield Result("opening the lake", opened * 1000, "ms", note=f"{len(parts)} parts, {dataset.version} commits")
    with duckdb.connect() as connection, duckdb.connect() as other:
        yield Result("attaching it to DuckDB", best(lambda: attach(dataset, connection)) * 1000, "ms")
        other.execute(f"CREATE VIEW DeviceNetworkEvents AS SELECT * FROM read_parquet('{plain}/*.parquet')")
        other.execute("SET parquet_metadata_cache = true")
        device = parts[0].least
        hour = "Timestamp BETWEEN '2026-01-07 10:00' AND '2026-01-07 11:00'"
        conditions = {
            "a scan of five columns, LocalPort 135": "LocalPort = 135",
            "one device": f"DeviceId = '{device}'",
            "one hour": hour,
            "one device in one hour": f"DeviceId = '{device}' AND {hour}",
        }
        for name, condition in conditions.items():
            sql = f"SELECT {COLUMNS} FROM DeviceNetworkEvents WHERE {condition}"
            ours = best(lambda sql=sql: connection.execute(sql).fetchall())
            theirs = best(lambda sql=sql: other.execute(sql).fetchall())
            yield Result(f"{name}, to DuckDB's files", ours / theirs, "x", 1.5, note=f"{ours * 1000:,.0f} ms")


def compacting(lake: Path) -> Iterator[Result]:
    """A day of small commits, before and after compaction."""
    with duckdb.connect() as connection:
        fill(connection, min(ROWS // DAYS, 480_000), 0)
        relation = connection.sql("SELECT * FROM DeviceNetworkEvents")
        batches = list(relation.to_arrow_reader(min(ROWS // DAYS, 480_000) // SMALL_COMMITS))
    begun = time.perf_counter()
    for batch in batches:
        with Transaction.begin(lake) as transaction:
            transaction.write("DeviceNetworkEvents", [batch])
            transaction.commit()
    each = (time.perf_counter() - begun) / len(batches)
    yield Result("a small commit", each * 1000, "ms", note=f"{batches[0].num_rows:,} rows, synced to the disk")
    sql = f"SELECT {COLUMNS} FROM DeviceNetworkEvents WHERE LocalPort = 135"
    before = queried(lake, sql)
    begun = time.perf_counter()
    done = compact(lake)
    taken = time.perf_counter() - begun
    note = f"{done.parts_before} parts to {done.parts_after}, {done.rows_merged / taken:,.0f} rows/s"
    yield Result("compaction", taken, "s", note=note)
    yield Result("size after compaction, to before", done.bytes_after / done.bytes_before, "x")
    yield Result("a query after compaction, to before", queried(lake, sql) / before, "x", 1)


def fill(connection: duckdb.DuckDBPyConnection, rows: int, day: int) -> None:
    """Network events of one day in the connection, from numbers that are hashed: the same ones every time."""
    create_tables(connection)
    processes = "['svchost.exe', 'services.exe', 'chrome.exe', 'lsass.exe', 'excel.exe']"
    values = {
        "Timestamp": f"TIMESTAMP '2026-01-01' + to_days({day}) + to_microseconds((hash(i, 1) % 86400000000)::BIGINT)",
        "DeviceId": f"left(sha256('device' || (hash(i, 2) % {DEVICES})), 40)",
        "DeviceName": f"'host' || (hash(i, 2) % {DEVICES}) || '.corp.example'",
        "ActionType": "['InboundConnectionAccepted', 'ConnectionSuccess'][1 + (hash(i, 3) % 2)::INT]",
        "RemoteIP": "'10.' || hash(i, 4) % 4 || '.' || hash(i, 5) % 250 || '.' || hash(i, 6) % 250",
        "RemotePort": "(hash(i, 7) % 65536)::INT",
        "LocalIP": f"'10.9.' || (hash(i, 2) % {DEVICES}) // 250 || '.' || hash(i, 2) % {DEVICES} % 250",
        "LocalPort": "CASE hash(i, 8) % 20 WHEN 0 THEN 445 WHEN 1 THEN 135 ELSE 49152 + hash(i, 9) % 16000 END",
        "Protocol": "'Tcp'",
        "InitiatingProcessFileName": f"{processes}[1 + (hash(i, 10) % 5)::INT]",
        "InitiatingProcessId": "(hash(i, 11) % 20000)::BIGINT",
        "InitiatingProcessCommandLine": "'svchost.exe -k netsvcs -p -s ' || hash(i, 12) % 300",
        "InitiatingProcessCreationTime": "TIMESTAMP '2026-01-01' + to_seconds((hash(i, 13) % 80000)::INT)",
        "ReportId": "i",
        "AdditionalFields": "'{\"SourcePort\":' || hash(i, 7) % 65536 || '}'",
        "_IngestionTime": "TIMESTAMP '2026-02-01'",
        "_Source": "'/evidence/host/Security.json#' || i",
    }
    numbered = f"FROM (SELECT i::BIGINT AS i FROM range({day * rows}, {(day + 1) * rows}) numbers(i))"
    connection.execute(insertion(TABLES["DeviceNetworkEvents"], values, numbered))


def write(connection: duckdb.DuckDBPyConnection, lake: Path) -> None:
    """The connection's rows as one commit."""
    with Transaction.begin(lake) as transaction:
        transaction.write("DeviceNetworkEvents", connection.sql(ORDERED).to_arrow_reader(65_536))
        transaction.commit()


def queried(lake: Path, sql: str) -> float:
    """The seconds of a query over the lake as it stands."""
    with duckdb.connect() as connection:
        attach(Dataset.open(lake), connection)
        return best(lambda: connection.execute(sql).fetchall())


def seconds(work: Callable[[], object]) -> float:
    """How long it took."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def best(work: Callable[[], object]) -> float:
    """The shortest of three, in seconds."""
    return min(seconds(work) for _ in range(3))
