"""Each file in `cases/` holds a result, the stored tables behind it, and the findings that it must give."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from tiercel.findings import SCHEMA, as_arrow, as_json, assemble
from tiercel.rules import AttackRow, EvidenceColumns, Rule, RuleQuery
from tiercel.tables import TABLES, KustoType

if TYPE_CHECKING:
    from collections.abc import Sequence

CASES = Path(__file__).parent / "cases"
TIME = pa.timestamp("us")
TYPES = {KustoType.DATETIME: TIME, KustoType.LONG: pa.int64(), KustoType.INT: pa.int32(), KustoType.BOOL: pa.bool_()}


def stored(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """The rows as the table stores them: absent strings are empty, the rest null."""
    columns = TABLES[name].by_name
    fields = {column.name: TYPES.get(column.type, pa.string()) for column in columns.values()}
    return pa.table(
        {
            name: pa.array([value(row.get(name, "" if kind == pa.string() else None)) for row in rows], kind)
            for name, kind in fields.items()
        }
    )


def value(given: Any) -> Any:
    if isinstance(given, str) and given.endswith("Z") and given[:2] == "20":
        return datetime.fromisoformat(given).replace(tzinfo=None)
    return given


class Tables:
    """Stands for an engine: looks rows up in tables made of the case's rows, and counts how often it is asked."""

    def __init__(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        self.tables = {name: stored(name, rows) for name, rows in tables.items()}
        self.calls = 0

    def __call__(self, table: str, keys: pa.Table, columns: Sequence[str]) -> pa.Table:
        self.calls += 1
        found = self.tables.get(table, stored(table, []))
        wanted = {tuple(row.values()) for row in keys.to_pylist()}
        kept = [row for row in found.to_pylist() if tuple(row[name] for name in keys.column_names) in wanted]
        return pa.Table.from_pylist(kept, schema=found.schema).select(columns)


def rule(evidence: Sequence[dict[str, Any]] = ()) -> Rule:
    attack = (AttackRow("TA0002 - Execution", "T1047", "", "WMI"),)
    steps = tuple(EvidenceColumns(**step) for step in evidence)
    return Rule("r", "A rule", "r.md", RuleQuery("T", 1), attack=attack, evidence=steps)


def result(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([{name: value(each) for name, each in row.items()} for row in rows])


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    engine = Tables(case["tables"])
    findings, issues = assemble(rule(case.get("evidence", ())), result(case["result"]), case["reads"], engine)
    assert issues == ()
    assert len(findings) == len(case["findings"])
    for finding, wanted in zip(findings, case["findings"], strict=True):
        told = as_json(finding)
        told["steps"] = [[step["step"], step["time"], step["source"]] for step in told["evidence"]]
        told["texts"] = [step["text"] for step in told["evidence"]]
        assert {key: told[key] for key in wanted} == wanted
    assert engine.calls <= len(case["reads"]), "raw events are fetched once a table, not once a finding"


def test_the_same_thing_has_the_same_id_again_and_another_has_another() -> None:
    case = json.loads((CASES / "declared-steps.json").read_text(encoding="utf-8"))

    def ids(rows: list[dict[str, Any]]) -> list[str]:
        return [each.id for each in assemble(rule(case["evidence"]), result(rows), [], Tables(case["tables"]))[0]]

    every = ids(case["result"])
    assert ids(case["result"][2:]) == every
    assert ids(case["result"][3:]) == every[1:]
    assert len(set(every)) == 2


def test_arrow_has_one_shape_whatever_the_findings_hold() -> None:
    assert as_arrow([]).schema == SCHEMA
    for path in CASES.glob("*.json"):
        case = json.loads(path.read_text(encoding="utf-8"))
        findings, _ = assemble(
            rule(case.get("evidence", ())), result(case["result"]), case["reads"], Tables(case["tables"])
        )
        table = as_arrow(findings)
        assert table.schema == SCHEMA
        assert table.column("id").to_pylist() == [finding.id for finding in findings]
        assert [json.loads(text) for text in table.column("columns").to_pylist()] == [
            as_json(finding)["columns"] for finding in findings
        ]


def test_an_evidence_table_that_names_other_columns_says_so() -> None:
    steps = [
        {"step": "s", "table": "", "time": "Tme", "process": "FileNam", "text": "{Nothing} and {FileName}", "line": 9}
    ]
    _, issues = assemble(rule(steps), result([{"Time": "2026-01-01T00:00:00Z", "FileName": "a"}]), [], Tables({}))
    assert [(issue.code, issue.span.line if issue.span else 0, issue.hint) for issue in issues] == [
        ("evidence-unknown-column", 9, "did you mean `FileName`?"),
        ("evidence-unknown-column", 9, ""),
        ("evidence-unknown-column", 9, "did you mean `Time`?"),
    ]


def test_a_result_without_rows_asks_for_nothing() -> None:
    engine = Tables({})
    empty = pa.table({"Timestamp": pa.array([], TIME), "DeviceId": pa.array([], pa.string())})
    assert assemble(rule(), empty, ["DeviceProcessEvents"], engine) == ((), ())
    assert engine.calls == 0


def test_many_rows_of_one_attack_show_the_first_steps_and_the_last() -> None:
    start = {"step": "c", "role": "child", "table": "", "time": "ChildTime", "process": "FileName"}
    steps = [start, {"step": "n", "role": "connection", "table": "", "time": "At", "peer": "RemoteIP"}]
    rows = [
        {"DeviceId": "d", "FileName": "a", "RemoteIP": "::2", "ChildTime": "2026-01-01T00:09:00Z",
         "At": f"2026-01-01T00:{second // 60:02}:{second % 60:02}Z"}
        for second in range(200)
    ]  # fmt: skip
    (finding,) = assemble(rule(steps), result(rows), [], Tables({}))[0]
    assert (finding.rows, len(finding.evidence), finding.evidence[-1].role) == (200, 50, "child")
