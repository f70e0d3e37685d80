"""The table of a document's `## Evidence`: which columns of the result hold which step of the attack."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final, Protocol

from tiercel.rules.rule import ROLES, EvidenceColumns
from tiercel.tables import TABLES

if TYPE_CHECKING:
    from tiercel.rules.document import Cell, Section

__all__ = ["read_evidence"]

_FIELDS: Final = {
    "step": "step",
    "table": "table",
    "time": "time",
    "role": "role",
    "process": "process",
    "process id": "process_id",
    "command line": "command_line",
    "start": "start",
    "account": "account",
    "peer": "peer",
    "device": "device",
    "text": "text",
}
"""The table's headers and the fields they fill. Their order in a document is free."""


class _Warn(Protocol):
    def __call__(self, code: str, message: str, line: int, hint: str = "") -> None: ...


def read_evidence(section: Section | None, warn: _Warn) -> tuple[EvidenceColumns, ...]:
    """The steps in the document's order. A row that cannot be used is left out, with a warning."""
    if section is None:
        return ()
    if not section.tables:
        warn(
            "rule-evidence", "the section `Evidence` holds no table", section.line, "its columns: " + ", ".join(_FIELDS)
        )
        return ()
    table = section.tables[0]
    names = [" ".join(header.lower().replace("_", " ").split()) for header in table.headers]
    for name in names:
        if name not in _FIELDS:
            close = difflib.get_close_matches(name, list(_FIELDS), 1)
            hint = f"did you mean `{close[0]}`?" if close else "one of " + ", ".join(_FIELDS)
            warn("rule-evidence", f"`{name}` is no column of an evidence table", table.line, hint)
    steps = (_step(dict(zip(names, row, strict=False)), warn) for row in table.rows if any(cell.text for cell in row))
    return tuple(step for step in steps if step is not None)


def _step(cells: dict[str, Cell], warn: _Warn) -> EvidenceColumns | None:
    values = {field: cells[header].text.strip("`") for header, field in _FIELDS.items() if header in cells}
    line = next(iter(cells.values())).line
    missing = [header for header in ("step", "table", "time") if not values.get(header)]
    if missing:
        warn("rule-evidence", f"this step names no {' and no '.join(missing)}; left out", line)
        return None
    if values["table"] not in TABLES:
        close = difflib.get_close_matches(values["table"], list(TABLES), 1)
        hint = f"did you mean `{close[0]}`?" if close else ""
        warn("rule-evidence", f"`{values['table']}` is no table; this step's raw events are not looked up", line, hint)
        values["table"] = ""
    values["role"] = values.get("role", "").lower()
    if values["role"] and values["role"] not in ROLES:
        warn(
            "rule-evidence",
            f"`{values['role']}` is no role; the step is shown without one",
            line,
            "one of " + ", ".join(ROLES),
        )
        values["role"] = ""
    return EvidenceColumns(**values, line=line)
