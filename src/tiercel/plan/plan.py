"""A compiled query: a sqlglot tree and what is known about its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sqlglot import exp

    from tiercel.errors import Issue
    from tiercel.tables import Column

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """What an engine runs.

    `columns` are the result's, with Kusto types; `tables` the stored tables it reads, in order of first use;
    `warnings` what the author should know (a table that the query needs and nobody fills, a function that differs);
    `now` is what `now()` and `ago()` were compiled with; `render_hint` is the text of a final `render`, if any.
    `is_lasting` says that the plan serves other runs too: it holds no value counted from `now`, only nodes that the run
    fills in, and nothing that was read from the tables while it was compiled. `subtracted` are those of `tables` that
    stand only on the right of anti joins: without their rows the query finds more.
    """

    tree: exp.Expr
    columns: tuple[Column, ...]
    tables: tuple[str, ...]
    now: datetime
    warnings: tuple[Issue, ...] = ()
    render_hint: str = ""
    is_lasting: bool = False
    subtracted: tuple[str, ...] = ()
