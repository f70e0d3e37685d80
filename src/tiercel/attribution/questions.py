"""The questions asked for all findings at once: a document of the catalogue, and the rows that it is asked with."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tiercel.errors import RuleError
from tiercel.kql import Source
from tiercel.plan import compile_text
from tiercel.rules import read_rule
from tiercel.tables import TABLES, Column, KustoType, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tiercel.engines.engine import Engine
    from tiercel.plan import Plan
    from tiercel.rules import Rule

__all__ = ["ASKED", "Asking", "documents"]

_ARROW: Final = {
    KustoType.STRING: pa.string(),
    KustoType.LONG: pa.int64(),
    KustoType.DATETIME: pa.timestamp("us"),
}


def _asked(name: str, **columns: KustoType) -> Table:
    return Table(name, tuple(Column(column, kind) for column, kind in columns.items()))


_TEXT, _NUMBER, _TIME = KustoType.STRING, KustoType.LONG, KustoType.DATETIME
ASKED: Final[dict[str, Table]] = {
    "mirrors": _asked("AskedConnections", FindingId=_TEXT, DeviceId=_TEXT, At=_TIME, PeerIP=_TEXT, PeerPort=_NUMBER,
                      OwnIP=_TEXT, OwnPort=_NUMBER),
    "logons": _asked("AskedSessions", FindingId=_TEXT, DeviceId=_TEXT, PeerIP=_TEXT, LogonId=_NUMBER, Start=_TIME,
                     End=_TIME),
    "owners": _asked("AskedAddresses", Address=_TEXT, At=_TIME),
    "processes": _asked("AskedProcesses", Asked=_NUMBER, DeviceId=_TEXT, ProcessId=_NUMBER, Name=_TEXT, Start=_TIME,
                        At=_TIME),
    "children": _asked("AskedProcesses", Asked=_NUMBER, DeviceId=_TEXT, ProcessId=_NUMBER, Name=_TEXT, Start=_TIME,
                       At=_TIME, Until=_TIME),
    "followed": _asked("AskedSessions", FindingId=_TEXT, DeviceId=_TEXT, LogonId=_NUMBER, Start=_TIME, End=_TIME),
    "intentions": _asked("AskedTargets", FindingId=_TEXT, DeviceId=_TEXT, Target=_TEXT, At=_TIME),
}  # fmt: skip
"""Each question by its document's name: the table of what is asked, which the document reads beside the stored ones."""


@cache
def documents() -> Mapping[str, Rule]:
    """The documents of the catalogue by name."""
    folder = resources.files("tiercel.attribution") / "catalog"
    read = {}
    for name in ASKED:
        reading = read_rule((folder / f"{name}.md").read_text(encoding="utf-8"), f"{name}.md")
        if reading.rule is None:
            raise RuleError(f"{name}.md: the document holds no query", issues=reading.issues)
        read[name] = reading.rule
    return read


@dataclass(slots=True)
class Asking:
    """Asks an engine. `first` and `last` are the bounds of time within which stored rows are looked at, by question."""

    engine: Engine
    now: datetime
    _plans: dict[tuple[str, datetime, datetime], Plan] = field(default_factory=dict)

    def ask(
        self, question: str, rows: Sequence[Mapping[str, Any]], first: datetime, last: datetime
    ) -> list[dict[str, Any]]:
        """The answers to one question for all rows, none where nothing is asked. Raises RuleError and EngineError."""
        if not rows:
            return []
        table = ASKED[question]
        key = question, first, last
        if key not in self._plans:  # a tree asks the same question once a generation
            self._plans[key] = self._plan(documents()[question], table, first, last)
        schema = pa.schema([(column.name, _ARROW[column.type]) for column in table.columns])
        columns = {name: [row.get(name) for row in rows] for name in schema.names}
        for column in table.columns:
            if column.type is KustoType.STRING:  # Kusto's strings are never null
                columns[column.name] = ["" if each is None else each for each in columns[column.name]]
        with self.engine.offered(table.name, pa.table(columns, schema=schema)):
            answers: list[dict[str, Any]] = self.engine.run(self._plans[key]).to_pylist()
        return answers

    def _plan(self, rule: Rule, table: Table, first: datetime, last: datetime) -> Plan:
        compiled = compile_text(
            Source(rule.query.text, rule.path, rule.query.first_line),
            now=self.now,
            tables={**TABLES, table.name: table},
            parameters={"From": first.isoformat(), "To": last.isoformat()},
        )
        if compiled.plan is None:
            raise RuleError(f"{rule.path}: the query is wrong", issues=compiled.issues)
        return compiled.plan
