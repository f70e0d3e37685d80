"""Random queries over random rows, against another KQL translator for DuckDB: two readings of Kusto, made apart.

Left out is what the two are known to read differently: strings behind an outer join, which are null there and empty
here, as they are in Kusto; and rows that tie, of which either may come first.
"""

from __future__ import annotations

import json
import random
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb_kql
import pytest

from tiercel.kql.literals import read_timespan
from tiercel.tables import Column, KustoType, Table

if TYPE_CHECKING:
    from tests.plan.conftest import Desk

LEFT = [
    ("k", "string"),
    ("n", "long"),
    ("s", "string"),
    ("t", "datetime"),
    ("r", "real"),
    ("b", "bool"),
    ("d", "dynamic"),
]
RIGHT = [("k", "string"), ("m", "long"), ("s", "string"), ("u", "datetime")]

VALUES: dict[str, list[Any]] = {
    "string": ["", "cmd.exe", "CMD.EXE", "a b", "powershell -enc AA", "svc_host", "10.0.0.1", "x", "Y"],
    "long": [None, 0, 1, 2, 3, 5, 7, -7, 100],
    "real": [None, 0.5, 1.5, -2.25, 100.0, 3.0],
    "datetime": [None, *(f"2026-07-14 0{hour}:{hour * 7:02}:00" for hour in range(9))],
    "bool": [None, True, False],
    "dynamic": [None, {"a": 1, "b": "x"}, {"a": "z"}, [1, 2, 3], ["x", "y"], 5, "s", {}],
}

SCALARS = """k|n|s|t|r|n+1|n*2-1|n/2|n%3|tolower(s)|strlen(s)|substring(s,1,3)|strcat(k,"-",s)|iff(n>2,"a","b")|bin(n,3)
bin(t,1h)|t+1h|datetime_diff("hour",t,datetime(2026-07-14))|tostring(n)|toint(s)|tolong(r)|round(r,1)|abs(n)
case(n>5,"x",n>1,"y","z")|coalesce(n,9)|isempty(s)|isnull(n)|startofday(t)|split(s,".")[0]|indexof(s,"e")|toupper(k)
replace_string(s,"e","E")|max_of(n,2)|d.a|tostring(d.a)|extract("([a-z]+)",1,s)|not(b)|countof(s,"e")|-n|r*n"""
PREDICATES = """n>2|n==2|n!=2|s=="x"|s!="x"|s=~"cmd.exe"|s!~"cmd.exe"|s has "cmd"|s contains "E"|s startswith "c"
not(b)|s endswith ".exe"|n in (1,2,3)|n !in (1,2,3)|s in~ ("x","cmd.exe")|isnotempty(s)|isnull(n)|not(n==2)|not(n>2)
k==s|n between (1 .. 3)|t > datetime(2026-07-14 05:00)|b|n>1 and s!=""|n>5 or r<2.0|r>n
s has_any ("cmd","host")|s matches regex "^[a-z]"
k in ((R // project k))|n in ((R // project m))|n !in ((R // project m))
s !has "cmd"|t between (datetime(2026-07-14 02:00) .. 3h)"""
AGGREGATES = """count()|sum(n)|avg(n)|min(n)|max(t)|dcount(s)|countif(n>2)|sumif(n,n>1)|make_set(k)|max(n)-min(n)
stdev(n)|avgif(r,n>1)|min(r)|sum(r)|make_set_if(k,n>1)|maxif(n,n<5)"""
KEYS = "k|s|bin(n,2)|bin(t,1h)|b|k, s|tolower(k)"
OPERATORS = """where {b}|extend z={s}|extend z={s}, w={s}|project k,s,n,t,r,b,d,z={s}|summarize {a} by {g}|distinct k,s
summarize x={a}, {a} by {g}|summarize x={a}|count|join kind=inner R on k|join kind=leftanti R on k|project-away r
join kind=leftsemi R on k|join kind=inner (R // where m>1) on k, s|union (L // where {b})|mv-expand d|summarize by k, s
project-rename kk=k // project-rename k=kk|extend n=n+1|where {b} // where {b}"""


def parts(text: str) -> list[str]:
    """What stands between the bars, `//` being a pipe."""
    return [one.replace("//", "|") for line in text.splitlines() for one in line.split("|")]


def query(chance: random.Random) -> str:
    places = {"s": parts(SCALARS), "b": parts(PREDICATES), "a": parts(AGGREGATES), "g": parts(KEYS)}
    operators = [chance.choice(parts(OPERATORS)) for _ in range(chance.randint(1, 3))]
    filled = (re.sub(r"\{(\w)\}", lambda found: chance.choice(places[found[1]]), one) for one in operators)
    return "L" + "".join(f" | {one}" for one in filled)


def fill(desk: Desk, chance: random.Random) -> None:
    for name, columns, size in (("L", LEFT, 14), ("R", RIGHT, 9)):
        rows = [[chance.choice(VALUES[kind]) for _, kind in columns] for _ in range(size)]
        desk.add(name, columns, rows)
        for hidden in ("_IngestionTime", "_Source"):
            desk.connection.execute(f'ALTER TABLE "{name}" DROP COLUMN "{hidden}"')
        desk.tables[name] = Table(name, tuple(Column(one, KustoType(kind)) for one, kind in columns))


def plain(value: Any, kind: str) -> Any:
    """A value of the other's in the form of ours."""
    if value is None:
        return "" if kind == "string" else None
    if kind == "dynamic" and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if kind == "datetime":
        return value.isoformat() + "Z"
    if kind == "timespan":
        return read_timespan(value) if isinstance(value, str) else round(value.total_seconds() * 10_000_000)
    if isinstance(value, Decimal):
        return float(value)
    return "NaN" if isinstance(value, float) and value != value else value  # noqa: PLR0124  NaN differs from itself


@pytest.mark.parametrize("seed", range(12))
def test_both_give_the_same_rows(seed: int, desk: Desk, compare: Any) -> None:
    chance = random.Random(seed)  # noqa: S311  it only has to repeat
    fill(desk, chance)
    compared = 0
    for _ in range(25):
        text = query(chance)
        answer = desk.ask(text)
        if not answer.columns:
            continue
        try:
            theirs = duckdb_kql.kql(desk.connection, text)
            names, rows = list(theirs.columns), theirs.fetchall()
        except Exception:  # noqa: BLE001, S112  whatever it refuses or fails at is not compared
            continue
        compared += 1
        kinds = [kind for _, kind in answer.columns]
        assert [name for name, _ in answer.columns] == names, text
        wanted = [[plain(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows]
        same = compare(answer.rows, wanted, kinds, ordered=False, unordered_sets=True)
        assert same, f"{text}\n{answer.rows}\nbut\n{wanted}"
    assert compared > 8
