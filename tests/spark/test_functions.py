"""The case files of functions and aggregates, on Spark: a family is one query, since each query costs Spark dearly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.functions.conftest import alike
from tests.functions.test_aggregates import LINES, ROWS
from tests.functions.test_functions import ALL, CODE, SECTIONS, section_params

from tiercel.engines.spark.gaps import LACKS

if TYPE_CHECKING:
    from tests.functions.conftest import Bench
    from tests.spark.conftest import SparkBench

pytestmark = pytest.mark.xdist_group("spark")

FAMILIES = list(dict.fromkeys(family for family, _, _ in SECTIONS))
RANDOM = re.compile(r"\b(rand|new_guid)\(")


def _calls(family: str) -> list[tuple[str, str, frozenset[int]]]:
    """Each call of a family that Spark has, what it must give, and which arguments stay constants."""
    sections = zip((one for one, _, _ in SECTIONS), section_params(), strict=True)
    pairs = [
        (call, wanted, section.values[1])
        for one, section in sections
        if one == family
        for call, wanted in section.values[0]
    ]
    return [one for one in pairs if not CODE.fullmatch(one[1]) and one[0].partition("(")[0] not in LACKS.of]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_of_functions(family: str, spark_bench: SparkBench, duckdb_bench: Bench) -> None:
    calls = _calls(family)
    wanted = duckdb_bench.values([literal for _, literal, _ in calls])
    folded = [one for one in calls if one[2] == ALL]
    moved = [one for one in calls if one[2] != ALL]
    found = dict(zip((call for call, _, _ in folded), spark_bench.values([call for call, _, _ in folded]), strict=True))
    if moved:
        texts, kept = [call for call, _, _ in moved], [fixed for _, _, fixed in moved]
        found |= dict(zip(texts, spark_bench.over_columns(texts, *kept), strict=True))
    wrong = [
        f"{call} is {found[call]}, not {want}"
        for (call, _, _), want in zip(calls, wanted, strict=True)
        if found[call][0] != want[0] or not alike(found[call][1], want[1])
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("rows", ["T", "T | where false"])
def test_aggregates(rows: str, spark_bench: SparkBench, duckdb_bench: Bench) -> None:
    lines = [line.split(" => ") for line in LINES if line.partition("(")[0] not in LACKS.of]
    named, wanted = [], []
    for at, (call, names, *given) in enumerate(lines):
        titles = [f"c{at}_{place}" for place, _ in enumerate(names.split(", "))]
        named.append(f"({', '.join(titles)}) = {call}" if len(titles) > 1 else f"{titles[0]} = {call}")
        wanted += given[rows != "T"].split(" ; ")
    ((*found,),) = spark_bench.run(f"{ROWS} {rows} | summarize {', '.join(named)}")
    expected = duckdb_bench.values(wanted)
    columns = [title for one in named for title in one.partition(" = ")[0].strip("()").split(", ")]
    wrong = [
        f"{lines[int(title[1:].partition('_')[0])][0]} is {got}, not {want}"
        for title, got, want in zip(columns, found, expected, strict=True)
        if not alike(list(got), list(want))
    ]
    assert not wrong, "\n".join(wrong)


def test_what_differs_from_run_to_run(spark_bench: SparkBench) -> None:
    values: list[Any] = spark_bench.values(["rand() >= 0.0", "rand(10) < 10", "strlen(new_guid())"])
    assert values == [("bool", True), ("bool", True), ("long", 36)]
