"""One cluster of two executors for all tests of Spark: starting one takes longer than a query."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from tests.functions.conftest import Bench
from tests.plan.conftest import Desk

from tiercel.engines.spark import Cluster, SparkEngine
from tiercel.tables import Column, KustoType, Table
from tiercel.tables.arrow import ARROW_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For Java processes that end before what they compiled thoroughly would pay: this halves what they cost."""

SETTINGS = {
    "spark.driver.extraJavaOptions": SHORT_LIVED,
    "spark.executor.extraJavaOptions": SHORT_LIVED,
    "spark.driver.memory": "1500m",
    "spark.executor.memory": "1g",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    # The tests' queries are of few rows: generating code for them takes far longer than they do.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    # Spark's connector to S3 is in no Python package: what is asked of `s3a://lakes/` is read from a folder instead.
    "spark.hadoop.fs.s3a.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
    "spark.hadoop.fs.viewfs.overload.scheme.target.s3a.impl": "org.apache.hadoop.fs.LocalFileSystem",
}


BUCKET = Path(tempfile.gettempdir(), f"tiercel-bucket-{os.getpid()}")
"""The folder that stands for what begins with `shelf/` in the bucket `lakes`."""


def missing() -> str:
    """What Spark needs and is not there; empty where all is."""
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        return "Spark needs Java, and there is none: install Java 17 (openjdk-17-jre-headless), or set JAVA_HOME"
    return ""


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A Spark of two executors, each a process of its own with one core and 1 GB."""
    reason = missing()
    if reason and os.environ.get("TIERCEL_REQUIRE_REAL_DATA") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    bucket = {"spark.hadoop.fs.viewfs.mounttable.lakes.link./shelf": BUCKET.as_uri()}
    BUCKET.mkdir(parents=True, exist_ok=True)
    opened = Cluster(master="local-cluster[2,1,1024]", settings={**SETTINGS, **bucket}).open()
    yield Cluster(session=opened.started)
    opened.close()
    shutil.rmtree(BUCKET)


class SparkBench(Bench):
    """A Spark that works out expressions."""

    def __init__(self, engine: SparkEngine) -> None:
        self.engine = engine  # type: ignore[assignment]
        self.table: Table | None = None

    def _store(self, cells: list[tuple[str, str, Any]]) -> None:
        self.hold("T", [(name, kind) for name, kind, _ in cells], [[value for _, _, value in cells]])

    def hold(self, name: str, columns: list[tuple[str, str]], rows: list[list[Any]]) -> None:
        kinds = [KustoType(kind) for _, kind in columns]
        self.table = Table(name, tuple(Column(n, k) for (n, _), k in zip(columns, kinds, strict=True)), ())
        arrays = [
            pa.array([as_stored(row[at], kind) for row in rows], ARROW_TYPES[kind]) for at, kind in enumerate(kinds)
        ]
        self.engine.hold(name, pa.table(arrays, names=[n for n, _ in columns]))


def as_stored(value: Any, kind: KustoType) -> Any:
    return json.dumps(value) if kind is KustoType.DYNAMIC and value is not None else value


@pytest.fixture(scope="session")
def small(cluster: Cluster) -> SparkEngine:
    """An engine for queries of few rows."""
    engine = SparkEngine(cluster.open())
    # One partition, so that rows keep the order in which they are written down.
    engine.session.conf.set("spark.sql.shuffle.partitions", "1")
    engine.session.conf.set("spark.sql.leafNodeDefaultParallelism", "1")
    return engine


@pytest.fixture(scope="session")
def spark_bench(small: SparkEngine) -> SparkBench:
    """A Spark that works out expressions."""
    return SparkBench(small)


@pytest.fixture(scope="session")
def duckdb_bench() -> Iterator[Bench]:
    """A DuckDB that works out expressions."""
    one = Bench()
    yield one
    one.connection.close()


@pytest.fixture(scope="session")
def duckdb_desk() -> Iterator[Desk]:
    """A DuckDB on which queries are run."""
    one = Desk()
    yield one
    one.connection.close()


@pytest.fixture(scope="session")
def spark_desk(small: SparkEngine) -> Desk:
    """A Spark on which queries are run."""
    desk = Desk()
    desk.connection.close()
    desk.engine = small  # type: ignore[assignment]
    return desk
