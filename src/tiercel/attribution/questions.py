"""The questions asked for all findings at once: a document of the catalogue, and the rows that it is asked with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tiercel.errors import RuleError
from tiercel.rules import read_rule
from tiercel.tables import TABLES, Column, KustoType, Table
from tiercel.tables.arrow import ARROW_TYPES, array_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiercel.engines.engine import Engine, Statement
    from tiercel.engines.kept import KeptStatements
    from tiercel.plan import Plan
    from tiercel.rules import Rule

__all__ = ["ASKED", "Asking", "documents"]


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
    folder = Path(__file__).with_name("catalog")
    read = {}
    for name in ASKED:
        reading = read_rule((folder / f"{name}.md").read_text(encoding="utf-8"), f"{name}.md")
        if reading.rule is None:
            raise RuleError(f"{name}.md: the document holds no query", issues=reading.issues)
        read[name] = reading.rule
    return read


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks an engine. Statements are kept from one run to the next, as those of rules are."""

    engine: Engine
    kept: KeptStatements

    def ask(
        self, question: str, rows: Sequence[Mapping[str, Any]], first: datetime, last: datetime
    ) -> list[dict[str, Any]]:
        """The answers to one question for all rows, none where nothing is asked. Raises RuleError and EngineError.

        Stored rows are looked at from `first` to `last`: a document's clock stands at `last`, and looks back by `Span`.
        """
        if not rows:
            return []
        table = ASKED[question]
        statement = self._statement(documents()[question], table, _span(last - first))
        schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in table.columns])
        columns = {name: [row.get(name) for row in rows] for name in schema.names}
        for column in table.columns:
            if column.type is KustoType.STRING:  # Kusto's strings are never null
                columns[column.name] = ["" if each is None else each for each in columns[column.name]]
        arrays = [array_of(columns[each.name], each.type) for each in schema]
        with self.engine.offered(table.name, pa.Table.from_arrays(arrays, schema=schema)):
            answers: list[dict[str, Any]] = self.engine.execute(statement, last).to_pylist()
        return answers

    def _statement(self, rule: Rule, table: Table, span: int) -> Statement:
        """The document as the engine's statement, kept from an earlier run or compiled now."""
        place = f"attribution/{rule.path}:{rule.query.first_line} {span} d, asked {table}"
        found = self.kept.find(self.engine.name, place, rule.query.text)
        if found is None:
            found = self.engine.prepare(_plan(rule, table, span))
            self.kept.keep(self.engine.name, place, rule.query.text, found)
        return found


def _plan(rule: Rule, table: Table, span: int) -> Plan:
    from tiercel.kql import Source  # noqa: PLC0415  only what is not kept is compiled
    from tiercel.plan import compile_text  # noqa: PLC0415  see above

    compiled = compile_text(
        Source(rule.query.text, rule.path, rule.query.first_line),
        now=datetime(2000, 1, 1),  # noqa: DTZ001  any instant: the statement's clock is set when it runs
        tables={**TABLES, table.name: table},
        parameters={"Span": f"{span}.00:00:00"},
    )
    if compiled.plan is None:
        raise RuleError(f"{rule.path}: the query is wrong", issues=compiled.issues)
    return compiled.plan


def _span(wanted: timedelta) -> int:
    """How many days are looked back, in a few steps, so that few statements serve every run.

    >>> _span(timedelta(hours=3)), _span(timedelta(days=9)), _span(timedelta(days=9_999))
    (2, 32, 20000)
    """
    return next((days for days in (2, 8, 32, 370) if timedelta(days=days) >= wanted), 20_000)
