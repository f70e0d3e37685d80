"""A process that writes to a lake until it is killed: each commit is acknowledged by a line of its number."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

import pyarrow as pa

from tiercel.tables.lake import Input, Transaction, compact

NOON = datetime(2026, 3, 14, 12)


def batch(number):
    """40 rows of three days, all of one number."""
    return pa.record_batch(
        {
            "Timestamp": pa.array([NOON + timedelta(hours=hour) for hour in range(40)], pa.timestamp("us")),
            "DeviceId": pa.array([f"device-{hour % 3}" for hour in range(40)]),
            "ReportId": pa.array([number] * 40, pa.int64()),
        }
    )


def add(lake, number):
    """Input `number`, in two tables."""
    with Transaction.begin(lake) as transaction:
        transaction.write("DeviceEvents", [batch(number)])
        transaction.write("DeviceLogonEvents", [batch(number)])
        return transaction.commit(inputs=[Input(f"{number:064x}", number, f"input {number}")], ingestion_time=NOON)


def main(lake, first, last):
    for number in range(int(first), int(last)):
        add(lake, number)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        if number % 5 == 4:
            compact(lake)


if __name__ == "__main__":
    main(*sys.argv[1:])
