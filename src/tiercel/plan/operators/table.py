"""The operators of KQL in the order of the documentation, each with its lowering or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tiercel.kql import syntax
from tiercel.plan.operators import columns, join, rows, sources, summarize, union

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiercel.plan.context import Context
    from tiercel.plan.relation import Relation

__all__ = ["OPERATORS", "SOURCES", "Lowering", "Unsupported", "unsupported"]

Lowering: TypeAlias = "Callable[[Context, Relation, Any], Relation]"
"""From the rows before the operator to the rows after it. Raises `Refusal`."""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """An operator that KQL knows and we refuse, and why."""

    word: str
    why: str


def unsupported(word: str, why: str) -> Unsupported:
    """The entry that says aloud that the operator is absent, and why."""
    return Unsupported(word, why)


SOURCES: Final[dict[type, Lowering | Unsupported]] = {
    syntax.Datatable: sources.datatable,
    syntax.Print: sources.print_row,
    syntax.Range: sources.range_of,
    syntax.Union: union.union,
    syntax.ExternalData: unsupported("externaldata", "a query reads the imported tables only, never an address"),
}
"""What can stand at the beginning of a pipeline, beside a table's name and a call."""

OPERATORS: Final[dict[type, Lowering | Unsupported]] = {
    syntax.Where: rows.where,
    syntax.Project: columns.lower_project,
    syntax.Extend: columns.extend,
    syntax.Summarize: summarize.summarize,
    syntax.Distinct: rows.distinct,
    syntax.Join: join.join,
    syntax.Union: union.union,
    syntax.Sort: rows.sort,
    syntax.Take: rows.take,
    syntax.Top: rows.top,
    syntax.Count: rows.count,
    syntax.Serialize: columns.serialize,
    syntax.Sample: rows.sample,
    syntax.As: rows.name_rows,
    syntax.Render: rows.render,
    syntax.GetSchema: rows.get_schema,
    syntax.Consume: rows.consume,
    syntax.Fork: unsupported("fork", "a query has one result here"),
}
"""What can follow a `|`."""
