"""ATT&CK's words for what rules and findings tag."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tiercel.hunt import Result
    from tiercel.rules import AttackRow, Rule

__all__ = ["attack_rows", "names_of", "rows_of_result"]

_BETWEEN: Final = re.compile(r": | - ")


def attack_rows(rules: Iterable[Rule]) -> dict[str, list[AttackRow]]:
    """The rules' ATT&CK rows by id (`T1021.003`), each tactic of an id once."""
    rows: dict[str, list[AttackRow]] = {}
    for row in (row for rule in rules for row in rule.attack if row.technique):
        known = rows.setdefault(row.attack_id, [])
        if row.tactic not in {one.tactic for one in known}:
            known.append(row)
    return rows


def rows_of_result(result: Result) -> dict[str, list[AttackRow]]:
    """The ATT&CK rows of the rules that ran."""
    return attack_rows(run.rule for run in result.rules_run)


def names_of(attack_id: str, rows: Sequence[AttackRow]) -> tuple[str, str]:
    """The names of a technique and of its sub-technique, which rules write as one; the id where no rule names it.

    >>> names_of("T1047", [])
    ('T1047', 'T1047')
    """
    parts = _BETWEEN.split(rows[0].name) if rows else [attack_id]
    return parts[0], parts[-1]
