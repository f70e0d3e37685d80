"""What every scalar function gives: every section of every file in cases/scalars/ is a test.

A section begins with `//// name`. Each of its lines is a call, ` => `, and the literal it must equal, of the same type,
or the code it must be refused with. Every call is worked out twice, of constants and of a table's columns; arguments at
the places named in `//// name, constant 0 2` stay constants, after `//// name, constant` all of them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tiercel.plan.functions import FUNCTION_FAMILIES
from tiercel.plan.functions.registry import Unsupported

if TYPE_CHECKING:
    from functions.conftest import Bench

FOLDER = Path(__file__).with_name("cases") / "scalars"
CODE = re.compile(r"kql-[a-z-]+")
ALL = frozenset(range(64))

SECTIONS = [
    (path.stem, *section.split("\n", 1))
    for path in sorted(FOLDER.glob("*.txt"))
    for section in re.split(r"^//// ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
]


def section_params() -> list[Any]:
    found = []
    for family, head, body in SECTIONS:
        name, _, rest = head.partition(", constant")
        fixed = frozenset(int(place) for place in rest.split()) or (ALL if ", constant" in head else frozenset())
        lines = [line for line in body.splitlines() if line.strip() and not line.startswith("//")]
        pairs = [tuple(line.rsplit(" => ", 1)) for line in lines]
        found.append(pytest.param(pairs, fixed, id=f"{family}: {name}"))
    return found


@pytest.mark.parametrize(("pairs", "fixed"), section_params())
def test_values(pairs: list[tuple[str, str]], fixed: frozenset[int], bench: Bench, same: Any) -> None:
    given = [(call, wanted) for call, wanted in pairs if not CODE.fullmatch(wanted)]
    if not given:
        return
    calls = [call for call, _ in given]
    wanted = [bench.values([literal])[0] for _, literal in given]
    ways = {"constants": bench.values(calls)}
    if fixed != ALL:
        ways["columns"] = bench.over_columns(calls, fixed)
    wrong = [
        f"{call} of {way} is {got}, not {want}"
        for way, values in ways.items()
        for call, got, want in zip(calls, values, wanted, strict=True)
        if got[0] != want[0] or not same(got[1], want[1])
    ]
    assert not wrong, "\n".join(wrong)


REFUSED = [
    pytest.param(*line.rsplit(" => ", 1), id=line)
    for _, _, body in SECTIONS
    for line in body.splitlines()
    if " => kql-" in line
]


@pytest.mark.parametrize(("call", "code"), REFUSED)
def test_refusals(call: str, code: str, bench: Bench) -> None:
    with pytest.raises(bench.refused, match=f"^{code}: "):
        bench.values([call])


def test_every_function_has_cases() -> None:
    tested = {head.partition(",")[0].strip() for _, head, _ in SECTIONS}
    built = {one.name for _, entries in FUNCTION_FAMILIES for one in entries if not isinstance(one, Unsupported)}
    assert not built - tested, "functions without a case"
    assert not tested - built, "cases of no function"
