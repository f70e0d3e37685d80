"""Patterns that RE2 cannot read are told before the query runs: exactly those that DuckDB's RE2 refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiercel.plan.functions.re2 import pattern_fault

if TYPE_CHECKING:
    from functions.conftest import Bench

PIECES = [
    *"ab()[]{}|*+?\\^$.-:,129_ é\n\x00",
    *("\\d", "\\b", "\\1", "\\12", "\\0", "\\z", "\\Z", "\\.", "\\Q", "\\E", "\\x41", "\\x{41}", "\\p{L}", "\\pL"),
    *("(?i)", "(?:", "(?P<n>", "(?=", "(?s-i:", "{2}", "{1,3}", "{1001}", "[^", "[:alpha:]", "a-z"),
]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join))
def test_as_duckdb_reads_it(bench: Bench, pattern: str) -> None:
    try:
        bench.connection.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
        refused = ""
    except duckdb.Error as error:
        refused = str(error)
    assert bool(pattern_fault(pattern)) is bool(refused), refused
