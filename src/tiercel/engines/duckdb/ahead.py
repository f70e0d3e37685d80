"""Statements that run before their rows are asked for, side by side: planning one keeps a single core busy."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import local
from typing import TYPE_CHECKING, Final

from tiercel.engines.clock import with_clock
from tiercel.engines.duckdb.calls import called_routines
from tiercel.engines.duckdb.fetching import arrow_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from datetime import datetime

    import duckdb
    import pyarrow as pa

    from tiercel.engines.engine import Statement

__all__ = ["run_ahead"]

_MOST: Final = 4
"""Threads at most: beyond, they wait for each other."""


@contextmanager
def run_ahead(
    connection: duckdb.DuckDBPyConnection,
    prepare: Callable[[duckdb.DuckDBPyConnection], None],
    statements: Iterable[Statement],
    now: datetime,
) -> Iterator[Mapping[str, Future[pa.Table]]]:
    """While it is open, what the statements find, by their SQL with the clock filled in; each runs once at most.

    Those that call routines are left out: a routine is known to one connection.

    Args:
        connection: holds the tables; it stays free for others.
        prepare: makes the settings of a connection.
        statements: what will be asked for, in this order.
        now: the clock of the run.

    """
    own = local()

    def rows(sql: str) -> pa.Table:
        if not hasattr(own, "connection"):
            own.connection = connection.cursor()
            prepare(own.connection)
        return arrow_rows(own.connection, sql)

    texts = [with_clock(each.sql, now) for each in statements]
    threads = ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST), thread_name_prefix="tiercel-statement")
    try:
        yield {sql: threads.submit(rows, sql) for sql in texts if not called_routines(sql)}
    finally:
        threads.shutdown(cancel_futures=True)
