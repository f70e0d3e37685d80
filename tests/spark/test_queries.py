"""The case files of operators, on Spark: what a query gives there is what DuckDB gives for the rows written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.plan.conftest import same_rows
from tests.plan.test_cases import blocks

from tiercel.engines.spark.gaps import LACKS

if TYPE_CHECKING:
    from tests.plan.conftest import Desk

pytestmark = pytest.mark.xdist_group("spark")

CASES = [one for one in blocks() if one.values[1] in {"", "ordered"}]
FILES = list(dict.fromkeys(str(one.id).partition(":")[0] for one in CASES))


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_queries(file: str, spark_desk: Desk, duckdb_desk: Desk) -> None:
    wrong: list[str] = []
    for one in CASES:
        if str(one.id).partition(":")[0] != file:
            continue
        query, mode, wanted = one.values
        answer, expected = spark_desk.ask(query), duckdb_desk.ask(wanted)
        if any(f"{name}(" in query for name in LACKS.of):
            if not answer.issues or {issue.code for issue in answer.issues} != {"kql-unsupported"}:
                wrong.append(f"{one.id}: {answer.issues or answer.rows} instead of a refusal")
            continue
        kinds = [kind for _, kind in expected.columns]
        sets: Any = "make_set" in query
        if answer.columns != expected.columns:
            wrong.append(f"{one.id}: {answer.columns or answer.issues} instead of {expected.columns}")
        elif not same_rows(answer.rows, expected.rows, kinds, ordered=mode == "ordered", unordered_sets=sets):
            wrong.append(f"{one.id}: {answer.rows} instead of {expected.rows}\n{answer.sql}")
    assert not wrong, "\n".join(wrong)
