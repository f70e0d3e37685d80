"""Whatever the data hold, a function gives a value of its type: none raises, none changes what it was given."""

from __future__ import annotations

import base64
import copy
import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiercel.plan.routines import ROUTINES
from tiercel.plan.routines.dynamic import read_json, write_json
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from functions.conftest import Bench
    from tiercel.plan.routines import Routine

LONG = st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 40)
LAST_TICK = 3155378975999999999  # 9999-12-31 23:59:59.9999999
TEXT = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=30) | st.sampled_from(
    [
        *("", " ", "\x00", "é̀", "\U0001f600", "-", "+", "%", "%zz", "$.", "$.a[0].b", "$['a']", "a" * 5000, "[" * 600),
        *(
            "1.2.3.4",
            "300.1.2.3",
            "1.2.3.4/33",
            "::ffff:1.2.3.4",
            "fe80::1%eth0/64",
            "0x1F",
            "1e400",
            "nan",
            "00:00:99",
        ),
        *("2026-02-30", "0000-00-00", "9999-12-31T23:59:59.9999999Z", "1.24:00:00", "Europe/Paris", "../../etc/passwd"),
        *("<a>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a xmlns='x'/>", 'a,b\n"c', '"', "http://[", "file://"),
        *("windows", "linefit", "avg", "tukey", "KB", "Meter", "xn--a", "H4sIAAAAAAAA/wMAAAAAAAAAAAA=", "eJwDAAAAAAE="),
    ]
)
NUMBER = LONG | st.floats() | st.none() | st.booleans()
DYNAMIC: st.SearchStrategy[Any] = st.recursive(
    NUMBER | TEXT,
    lambda one: st.lists(one, max_size=6) | st.dictionaries(TEXT, one, max_size=4) | st.lists(NUMBER, max_size=20),
    max_leaves=20,
)
STRATEGIES: dict[KustoType, st.SearchStrategy[Any]] = {
    KustoType.BOOL: st.booleans(),
    KustoType.INT: st.integers(-(2**31), 2**31 - 1),
    KustoType.LONG: LONG,
    KustoType.REAL: st.floats(),
    KustoType.STRING: TEXT,
    KustoType.GUID: st.uuids().map(str),
    KustoType.DATETIME: st.integers(0, LAST_TICK),
    KustoType.TIMESPAN: LONG,
    KustoType.DYNAMIC: DYNAMIC,
}


def fits(value: Any, kind: KustoType) -> bool:
    """Whether an engine can store the value as this type."""
    if value is None:
        return True
    match kind:
        case KustoType.BOOL:
            return isinstance(value, bool)
        case KustoType.INT | KustoType.LONG | KustoType.TIMESPAN:
            return type(value) is int and -(2**63) <= value < 2**63
        case KustoType.DATETIME:
            return type(value) is int and 0 <= value <= LAST_TICK
        case KustoType.REAL:
            return isinstance(value, float | int)
        case KustoType.STRING | KustoType.GUID:
            return isinstance(value, str) and value.encode() is not None
        case _:
            return read_json(write_json(value)) is not None or value is None


@pytest.mark.parametrize("routine", [pytest.param(one, id=one.name) for one in ROUTINES.values()])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_value_is_taken(routine: Routine, data: st.DataObject) -> None:
    arguments = [data.draw(st.none() | STRATEGIES[kind]) for kind in routine.parameters]
    if routine.rest:
        arguments.append(data.draw(st.lists(DYNAMIC, min_size=1, max_size=4)))
    before = copy.deepcopy(arguments)
    result = routine.call(*arguments)
    assert fits(result, routine.returns), f"{result!r} is no {routine.returns}"
    assert repr(arguments) == repr(before), "an argument was changed"


def test_json_that_nests_deep_is_text(bench: Bench) -> None:
    deep = "[1," * 0 + "parse_json(strcat(strrep('[', 1024), strrep(']', 1024)))"
    assert bench.values([f"gettype({deep})", f"strlen(tostring({deep}))"]) == [("string", "array"), ("long", 2048)]
    ((kind, value),) = bench.values([deep])
    assert (kind, value) == ("dynamic", "[" * 1024 + "]" * 1024)


def test_a_bomb_is_not_unpacked(bench: Bench) -> None:
    packed = base64.b64encode(zlib.compress(bytes(70_000_000), 9)).decode()
    assert len(packed) < 100_000
    assert bench.values([f"strlen(zlib_decompress_from_base64_string('{packed}'))"]) == [("long", 0)]


def test_a_document_that_declares_entities_is_not_read(bench: Bench) -> None:
    text = '<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;">]><a>&z;</a>'
    assert bench.values([f"parse_xml({json.dumps(text)})"]) == [("dynamic", None)]


def test_squares_beyond_a_real_are_no_error() -> None:
    fit = ROUTINES["series_fit_line_dynamic"].call([0, 1e200])
    assert isinstance(fit, dict)
    assert fit["variance"] == float("inf")
