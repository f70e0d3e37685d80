"""The worked examples of KQL's semantics."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from plan.conftest import Desk


KNOWN = {
    "datetime-diff-documented-values": "stored instants have whole microseconds, its last row asks for nanoseconds",
}
"""Examples that we answer otherwise, and why; strict both ways."""


def answer_differs(example: dict[str, Any], desk: Desk, compare: Any) -> str:
    for name, table in example["tables"].items():
        columns = [tuple(one) for one in table["columns"]]
        desk.add(
            "FileProfile" if name == "<profile service>" else name, columns, table["rows"], table.get("ingestion_time")
        )
        if "now" in table:
            desk.now = datetime.fromisoformat(table["now"])
    answer = desk.ask(example["query"])
    if not answer.columns:
        return "; ".join(str(issue) for issue in answer.issues)
    wanted = [tuple(one) for one in example["output"]["columns"]]
    if answer.columns != wanted:
        return f"columns {answer.columns} instead of {wanted}"
    kinds = [kind for _, kind in wanted]
    ordered = "sort by" in example["query"] or "order by" in example["query"]
    unordered_sets = "make_set" in example["query"]
    if not compare(answer.rows, example["output"]["rows"], kinds, ordered=ordered, unordered_sets=unordered_sets):
        return f"rows {answer.rows} instead of {example['output']['rows']}"
    return ""


def test_examples(reference: Path, desk: Desk, compare: Any) -> None:
    examples = json.loads((reference / "kql_examples.json").read_text(encoding="utf-8"))["examples"]
    wrong = []
    for example in examples:
        found = answer_differs(example, desk, compare)
        if bool(found) != (example["id"] in KNOWN):
            wrong.append(f"{example['id']}: {found or 'passes now'}")
    assert not wrong, "\n".join(wrong)
