"""Two shipped rules on Spark and on DuckDB over the same lake, in one run.

Spark runs in this host's two cores (`local[2]`), each rule twice: the first time it compiles, the second shows what its
rows cost. Both give the same rows, or the measurement fails. TIERCEL_BENCH_SPARK sets the numbers of network events, in
whole millions with commas between.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from bench import fleet
from bench.result import Result
from tiercel.engines.spark import Cluster
from tiercel.evidence import compile_rule, open_telemetry
from tiercel.rules import read_catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS: Final = tuple(int(text) for text in os.environ.get("TIERCEL_BENCH_SPARK", "2000000,20000000").split(","))
RULES: Final = ("scm-remote-service-start", "dcom-remote-activation")
CLUSTER: Final = Cluster("local[2]", settings={"spark.driver.memory": "2g", "spark.sql.shuffle.partitions": "8"})


def run() -> Iterator[Result]:
    """Seconds of each rule on both engines, and Spark's cost a billion network events and core."""
    rules = [rule for rule in read_catalog().rules if rule.id in RULES]
    for rows in ROWS:
        lake, name = fleet.lake_of(rows), f"{rows // 1_000_000} M network events"
        for rule in rules:
            duckdb = open_telemetry(lake)
            plan = compile_rule(rule, duckdb.now)
            begun = time.perf_counter()
            wanted = duckdb.engine.run(plan)
            single = time.perf_counter() - begun
            duckdb.engine.close()
            spark = open_telemetry(lake, spark=CLUSTER)
            spent = []
            for _ in range(2):
                begun = time.perf_counter()
                found = spark.engine.run(plan)
                spent.append(time.perf_counter() - begun)
            spark.engine.close()
            if found.num_rows != wanted.num_rows:
                message = f"{rule.id}: {found.num_rows} rows on Spark, {wanted.num_rows} on DuckDB"
                raise AssertionError(message)
            yield Result(f"{rule.id}, {name}: DuckDB", single, "s", note=f"{wanted.num_rows:,} rows found")
            yield Result(f"{rule.id}, {name}: Spark, first", spent[0], "s")
            yield Result(f"{rule.id}, {name}: Spark, again", spent[1], "s")
            yield Result(f"{rule.id}, {name}: Spark to DuckDB", spent[1] / single, "times")
            hours = spent[1] * 2 * (1_000_000_000 / rows) / 3600
            yield Result(f"{rule.id}, {name}: core hours a billion", hours, "core h")
