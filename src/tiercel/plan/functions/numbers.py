"""Mathematics: rounding, powers, angles, chance, bits, units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.functions.forms import INTEGERS, copied, long_of, number_of, real_of
from tiercel.plan.functions.registry import Environment, Function, name_of_first, no_name
from tiercel.plan.functions.routine_calls import routine_function
from tiercel.plan.literals import cast, constant, null
from tiercel.plan.routines.units import UNITS
from tiercel.plan.values import SQL_TYPES, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tiercel.plan.functions.registry import Naming

__all__ = ["FUNCTIONS"]


def _real(name: str, position: int, arguments: Sequence[Typed]) -> Typed:
    return real_of(number_of(name, position, arguments))


def lower_abs(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The absolute of a number or timespan.

    Example: `abs(-5)` is 5.
    """
    value = arguments[0] if arguments[0].type is KustoType.TIMESPAN else number_of("abs", 0, arguments)
    kind = KustoType.LONG if value.type in INTEGERS else value.type
    if isinstance(value.value, int | float):
        return constant(abs(value.value), kind) if abs(value.value) != 1 << 63 else null(kind)
    sql = cast(value.sql, kind) if value.type is KustoType.INT else value.sql
    return Typed(exp.Abs(this=sql), kind)


def lower_round(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The real rounded to so many decimals, none if not said; below zero to tens, hundreds and so on.

    Example: `round(2.98765, 3)` is 2.988.
    """
    value = _real("round", 0, arguments)
    if len(arguments) == 1:
        return Typed(exp.Round(this=value.sql), KustoType.REAL)
    places = exp.TryCast(this=long_of(arguments[1]).sql, to=exp.DataType.build(SQL_TYPES[KustoType.INT]))
    return Typed(exp.Round(this=value.sql, decimals=places), KustoType.REAL)


def lower_ceiling(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The smallest whole real that is not below the number.

    Example: `ceiling(0.9)` is 1.0.
    """
    return Typed(exp.Ceil(this=_real("ceiling", 0, arguments).sql), KustoType.REAL)


def lower_sign(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """-1.0, 0.0 or 1.0 as the number is below, equal to or above zero; 0.0 of null.

    Example: `sign(-42)` is -1.0.
    """
    sign = exp.Sign(this=_real("sign", 0, arguments).sql)
    zero = exp.Coalesce(this=sign, expressions=[exp.Literal.number(0)])
    return Typed(cast(zero, KustoType.REAL), KustoType.REAL)


def lower_sqrt(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The square root; null below zero.

    Example: `sqrt(256)` is 16.0.
    """
    return _from_zero(exp.Sqrt, _real("sqrt", 0, arguments))


def _from_zero(node: Callable[..., exp.Expr], value: Typed) -> Typed:
    """The function of what is not below zero, else null."""
    good = exp.GTE(this=exp.Paren(this=value.sql.copy()), expression=exp.Literal.number(0))
    return Typed(exp.Case(ifs=[exp.If(this=good, true=node(this=value.sql))]), KustoType.REAL)


def lower_log(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The natural logarithm; null below zero.

    Example: `log(5)` is 1.609.
    """
    return _from_zero(exp.Ln, _real("log", 0, arguments))


def _log(base: int) -> Callable[..., exp.Expr]:
    def node(this: exp.Expr) -> exp.Expr:
        return exp.Log(this=exp.Literal.number(base), expression=this)

    return node


def lower_log2(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The logarithm to base 2; null below zero.

    Example: `log2(8)` is 3.0.
    """
    return _from_zero(_log(2), _real("log2", 0, arguments))


def lower_log10(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The logarithm to base 10; null below zero.

    Example: `log10(1000)` is 3.0.
    """
    return _from_zero(_log(10), _real("log10", 0, arguments))


def lower_pow(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """A number to the power of another, a real.

    Example: `pow(2, 3)` is 8.0.
    """
    base, power = (_real("pow", at, arguments).sql for at in (0, 1))
    return Typed(exp.Pow(this=base, expression=power), KustoType.REAL)


def _power_function(name: str, base: int) -> Function:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        number = cast(exp.Literal.number(base), KustoType.REAL)
        return Typed(exp.Pow(this=number, expression=_real(name, 0, arguments).sql), KustoType.REAL)

    lower.__doc__ = f"""{base} to the power of a number.

    Example: `{name}(3)` is {float(base) ** 3}.
    """
    return Function(name, lower, 1, 1, naming=name_of_first)


def _simple_function(
    name: str, node: type[exp.Func], page: str, example: str, naming: Naming = name_of_first
) -> Function:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        return Typed(node(this=_real(name, 0, arguments).sql), KustoType.REAL)

    lower.__doc__ = f"""{page}

    Example: {example}.
    """
    return Function(name, lower, 1, 1, naming=naming)


def _arc_function(name: str, node: type[exp.Func], page: str) -> Function:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        value = _real(name, 0, arguments)
        inside = exp.Between(
            this=exp.Paren(this=value.sql.copy()), low=exp.Literal.number(-1), high=exp.Literal.number(1)
        )
        return Typed(exp.Case(ifs=[exp.If(this=inside, true=node(this=value.sql))]), KustoType.REAL)

    lower.__doc__ = f"""{page}, in radians; null beyond -1 and 1.

    Example: `{name}(0.5)`.
    """
    return Function(name, lower, 1, 1, naming=name_of_first)


def lower_atan2(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The angle, in radians, between the positive x axis and the point (x, y); y is the first argument.

    Example: `atan2(1, 1)` is 0.785.
    """
    y, x = (_real("atan2", at, arguments).sql for at in (0, 1))
    return Typed(exp.Atan2(this=y, expression=x), KustoType.REAL)


def lower_pi(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The number pi.

    Example: `pi()` is 3.14159.
    """
    del arguments
    return constant(math.pi, KustoType.REAL)


# --- tests -----------------------------------------------------------------------------------------------------------


def _test_function(name: str, page: str, *, finite: bool, node: type[exp.Func] | None) -> Function:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        value = number_of(name, 0, arguments)
        if value.type is not KustoType.REAL:
            known = exp.Not(this=exp.Is(this=exp.Paren(this=value.sql), expression=exp.Null()))
            return Typed(exp.Paren(this=known) if finite else exp.Boolean(this=False), KustoType.BOOL)
        tested: exp.Expr
        if node is not None:
            tested = node(this=value.sql)
        else:
            nan = exp.IsNan(this=value.sql)
            either = exp.Or(this=nan, expression=exp.IsInf(this=copied(value).sql))
            tested = exp.Not(this=exp.Paren(this=either))
        return Typed(exp.Coalesce(this=tested, expressions=[exp.Boolean(this=False)]), KustoType.BOOL)

    lower.__doc__ = f"""{page}; false of null.

    Example: `{name}(0.0 / 0.0)`.
    """
    return Function(name, lower, 1, 1)


# --- chance ----------------------------------------------------------------------------------------------------------


def lower_rand(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """A random real from 0 to below 1; with a number n a random whole one from 0 to n - 1, as a real.

    Example: `rand(1000)`.
    """
    if not arguments:
        return Typed(exp.Rand(), KustoType.REAL)
    upper = real_of(long_of(arguments[0]))
    return Typed(exp.Floor(this=exp.Mul(this=exp.Rand(), expression=exp.Paren(this=upper.sql))), KustoType.REAL)


def lower_new_guid(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """A random guid.

    Example: `new_guid()`.
    """
    del arguments
    return Typed(cast(exp.Uuid(), KustoType.GUID), KustoType.GUID)


# --- bits ------------------------------------------------------------------------------------------------------------


def _bits_function(name: str, node: type[exp.Binary], compute: Callable[[int, int], int], word: str) -> Function:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        first, second = (long_of(number_of(name, at, arguments)) for at in (0, 1))
        if isinstance(first.value, int) and isinstance(second.value, int):
            return constant(compute(first.value, second.value), KustoType.LONG)
        return Typed(
            exp.Paren(this=node(this=exp.Paren(this=first.sql), expression=exp.Paren(this=second.sql))), KustoType.LONG
        )

    lower.__doc__ = f"""The bits of two whole numbers joined by {word}.

    Example: `{name}(6, 3)` is {compute(6, 3)}.
    """
    return Function(name, lower, 2, 2, naming=name_of_first)


def lower_binary_not(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The whole number with every bit turned.

    Example: `binary_not(100)` is -101.
    """
    value = long_of(number_of("binary_not", 0, arguments))
    if isinstance(value.value, int):
        return constant(~value.value, KustoType.LONG)
    return Typed(exp.Paren(this=exp.BitwiseNot(this=exp.Paren(this=value.sql))), KustoType.LONG)


def lower_bitset_count_ones(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The number of bits that are set in a whole number's 64.

    Example: `bitset_count_ones(42)` is 3.
    """
    value = long_of(number_of("bitset_count_ones", 0, arguments))
    return Typed(cast(exp.BitwiseCount(this=value.sql), KustoType.LONG), KustoType.LONG)


FUNCTIONS: Final = (
    Function("abs", lower_abs, 1, 1, naming=name_of_first),
    Function("round", lower_round, 1, 2, naming=name_of_first),
    Function("ceiling", lower_ceiling, 1, 1, naming=name_of_first),
    Function("sign", lower_sign, 1, 1),
    Function("sqrt", lower_sqrt, 1, 1, naming=name_of_first),
    Function("pow", lower_pow, 2, 2),
    _simple_function("exp", exp.Exp, "e to the power of a number.", "`exp(2)` is 7.389"),
    _power_function("exp2", 2),
    _power_function("exp10", 10),
    Function("log", lower_log, 1, 1, naming=name_of_first),
    Function("log2", lower_log2, 1, 1, naming=name_of_first),
    Function("log10", lower_log10, 1, 1, naming=name_of_first),
    _simple_function("sin", exp.Sin, "The sine of an angle in radians.", "`sin(1)` is 0.841"),
    _simple_function("cos", exp.Cos, "The cosine of an angle in radians.", "`cos(1)` is 0.540"),
    _simple_function("tan", exp.Tan, "The tangent of an angle in radians.", "`tan(1)` is 1.557"),
    _simple_function("cot", exp.Cot, "The cotangent of an angle in radians.", "`cot(1)` is 0.642", no_name),
    _arc_function("asin", exp.Asin, "The angle whose sine is the number"),
    _arc_function("acos", exp.Acos, "The angle whose cosine is the number"),
    _simple_function("atan", exp.Atan, "The angle whose tangent is the number, in radians.", "`atan(0.5)` is 0.464"),
    Function("atan2", lower_atan2, 2, 2, naming=name_of_first),
    _simple_function("degrees", exp.Degrees, "An angle in radians as degrees.", "`degrees(pi())` is 180.0", no_name),
    _simple_function("radians", exp.Radians, "An angle in degrees as radians.", "`radians(180)` is 3.142", no_name),
    Function("pi", lower_pi, 0, 0),
    _test_function("isnan", "Whether a real is not a number", finite=False, node=exp.IsNan),
    _test_function("isinf", "Whether a real is infinite", finite=False, node=exp.IsInf),
    _test_function("isfinite", "Whether a number is neither infinite nor NaN", finite=True, node=None),
    Function("rand", lower_rand, 0, 1, naming=name_of_first),
    Function("new_guid", lower_new_guid, 0, 0),
    routine_function("gamma", 1, 1, naming=name_of_first),
    routine_function("loggamma", 1, 1, naming=name_of_first),
    routine_function("erf", 1, 1),
    routine_function("erfc", 1, 1),
    routine_function("beta_cdf", 3, 3),
    routine_function("beta_inv", 3, 3),
    routine_function("beta_pdf", 3, 3),
    routine_function("welch_test", 6, 6),
    _bits_function("binary_and", exp.BitwiseAnd, lambda a, b: a & b, "and"),
    _bits_function("binary_or", exp.BitwiseOr, lambda a, b: a | b, "or"),
    _bits_function("binary_xor", exp.BitwiseXor, lambda a, b: a ^ b, "exclusive or"),
    Function("binary_not", lower_binary_not, 1, 1, naming=name_of_first),
    routine_function("binary_shift_left", 2, 2, naming=name_of_first),
    routine_function("binary_shift_right", 2, 2, naming=name_of_first),
    Function("bitset_count_ones", lower_bitset_count_ones, 1, 1, naming=name_of_first),
    routine_function("format_bytes", 1, 3, naming=name_of_first),
    *(routine_function(name, 3, 3) for name in UNITS),
)
