"""The shipped rules on a cluster of two executors: over one lake they find what they find on DuckDB."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import obstore
import pytest
from tests.remote.writer import add
from tests.spark.conftest import BUCKET

from tiercel.engines.spark import SparkEngine, attach_lake
from tiercel.evidence import compile_rule
from tiercel.findings import as_json
from tiercel.hunt import hunt, query
from tiercel.rules import read_catalog
from tiercel.simulate import Format, simulate
from tiercel.tables.lake import Dataset, remote

if TYPE_CHECKING:
    from pathlib import Path

    from tiercel.engines.spark import Cluster

pytestmark = pytest.mark.xdist_group("spark")

ATTACKS = ("dcom", "scm", "wmi", "task")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small fleet's day, with attacks in it."""
    folder = tmp_path_factory.mktemp("fleet") / "lake"
    simulate(folder, hosts=20, days=1, seed=7, attacks=ATTACKS, written_as=Format.LAKE)
    return folder


def test_findings_are_those_of_duckdb(lake: Path, cluster: Cluster) -> None:
    ours, theirs = hunt(lake, attribution=False), hunt(lake, spark=cluster, attribution=False)
    assert not theirs.rules_failed
    assert len(theirs.rules_run) == len(ours.rules_run) == len(read_catalog().rules)
    assert [(run.rule.id, run.findings, run.rows) for run in theirs.rules_run] == [
        (run.rule.id, run.findings, run.rows) for run in ours.rules_run
    ]
    assert ours.findings
    assert [as_json(one) for one in theirs.findings] == [as_json(one) for one in ours.findings]


def test_a_lake_in_an_object_store_is_read_by_hadoops_name_of_it(cluster: Cluster) -> None:
    """The driver reads the log, the executors the parts, under `s3a://`."""
    from obstore.store import MemoryStore  # noqa: PLC0415  only here

    store = remote._buckets.setdefault("s3://lakes", MemoryStore())
    try:
        add("s3://lakes/shelf/a lake", 7)
        for page in obstore.list(store):
            for entry in page:
                file = BUCKET / entry["path"].removeprefix("shelf/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(obstore.get(store, entry["path"]).bytes())
        text = "DeviceEvents | summarize rows = count(), devices = dcount(DeviceId) by ReportId"
        for engine in (None, cluster):
            found = query(text, "s3://lakes/shelf/a lake", spark=engine)
            assert found.to_pylist() == [{"ReportId": 7, "rows": 40, "devices": 3}]
    finally:
        del remote._buckets["s3://lakes"]


def test_the_service_rule_joins_by_its_bucket(lake: Path, cluster: Cluster) -> None:
    dataset = Dataset.open(lake)
    assert dataset.span is not None
    rule = next(rule for rule in read_catalog().rules if rule.id == "scm-remote-service-start")
    engine = SparkEngine(cluster.open())
    # Joins of tables that no executor could hold, which is what a lake is for.
    engine.session.conf.set("spark.sql.autoBroadcastJoinThreshold", "-1")
    attach_lake(dataset, engine.session)
    plan = engine.explain(compile_rule(rule, dataset.span[1], engine="spark"))
    assert "CartesianProduct" not in plan
    assert "BroadcastNestedLoopJoin" not in plan
    joins = re.findall(r"\) SortMergeJoin\nLeft keys \[\d+\]: \[(.*)\]\nRight keys .*\nJoin type: (\w+)", plan)
    assert joins
    by_device = [keys for keys, kind in joins if kind == "Inner" and "DeviceId" in keys]
    assert by_device
    assert all("$bucket" in keys for keys in by_device), by_device
