"""What mortals do: tasks that are killed at random, or that kill themselves at a chosen step.

Reads a task a line from standard input, forks a process for it and prints its id; `wait` prints how the last one ended.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from tiercel.intake import import_into
from tiercel.tables.lake import Input, Transaction, clean, compact

MOMENT = datetime(2026, 3, 14, 12)


def add(lake, number):
    """Imports input `number`: 40 rows of two days in each of two tables."""
    times = [MOMENT + timedelta(hours=hour) for hour in range(40)]
    batch = pa.record_batch(
        {
            "Timestamp": pa.array(times, pa.timestamp("us")),
            "DeviceId": pa.array([f"device-{hour % 3}" for hour in range(40)]),
            "ReportId": pa.array([number] * 40, pa.int64()),
        }
    )
    with Transaction.begin(lake) as transaction:
        transaction.write("DeviceEvents", [batch])
        transaction.write("DeviceLogonEvents", [batch])
        transaction.commit(inputs=[Input(f"{number:064x}", number, f"input {number}")], ingestion_time=MOMENT)


def many(lake, acknowledged, first):
    """Imports input after input, and compacts after every fourth; a number in a file acknowledges each."""
    with Path(acknowledged).open("a", buffering=1) as file:
        for number in range(int(first), int(first) + 1_000_000):
            add(lake, number)
            file.write(f"{number}\n")
            if number % 4 == 3:
                compact(lake)
                clean(lake, keep=timedelta(hours=1))


def die_at(step):
    """From now on, the `step`-th operation on files is not done: the process is killed instead."""
    count = 0

    def mortal(operation):
        def run(*arguments, **named):
            nonlocal count
            count += 1
            if count == int(step):
                os.kill(os.getpid(), signal.SIGKILL)
            return operation(*arguments, **named)

        return run

    os.fsync = mortal(os.fsync)
    for name in ("rename", "replace", "mkdir", "unlink", "open"):
        setattr(Path, name, mortal(getattr(Path, name)))


def add_and_die(lake, step):
    die_at(step)
    add(lake, 7)


def compact_and_die(lake, step):
    die_at(step)
    compact(lake)
    clean(lake, keep=timedelta(0))


def importing(lake, paths):
    import_into(lake, [paths])


TASKS = {task.__name__: task for task in (many, add_and_die, compact_and_die, importing)}


def say(number):
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main():
    child = 0
    for line in sys.stdin:
        name, *arguments = line.rstrip("\n").split("\t")
        if name == "wait":
            say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            continue
        child = os.fork()
        if child == 0:
            TASKS[name](*arguments)
            os._exit(0)
        say(child)


if __name__ == "__main__":
    main()
