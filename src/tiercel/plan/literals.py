"""Constants and casts: from Kusto's values to SQL and back."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Final

from sqlglot import exp

from tiercel.plan.values import SQL_TYPES, Typed
from tiercel.tables import KustoType

__all__ = [
    "EPOCH_TICKS",
    "TICKS_PER_MICROSECOND",
    "TICKS_PER_SECOND",
    "cast",
    "constant",
    "datetime_text",
    "null",
    "text",
]

TICKS_PER_MICROSECOND: Final = 10
TICKS_PER_SECOND: Final = 10_000_000
EPOCH_TICKS: Final = 621_355_968_000_000_000
"""1970-01-01 in ticks of 100 ns since 0001-01-01, as Kusto counts."""


@cache
def _data_type(name: str) -> exp.DataType:
    return exp.DataType.build(name)


def cast(sql: exp.Expr, kusto_type: KustoType) -> exp.Expr:
    """The SQL value cast to the SQL form of the Kusto type; fails at run time where it does not fit."""
    return exp.Cast(this=sql, to=_data_type(SQL_TYPES[kusto_type]).copy())


def null(kusto_type: KustoType) -> Typed:
    """The typed null; of string, which has none, the empty text."""
    return constant("" if kusto_type is KustoType.STRING else None, kusto_type)


def text(value: str) -> Typed:
    """A constant string."""
    return Typed(exp.Literal.string(value), KustoType.STRING, value)


def constant(value: object, kusto_type: KustoType) -> Typed:
    """The constant, cast in SQL so that the engine sees the type meant; `value` as in `syntax.Literal.value`."""
    return Typed(_sql(value, kusto_type), kusto_type, value)


def _sql(value: object, kusto_type: KustoType) -> exp.Expr:
    if value is None and kusto_type is not KustoType.DYNAMIC:
        return cast(exp.Null(), kusto_type)
    match kusto_type:
        case KustoType.BOOL:
            return exp.Boolean(this=bool(value))
        case KustoType.STRING | KustoType.GUID:
            return exp.Literal.string(str(value))
        case KustoType.INT | KustoType.LONG | KustoType.TIMESPAN:
            return cast(_number(value), kusto_type)
        case KustoType.REAL:
            return cast(_real(value), kusto_type)
        case KustoType.DECIMAL:
            return _decimal(Decimal(str(value)))
        case KustoType.DATETIME:
            return cast(exp.Literal.string(datetime_text(int(str(value)))), kusto_type)
        case KustoType.DYNAMIC:
            return cast(exp.Literal.string(json.dumps(value, separators=(",", ":"), ensure_ascii=False)), kusto_type)


_WIDE = Decimal(10) ** 21


def _decimal(number: Decimal) -> exp.Expr:
    """A decimal; a whole one with more digits than the type has before the point, such as a version, has no places."""
    text = exp.Literal.string(format(number, "f"))
    if abs(number) >= _WIDE and number == number.to_integral_value():
        return exp.Cast(this=exp.Literal.string(str(int(number))), to=exp.DataType.build("DECIMAL(38, 0)"))
    return cast(text, KustoType.DECIMAL)


def _number(value: object) -> exp.Expr:
    number = int(str(value))
    literal = exp.Literal.number(abs(number))
    return exp.Neg(this=literal) if number < 0 else literal


def _real(value: object) -> exp.Expr:
    number = float(str(value))
    if math.isnan(number) or math.isinf(number):
        return exp.Literal.string(str(number))
    literal = exp.Literal.number(repr(abs(number)))
    return exp.Neg(this=literal) if math.copysign(1, number) < 0 else literal


def datetime_text(ticks: int) -> str:
    """The instant as `YYYY-MM-DD HH:MM:SS[.ffffff]`; what is finer than a microsecond is cut.

    >>> datetime_text(EPOCH_TICKS + 15)
    '1970-01-01 00:00:00.000001'
    """
    instant = datetime.min + timedelta(microseconds=ticks // TICKS_PER_MICROSECOND)  # noqa: DTZ901  Kusto knows UTC only
    return instant.isoformat(sep=" ")
