"""A rule through Spark Connect: a client without Java of its own, and a server that pyspark brings."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.spark.conftest import SETTINGS, missing

from tiercel.hunt import hunt
from tiercel.rules import read_catalog
from tiercel.simulate import Format, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.xdist_group("spark")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where a server of Spark Connect listens."""
    reason = missing()
    if reason and os.environ.get("TIERCEL_REQUIRE_REAL_DATA") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    import pyspark  # noqa: PLC0415  a second to import

    home = Path(pyspark.__file__).parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        **{name: value for name, value in SETTINGS.items() if "viewfs" not in name and "s3a" not in name},
        "spark.connect.grpc.binding.port": str(port),
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    command = [str(home / "bin" / "spark-submit"), "--class", server, "--master", "local[1]"]
    command += [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    environment = {**os.environ, "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "spark-internal"], stdout=log, stderr=log, cwd=tmp_path, env=environment, start_new_session=True
        )
    try:
        for _ in range(1200):
            assert process.poll() is None, (tmp_path / "log").read_text()[-2000:]
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"sc://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


CLIENT = """
import sys
from tiercel.engines.spark import Cluster
from tiercel.hunt import hunt
from tiercel.rules import read_catalog

lake, address, rule = sys.argv[1:]
rules = [one for one in read_catalog().rules if one.id == rule]
result = hunt(lake, rules, spark=Cluster(remote=address), attribution=False)
assert not result.rules_failed, result.rules_failed
print(*(finding.id for finding in result.findings))
"""


def test_a_rule_finds_over_there_what_it_finds_here(address: str, tmp_path: Path) -> None:
    """In a process of its own, as one that has started a Spark can be no client."""
    lake = tmp_path / "lake"
    simulate(lake, hosts=3, days=1, seed=7, attacks=("scm",), written_as=Format.LAKE)
    rule = next(rule for rule in read_catalog().rules if rule.id == "scm-remote-service-start")
    command = [sys.executable, "-X", "faulthandler", "-c", CLIENT, str(lake), address, rule.id]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    assert "Warning" not in run.stderr
    ours = hunt(lake, [rule], attribution=False)
    assert ours.findings
    assert run.stdout.split() == [finding.id for finding in ours.findings]
