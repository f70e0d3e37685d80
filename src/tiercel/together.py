"""The rules of one hunt as statements, and how those of a small case are planned and run: quickly, and side by side."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from tiercel.engines.duckdb import DuckDBEngine
from tiercel.evidence import compile_rule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from tiercel.engines.engine import Statement
    from tiercel.evidence import Telemetry
    from tiercel.rules import Rule

__all__ = ["planned", "run_ahead", "statement_of", "statements_of"]

_SMALL: Final = 1_000_000
"""Rows of all tables up to which several rules run at once; beyond, one rule uses all cores and all memory."""


def planned(telemetry: Telemetry) -> AbstractContextManager[None]:
    """While it is open, the statements of a small case are planned as befits few rows."""
    engine = telemetry.engine
    return engine.planned_quickly() if _is_small(telemetry) and isinstance(engine, DuckDBEngine) else nullcontext()


def run_ahead(rules: Sequence[Rule], telemetry: Telemetry) -> AbstractContextManager[None]:
    """While it is open, the rules of a small case run side by side: what they cost is their planning."""
    engine = telemetry.engine
    if len(rules) < 2 or not _is_small(telemetry) or not isinstance(engine, DuckDBEngine):
        return nullcontext()
    return engine.ahead([each for each in statements_of(rules, telemetry) if each.is_lasting], telemetry.now)


def statements_of(rules: Sequence[Rule], telemetry: Telemetry) -> list[Statement]:
    """The rules' statements, where they have one: what is wrong with a rule is told when it runs."""
    statements = []
    for rule in rules:
        try:
            statements.append(statement_of(rule, telemetry))
        except Exception:  # noqa: BLE001, S112  see above
            continue
    return statements


def statement_of(rule: Rule, telemetry: Telemetry) -> Statement:
    """The rule as the engine's statement, kept from an earlier run or compiled now. Raises RuleError."""
    engine = telemetry.engine
    place = f"{rule.path}:{rule.query.first_line}:{rule.language}{telemetry.given}"
    found = telemetry.kept.find(engine.name, place, rule.query.text)
    if found is None:
        plan = compile_rule(rule, telemetry.now, tables=telemetry.tables, probe=engine.probe, engine=engine.name)
        found = engine.prepare(plan)
        telemetry.kept.keep(engine.name, place, rule.query.text, found)
    return found


def _is_small(telemetry: Telemetry) -> bool:
    return sum(telemetry.report.tables.values()) <= _SMALL
