"""Rows for lakes, and a way to let a writer die."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tiercel.tables.lake import Dataset, Input, Transaction

NOON = datetime(2026, 3, 14, 12)


def rows(*numbers, device="d1", begin=NOON, step=timedelta(seconds=1)):
    """A batch of DeviceEvents, one a number, which stands in ReportId; `step` apart."""
    return pa.record_batch(
        {
            "Timestamp": pa.array([begin + index * step for index in range(len(numbers))], pa.timestamp("us")),
            "DeviceId": pa.array([device] * len(numbers), pa.string()),
            "ReportId": pa.array(numbers, pa.int64()),
        }
    )


def commit(lake, *batches, name=None, table="DeviceEvents"):
    """A commit of the batches; `name` stands for the bytes of the file that they come from."""
    with Transaction.begin(lake) as transaction:
        transaction.write(table, batches)
        inputs = [Input(f"{name}".encode().hex().zfill(64), len(f"{name}"), f"{name}")] if name is not None else []
        return transaction.commit(inputs=inputs, ingestion_time=NOON)


def stored(lake, table="DeviceEvents", columns=("ReportId",)):
    """The rows of a table's live parts, part after part."""
    dataset = Dataset.open(lake)
    found = []
    for file in dataset.files(dataset.parts(table)):
        found += zip(*pq.read_table(file, columns=list(columns), partitioning=None).to_pydict().values(), strict=True)
    return [values[0] for values in found] if len(columns) == 1 else found


class Mortals:
    """Processes that do a task of `crash.py` and die of it, forked from one that has imported everything."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("crash.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, task, *arguments):
        """The process id of a new one that does the task."""
        self._process.stdin.write("\t".join([task, *map(str, arguments)]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def wait(self):
        """How the last one ended: 0, or minus the number of the signal that killed it."""
        self._process.stdin.write("wait\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


@pytest.fixture(scope="module")
def mortals():
    process = Mortals()
    yield process
    process.close()


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "lake"


def killed_after(process, seconds):
    """Kills the process with signal 9 after so many seconds, which no writer can prepare for."""
    select.select([], [], [], seconds)
    os.kill(process, signal.SIGKILL)
