"""Series, arrays of numbers: element by element, filled, and what can be said of them in one number."""

from __future__ import annotations

import itertools
import math
import operator
from typing import TYPE_CHECKING, Any, Final

from tiercel.plan.routines.numbers import squared
from tiercel.plan.routines.routine import Routine
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ROUTINES", "is_number", "numbers_of"]


def is_number(value: object) -> bool:
    """Whether the value is a number; a bool is none."""
    return type(value) is int or (type(value) is float and math.isfinite(value))


def numbers_of(series: object) -> list[float] | None:
    """The series as reals; None where it is no array, is empty, or holds anything but numbers."""
    if not isinstance(series, list) or not series or not all(map(is_number, series)):
        return None
    return [float(one) for one in series]


# --- element by element ----------------------------------------------------------------------------------------------


def _paired(first: object, second: object) -> list[tuple[object, object]] | None:
    """The elements of both side by side, a number standing beside every element; None where neither is an array."""
    if not isinstance(first, list) and not isinstance(second, list):
        return None
    size = max(len(one) for one in (first, second) if isinstance(one, list))
    columns = [one + [None] * (size - len(one)) if isinstance(one, list) else [one] * size for one in (first, second)]
    return list(zip(*columns, strict=True))


def _two(name: str, call: Callable[[Any, Any], object], page: str) -> Routine:
    def run(first: object, second: object) -> list[object] | None:
        pairs = _paired(first, second)
        return None if pairs is None else [_computed(call, *pair) for pair in pairs]

    run.__doc__ = f"""{page}, element by element; null where one of them is no number. One may be a single number.

    Example: `{name}(dynamic([1, 2, 4]), dynamic([4, 2, 1]))`.
    """
    return Routine(name, run, (KustoType.DYNAMIC, KustoType.DYNAMIC), KustoType.DYNAMIC)


def _one(name: str, call: Callable[[Any], object], page: str) -> Routine:
    def run(series: object) -> list[object] | None:
        return [_computed(call, one) for one in series] if isinstance(series, list) else None

    run.__doc__ = f"""{page}, element by element; null where it is no number.

    Example: `{name}(dynamic([-1, 0, 1]))`.
    """
    return Routine(name, run, (KustoType.DYNAMIC,), KustoType.DYNAMIC)


def _computed(call: Callable[..., object], *values: object) -> object:
    if not all(map(is_number, values)):
        return None
    try:
        result = call(*values)
    except (ValueError, OverflowError, ZeroDivisionError):
        return None
    return None if isinstance(result, complex) else result


def _divide(first: float, second: float) -> float | None:
    if second:
        return first / second
    return math.copysign(math.inf, first) if first else None


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


# --- filling ---------------------------------------------------------------------------------------------------------


def _missing(series: list[object], placeholder: object) -> list[bool]:
    """Which elements are missing: null, or equal to the placeholder."""
    return [one is None or (placeholder is not None and one == placeholder) for one in series]


def _fill_forward(series: object, placeholder: object) -> list[object] | None:
    """The series with each missing element replaced by the one before it; missing is null, or a given value.

    Example: `series_fill_forward(dynamic([1, null, 3]))` is [1, 1, 3].
    """
    if not isinstance(series, list):
        return None
    filled: list[object] = []
    for one, missing in zip(series, _missing(series, placeholder), strict=True):
        filled.append(filled[-1] if missing and filled else one)
    return filled


def _fill_backward(series: object, placeholder: object) -> list[object] | None:
    """The series with each missing element replaced by the one after it; missing is null, or a given value.

    Example: `series_fill_backward(dynamic([1, null, 3]))` is [1, 3, 3].
    """
    filled = _fill_forward(series[::-1] if isinstance(series, list) else None, placeholder)
    return None if filled is None else filled[::-1]


def _fill_const(series: object, value: object, placeholder: object) -> list[object] | None:
    """The series with each missing element replaced by a value; missing is null, or a given value.

    Example: `series_fill_const(dynamic([1, null]), 0)` is [1, 0].
    """
    if not isinstance(series, list):
        return None
    return [value if missing else one for one, missing in zip(series, _missing(series, placeholder), strict=True)]


def _fill_linear(series: object, placeholder: object, edges: bool | None, value: object) -> list[object] | None:
    """The series with missing elements on the line between their neighbours, of whole numbers cut to whole ones.

    Missing is null, or a given value. At the edges the nearest element is taken, unless a third argument is false; a
    series without any takes a fourth argument, or 0.0.

    Example: `series_fill_linear(dynamic([1, null, 4]))` is [1, 2, 4].
    """
    if not isinstance(series, list):
        return None
    missing = _missing(series, placeholder)
    known = [at for at, gone in enumerate(missing) if not gone and is_number(series[at])]
    if not known:
        return [0.0 if value is None else value] * len(series)
    whole = all(type(series[at]) is int for at in known)
    filled = list(series)
    for before, after in itertools.pairwise(known):
        for at in range(before + 1, after):
            share = (at - before) / (after - before)
            between = series[before] * (1 - share) + series[after] * share
            filled[at] = int(between) if whole else between
    outside = [*range(known[0]), *range(known[-1] + 1, len(series))]
    for at in outside:
        filled[at] = series[known[0] if at < known[0] else known[-1]] if edges is not False else None
    return filled


# --- filters ---------------------------------------------------------------------------------------------------------


def _fir(series: object, weights: object, normalize: bool | None, center: bool | None) -> list[object] | None:
    """The series with each element replaced by a weighted sum of those before it (a finite impulse response filter).

    A third argument divides the weights by their sum, as is done unless one is negative; a fourth centers them.

    Example: `series_fir(dynamic([1, 2, 4]), dynamic([1, -1]), false, false)` is [1, 1, 2].
    """
    values, factors = numbers_of(series), numbers_of(weights)
    if values is None or factors is None or not isinstance(series, list) or not isinstance(weights, list):
        return None
    scale = normalize if normalize is not None else min(factors) >= 0
    total = math.fsum(factors)
    if scale and (min(factors) < 0 or not total):
        return None
    whole = not scale and all(type(one) is int for one in (*series, *weights))
    shift = len(factors) // 2 if center else 0
    result: list[object] = []
    for at in range(len(values)):
        reach = [(weight, at - step + shift) for step, weight in enumerate(factors)]
        found = math.fsum(weight * values[place] for weight, place in reach if 0 <= place < len(values))
        result.append(int(found) if whole else found / total if scale else found)
    return result


def _iir(series: object, numerators: object, denominators: object) -> list[float] | None:
    """The series through an infinite impulse response filter: weights of the input, then of the output before it.

    Example: `series_iir(dynamic([1, 2, 3]), dynamic([1]), dynamic([1, -1]))` is the running sum [1.0, 3.0, 6.0].
    """
    values, forward, back = numbers_of(series), numbers_of(numerators), numbers_of(denominators)
    if values is None or forward is None or back is None or not back[0]:
        return None
    result: list[float] = []
    for at in range(len(values)):
        total = sum(weight * values[at - step] for step, weight in enumerate(forward) if at >= step)
        total -= sum(weight * result[at - step] for step, weight in enumerate(back) if step and at >= step)
        result.append(total / back[0])
    return result


# --- one number ------------------------------------------------------------------------------------------------------


def _number_pairs(first: object, second: object) -> list[tuple[float, float]] | None:
    """The pairs of numbers of two series of one length, or of one and a single number."""
    pairs = _paired(first, second)
    if not pairs or not all(is_number(a) and is_number(b) for a, b in pairs):
        return None
    return [(float(str(a)), float(str(b))) for a, b in pairs]


def _dot_product(first: object, second: object) -> float | None:
    """The sum of the products of two series' elements; one may be a single number.

    Example: `series_dot_product(dynamic([1, 2]), dynamic([3, 4]))` is 11.0.
    """
    pairs = _number_pairs(first, second)
    return None if pairs is None else sum(a * b for a, b in pairs)


def _cosine_similarity(first: object, second: object, *magnitudes: float | None) -> float | None:
    """The cosine of the angle between two series; their magnitudes may be given.

    Example: `series_cosine_similarity(dynamic([0.1, 0.2]), dynamic([1, 2]))` is near 1.
    """
    pairs = _number_pairs(first, second)
    if pairs is None:
        return None
    sizes = [
        math.sqrt(sum(squared(pair[at]) for pair in pairs)) if magnitudes[at] is None else magnitudes[at]
        for at in (0, 1)
    ]
    product = float(sizes[0] or 0) * float(sizes[1] or 0)
    return sum(a * b for a, b in pairs) / product if product else None


def _pearson(first: object, second: object) -> float | None:
    """The Pearson correlation of two series, from -1 to 1.

    Example: `series_pearson_correlation(dynamic([1, 2, 3]), dynamic([2, 4, 6]))` is near 1.
    """
    pairs = _number_pairs(first, second)
    if pairs is None:
        return None
    means = [sum(pair[at] for pair in pairs) / len(pairs) for at in (0, 1)]
    spread = [math.sqrt(sum(squared(pair[at] - means[at]) for pair in pairs)) for at in (0, 1)]
    together = sum((a - means[0]) * (b - means[1]) for a, b in pairs)
    return together / (spread[0] * spread[1]) if spread[0] and spread[1] else None


def _magnitude(series: object) -> float | None:
    """The square root of the sum of the squares of a series.

    Example: `series_magnitude(dynamic([3, 4]))` is 5.0.
    """
    values = numbers_of(series)
    return None if values is None else math.sqrt(sum(one * one for one in values))


def _product(series: object) -> float | None:
    """The product of a series' elements.

    Example: `series_product(dynamic([1, 2, 3, 4]))` is 24.0.
    """
    values = numbers_of(series)
    return None if values is None else math.prod(values)


def _sum(series: object) -> float | None:
    """The sum of a series' elements.

    Example: `series_sum(dynamic([1, 2, 3, 4]))` is 10.0.
    """
    values = numbers_of(series)
    return None if values is None else sum(values)


def _stats(series: object, ignore_nonfinite: bool | None) -> dict[str, object] | None:
    """The statistics of a series in a bag: min, min_idx, max, max_idx, avg, stdev, variance (of a sample), sum, len.

    With a second argument true, what is no number is passed over.

    Example: `series_stats_dynamic(dynamic([23, 46, 2])).max` is 46.0.
    """
    if not isinstance(series, list):
        return None
    kept = [(at, float(one)) for at, one in enumerate(series) if is_number(one)]
    if not kept or (len(kept) < len(series) and not ignore_nonfinite):
        return None
    values = [one for _, one in kept]
    mean = sum(values) / len(values)
    variance = sum(squared(one - mean) for one in values) / (len(values) - 1) if len(values) > 1 else 0.0
    low, high = min(kept, key=lambda pair: pair[1]), max(kept, key=lambda pair: pair[1])
    return {
        "min": low[1],
        "min_idx": low[0],
        "max": high[1],
        "max_idx": high[0],
        "avg": mean,
        "stdev": math.sqrt(variance),
        "variance": variance,
        "sum": sum(values),
        "len": len(values),
    }


_DYNAMIC, _REAL, _BOOL = KustoType.DYNAMIC, KustoType.REAL, KustoType.BOOL

ROUTINES: Final = (
    _two("series_add", operator.add, "The sums of two series"),
    _two("series_subtract", operator.sub, "The differences of two series"),
    _two("series_multiply", operator.mul, "The products of two series"),
    _two("series_divide", _divide, "The quotients of two series"),
    _two("series_pow", lambda a, b: float(a) ** b, "One series raised to the powers of another"),
    _two("series_greater", operator.gt, "Whether one series is above another"),
    _two("series_greater_equals", operator.ge, "Whether one series is not below another"),
    _two("series_less", operator.lt, "Whether one series is below another"),
    _two("series_less_equals", operator.le, "Whether one series is not above another"),
    _two("series_equals", operator.eq, "Whether two series are equal"),
    _two("series_not_equals", operator.ne, "Whether two series differ"),
    _one("series_abs", abs, "The absolutes of a series"),
    _one("series_acos", math.acos, "The arc cosines of a series"),
    _one("series_asin", math.asin, "The arc sines of a series"),
    _one("series_atan", math.atan, "The arc tangents of a series"),
    _one("series_ceiling", lambda one: float(math.ceil(one)), "A series rounded up"),
    _one("series_cos", math.cos, "The cosines of a series"),
    _one("series_exp", math.exp, "The exponentials of a series"),
    _one("series_floor", lambda one: float(math.floor(one)), "A series rounded down"),
    _one("series_log", math.log, "The natural logarithms of a series"),
    _one("series_sign", _sign, "The signs of a series: -1, 0 or 1"),
    _one("series_sin", math.sin, "The sines of a series"),
    _one("series_tan", math.tan, "The tangents of a series"),
    Routine("series_fill_forward", _fill_forward, (_DYNAMIC, _DYNAMIC), _DYNAMIC),
    Routine("series_fill_backward", _fill_backward, (_DYNAMIC, _DYNAMIC), _DYNAMIC),
    Routine("series_fill_const", _fill_const, (_DYNAMIC, _DYNAMIC, _DYNAMIC), _DYNAMIC),
    Routine("series_fill_linear", _fill_linear, (_DYNAMIC, _DYNAMIC, _BOOL, _DYNAMIC), _DYNAMIC),
    Routine("series_fir", _fir, (_DYNAMIC, _DYNAMIC, _BOOL, _BOOL), _DYNAMIC),
    Routine("series_iir", _iir, (_DYNAMIC, _DYNAMIC, _DYNAMIC), _DYNAMIC),
    Routine("series_dot_product", _dot_product, (_DYNAMIC, _DYNAMIC), _REAL),
    Routine("series_cosine_similarity", _cosine_similarity, (_DYNAMIC, _DYNAMIC, _REAL, _REAL), _REAL),
    Routine("series_pearson_correlation", _pearson, (_DYNAMIC, _DYNAMIC), _REAL),
    Routine("series_magnitude", _magnitude, (_DYNAMIC,), _REAL),
    Routine("series_product", _product, (_DYNAMIC,), _REAL),
    Routine("series_sum", _sum, (_DYNAMIC,), _REAL),
    Routine("series_stats_dynamic", _stats, (_DYNAMIC, _BOOL), _DYNAMIC),
)
