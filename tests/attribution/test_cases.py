"""Rows of the tables, a finding, and what its attribution must say: each file in cases/ is a test.

A case's `finding` has the target `b.corp` (device id `B`), reached by 10.0.0.1 at 12:00:00. What `becomes` and
`attribution` name is compared; lists must have as many entries.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from tests.conftest import ROOT

from tiercel.attribution import attribute
from tiercel.attribution.questions import ASKED, documents
from tiercel.engines.duckdb import DuckDBEngine
from tiercel.engines.kept import KeptStatements
from tiercel.findings import Finding, as_json, from_json
from tiercel.tables import TABLES, KustoType
from tiercel.telemetry.storage import create_tables

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
DAY = "2026-03-02"
KEPT = KeptStatements(None)
"""One for all tests: each document is compiled once."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{DAY} {text}")


def engine_with(tables: dict[str, list[dict[str, Any]]]) -> DuckDBEngine:
    connection = duckdb.connect()
    create_tables(connection)
    for name, rows in tables.items():
        known = TABLES[name].by_name
        for number, row in enumerate(rows, 1):
            values = {"_Source": f"{name}#{number}", **row}
            names = ", ".join(f'"{column}"' for column in values)
            empty = [each for each, column in known.items() if column.type is KustoType.STRING and each not in values]
            names += "".join(f', "{column}"' for column in empty)
            given = [
                at(str(value)) if known[column].type is KustoType.DATETIME and value is not None else value
                for column, value in values.items()
            ]
            marks = ", ".join(["?"] * len(given) + ["''"] * len(empty))
            connection.execute(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', given)
    return DuckDBEngine(connection)


def finding(told: dict[str, Any]) -> Finding:
    """The finding of a case: all that it does not say is as plain as can be."""
    noon = f"{DAY}T12:00:00Z"
    process = {"name": None, "pid": None, "command_line": None, "start": None}
    values: dict[str, Any] = {
        "id": "f", "rule_id": "r", "title": "t", "techniques": ["T1021.003"], "tactics": [], "severity": "high",
        "confidence": "medium", "summary": "s", "device": "b.corp", "device_id": "B", "peer_ip": "10.0.0.1",
        "peer_name": None, "account": None, "first_time": noon, "last_time": noon, "server": None, "child": None,
        "family": "dcom", "strength": "execution", **told,
    }  # fmt: skip
    for name in ("server", "child"):
        if values[name]:
            started = values[name].get("start")
            values[name] = {**process, **values[name], "start": f"{DAY}T{started}Z" if started else None}
    values["evidence"] = [
        {"step": step["table"], "text": "", "device": "b.corp", **step, "time": f"{DAY}T{step['time']}Z"}
        for step in told.get("evidence", [])
    ]
    return from_json(values)


def differences(found: Any, wanted: Any, place: str = "") -> list[str]:
    """Where what was found is not what a case wants."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [each for name in wanted for each in differences(found.get(name), wanted[name], f"{place}.{name}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [each for at_, value in enumerate(wanted) for each in differences(found[at_], value, f"{place}[{at_}]")]
    return [] if found == wanted else [f"{place}: {found!r} instead of {wanted!r}"]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    (told,) = attribute([finding(case["finding"])], engine_with(case.get("tables", {})), KEPT)
    values = as_json(told)
    assert differences(values, case.get("becomes", {})) == []
    assert differences(values["attribution"], case["attribution"]) == []


def test_every_document_is_asked_and_says_with_what() -> None:
    for name, rule in documents().items():
        assert rule.id == name
        assert ASKED[name].name in rule.query.text
        assert f"`{ASKED[name].name}` is what is asked" in rule.considerations
        assert f"| `{name}` |" in (ROOT / "docs" / "attribution.md").read_text(encoding="utf-8")


def test_a_finding_without_device_or_time_stays_as_it_is() -> None:
    told = [finding({"device_id": None}), finding({"first_time": None})]
    assert attribute(told, engine_with({}), KEPT) == tuple(told)
    assert attribute([], engine_with({}), KEPT) == ()


@pytest.mark.parametrize("text", ["' OR 1=1 --", '"; DROP TABLE DeviceInfo', "\x00\x1b[2J", "{{x}}", "a" * 100_000])
def test_a_finding_made_of_hostile_text_asks_for_that_text(text: str) -> None:
    told = finding({"device_id": text, "device": text, "peer_ip": text, "server": {"name": text, "pid": 7}})
    tables = {
        "DeviceLogonEvents": [{"Timestamp": "12:00:00", "DeviceId": "B", "RemoteIP": "10.0.0.1", "LogonId": 5000}]
    }
    (found,) = attribute([told], engine_with(tables), KEPT)
    assert found.attribution is not None
    assert found.attribution.logon is None
    assert found.attribution.caller.process is None


def test_many_findings_are_asked_for_at_once() -> None:
    engine = engine_with(
        {
            "DeviceNetworkEvents": [
                {
                    "Timestamp": "12:00:00", "DeviceId": device, "DeviceName": device.lower(), "ActionType": action,
                    "LocalIP": local, "LocalPort": local_port, "RemoteIP": remote, "RemotePort": remote_port,
                    "InitiatingProcessFileName": "tool.exe", "InitiatingProcessId": 40,
                }
                for device, action, local, local_port, remote, remote_port in (
                    ("B", "InboundConnectionAccepted", "10.0.0.2", 50001, "10.0.0.1", 61000),
                    ("A", "ConnectionSuccess", "10.0.0.1", 61000, "10.0.0.2", 50001),
                )
            ]
        }
    )  # fmt: skip
    asked = []
    execute = engine.execute
    engine.execute = lambda statement, now, **more: asked.append(statement) or execute(statement, now, **more)  # type: ignore[method-assign, func-returns-value]
    step = {"table": "DeviceNetworkEvents", "time": "12:00:00", "source": "DeviceNetworkEvents#1"}
    counts = []
    for many in (1, 200):
        asked.clear()
        told = attribute([finding({"id": f"f{number}", "evidence": [step]}) for number in range(many)], engine, KEPT)
        assert {each.attribution.caller.process.name for each in told if each.attribution} == {"tool.exe"}
        counts.append(len(asked))
    assert counts[0] == counts[1] < 15
