"""A rule's query with environment filters between its markers, compiled, and its errors in the filters' own file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pyarrow.compute as pc

from tiercel.errors import Issue, RuleError
from tiercel.filters.allowed import kql_of, starts_processes
from tiercel.kql import Source
from tiercel.kql.syntax import Region
from tiercel.plan import compile_text
from tiercel.plan.lacks import NOTHING, Lacks
from tiercel.rules import with_filters
from tiercel.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from tiercel.errors import Span
    from tiercel.filters.filter import EnvironmentFilter, Predicate
    from tiercel.plan import Compiled, Plan
    from tiercel.rules import Rule, RuleQuery
    from tiercel.tables import Table

__all__ = ["Injection", "Misfit", "inject"]

_TAG: Final = "_EnvironmentFilter"
"""A column of the plan, never of the result: the number of the filter that takes the row, 0 for none."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A filter that this rule's query cannot hold, and why, in the filter's own file."""

    filter: EnvironmentFilter
    issue: Issue


@dataclass(frozen=True)
class Injection:
    """A rule with filters. `operators` stand between the markers elsewhere: each takes its filter's rows away.

    `plan` is what runs here. Where nothing stands behind the markers it tags each row with the filter that takes it;
    else each filter has a plan of its own in `taken`. `misfits` are filters left out.
    """

    rule: Rule
    filters: tuple[EnvironmentFilter, ...]
    operators: tuple[str, ...]
    plan: Plan
    taken: tuple[Plan, ...]
    misfits: tuple[Misfit, ...]

    @property
    def query(self) -> RuleQuery:
        """The document's query as it would run elsewhere, with the filters between its markers."""
        return with_filters(self.rule.query, self.operators)

    def rows(self, run: Callable[[Plan], pa.Table]) -> tuple[pa.Table, tuple[pa.Table, ...]]:
        """The rows that are left, and those that each filter took. What two filters would take is the first one's."""
        result = run(self.plan)
        if self.taken or not self.filters:
            return result, tuple(run(each) for each in self.taken)
        tags = result.column(_TAG)
        untagged = result.drop_columns([_TAG])
        return untagged.filter(pc.equal(tags, 0)), tuple(
            untagged.filter(pc.equal(tags, number)) for number in range(1, len(self.filters) + 1)
        )


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the injected line that came from a filter: its predicate, or what its easy form became."""

    start: int
    end: int
    filter: EnvironmentFilter
    predicate: Predicate | None

    def place(self, column: int, length: int) -> Span:
        """The place in the filter's file that a place in the line came from."""
        predicate = self.predicate
        if predicate is None:
            return self.filter.allowance.span if self.filter.allowance is not None else self.filter.span
        at = column - self.start
        if not predicate.is_exact or not 0 <= at < len(predicate.flat):
            return predicate.span
        span = predicate.source.span(Region(at, at + length))
        text = predicate.lines[span.line - 1] if span.line <= len(predicate.lines) else span.text
        return replace(span, text=text)


def inject(
    rule: Rule,
    filters: Sequence[EnvironmentFilter],
    now: datetime,
    *,
    tables: Mapping[str, Table] = TABLES,
    lacks: Lacks = NOTHING,
) -> Injection:
    """The rule with those of the filters that fit it. Raises RuleError where the rule itself is wrong.

    `lacks` is what the engine has not that runs the rule: a filter that needs it does not fit.
    """

    def compiled_for(query: RuleQuery) -> Compiled:
        source = Source(query.text, rule.path, query.first_line)
        return compile_text(source, now=now, tables=tables, lacks=lacks)

    misfits: list[Misfit] = [
        Misfit(each, Issue("filter-no-image", "the rule names no started process", each.allowance.span))
        for each in filters
        if each.allowance is not None and each.allowance.images and not starts_processes(rule)
    ]
    fitting = [each for each in filters if each not in [misfit.filter for misfit in misfits]]
    while True:
        pieces, conditions = _conditions(rule, fitting)
        is_last = _nothing_behind_markers(rule.query)
        line = _tagging(conditions, pieces) if is_last else _taking(conditions, pieces)
        query = with_filters(rule.query, [line] if line else [])
        compiled = compiled_for(query)
        if compiled.plan is not None or not fitting:
            break
        mine = [each for issue in compiled.issues if (each := _misfit(issue, rule, pieces)) is not None]
        if not mine:
            break
        misfits += mine
        wrong = {each.filter.id for each in mine}
        fitting = [each for each in fitting if each.id not in wrong]
    if compiled.plan is None:
        raise RuleError(f"{rule.path}: the query is wrong", issues=compiled.issues)
    taken: tuple[Plan, ...] = ()
    if fitting and not is_last:
        plans = [compiled_for(_query_of_taken(rule, conditions, number)).plan for number in range(len(conditions))]
        taken = tuple(plan for plan in plans if plan is not None)
    operators = tuple(f"| where not({condition})" for condition in conditions)
    return Injection(rule, tuple(fitting), operators, compiled.plan, taken, tuple(misfits))


def _conditions(rule: Rule, filters: Sequence[EnvironmentFilter]) -> tuple[list[_Piece], list[str]]:
    """Each filter as an expression that is true or false, with its pieces' places in it."""
    pieces, conditions = [], []
    for each in filters:
        text = "coalesce("
        if each.allowance is not None:
            kql = kql_of(each.allowance, rule, each.groups)
            pieces.append(_Piece(len(text) + 1, len(text) + 1 + len(kql), each, None))
            text += f"({kql})"
        if each.predicate is not None:
            text += " and (" if each.allowance is not None else "("
            pieces.append(_Piece(len(text), len(text) + len(each.predicate.flat), each, each.predicate))
            text += f"{each.predicate.flat})"
        conditions.append(text + ", false)")
    return pieces, conditions


def _tagging(conditions: Sequence[str], pieces: list[_Piece]) -> str:
    """The operator that numbers each row by the filter that takes it."""
    return _joined(f"| extend {_TAG}=case(", conditions, lambda number: f", {number + 1}, ", "0)", pieces)


def _taking(conditions: Sequence[str], pieces: list[_Piece]) -> str:
    """The operators that take the filters' rows away."""
    if not conditions:
        return ""
    return _joined(
        "| where not(", conditions, lambda number: ") | where not(" * (number + 1 < len(conditions)), ")", pieces
    )


def _joined(begin: str, conditions: Sequence[str], after: Callable[[int], str], end: str, pieces: list[_Piece]) -> str:
    """The line, the pieces' places moved to where they stand in it."""
    if not conditions:
        return ""
    line = begin
    order = list(dict.fromkeys(piece.filter.id for piece in pieces))
    for number, condition in enumerate(conditions):
        for index, piece in enumerate(pieces):
            if order.index(piece.filter.id) == number:
                pieces[index] = replace(piece, start=piece.start + len(line), end=piece.end + len(line))
        line += condition + after(number)
    return line + end


def _query_of_taken(rule: Rule, conditions: Sequence[str], number: int) -> RuleQuery:
    """The query of the rows that one filter takes and none before it."""
    before = "".join(f"| where not({each}) " for each in conditions[:number])
    return with_filters(rule.query, [f"{before}| where {conditions[number]}"])


def _nothing_behind_markers(query: RuleQuery) -> bool:
    """Whether the rows at the markers are the rows of the result."""
    if query.filter_end is None:
        return True
    behind = query.text.split("\n")[query.filter_end + 1 :]
    return all(not line.strip() or line.strip().startswith("//") for line in behind)


def _misfit(issue: Issue, rule: Rule, pieces: Sequence[_Piece]) -> Misfit | None:
    """The filter that an issue of the whole query is about; None where it is the rule's own."""
    query = rule.query
    index = query.filter_end if query.filter_end is not None else query.text.count("\n") + 1
    span = issue.span
    if span is None or span.line != query.first_line + index or not pieces:
        return None
    column = span.column - 1
    piece = next((each for each in pieces if each.start <= column <= each.end), None)
    if piece is None:
        piece = next((each for each in pieces if column < each.start), pieces[-1])
        told, place = "`predicate` must be an expression that is true or false", piece.place(-1, 1)
        issue = replace(issue, code="filter-no-condition", message=told, hint='such as RemoteIP == "10.1.2.3"')
    else:
        place = piece.place(column, span.length)
    return Misfit(piece.filter, replace(issue, span=place))
