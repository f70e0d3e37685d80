"""What operators do to their operands before they combine them: brackets, bare literals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.functions.forms import INTEGERS, NUMBERS

if TYPE_CHECKING:
    from tiercel.plan.values import Typed

__all__ = ["INTEGERS", "NUMBERS", "bare", "wrapped"]

_NEEDS_BRACKETS: Final = (exp.Binary, exp.Unary, exp.Between, exp.In)


def wrapped(sql: exp.Expr) -> exp.Expr:
    """The SQL in brackets where an operator beside it could tear it apart."""
    return exp.Paren(this=sql) if isinstance(sql, _NEEDS_BRACKETS) and not isinstance(sql, exp.Paren | exp.Dot) else sql


def bare(value: Typed) -> exp.Expr:
    """The operand of a comparison: a constant number loses its cast, since both sides are compared as numbers."""
    sql = value.sql
    if isinstance(sql, exp.Cast) and value.type in NUMBERS and value.is_constant and value.value is not None:
        inner = sql.this
        if isinstance(inner, exp.Literal | exp.Neg) and not inner.is_string:
            return inner.copy()
    return wrapped(sql)
