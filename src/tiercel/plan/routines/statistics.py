"""Functions of numbers that no engine has: gamma and beta, tests, sizes, shifts."""

from __future__ import annotations

import math
from typing import Final

from tiercel.plan.routines.numbers import wrap_int
from tiercel.plan.routines.routine import Routine
from tiercel.tables import KustoType

__all__ = ["ROUTINES"]


def _gamma(value: float | None) -> float | None:
    """The gamma function.

    Example: `gamma(5)` is 24.0.
    """
    if value is None:
        return None
    try:
        return math.gamma(value)
    except (ValueError, OverflowError):
        return math.nan if value <= 0 else math.inf


def _loggamma(value: float | None) -> float | None:
    """The logarithm of the absolute of the gamma function.

    Example: `loggamma(5)` is 3.178.
    """
    if value is None:
        return None
    try:
        return math.lgamma(value)
    except (ValueError, OverflowError):
        return math.inf


def _erf(value: float | None) -> float | None:
    """The error function.

    Example: `erf(0.5)` is 0.5205.
    """
    return None if value is None else math.erf(value)


def _erfc(value: float | None) -> float | None:
    """The complementary error function, 1 - erf(x).

    Example: `erfc(0.5)` is 0.4795.
    """
    return None if value is None else math.erfc(value)


def _continued(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    result = d
    for m in range(1, 1000):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + step * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + step / c
            c = c if abs(c) > tiny else tiny
            result *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return result


def _incomplete_beta(x: float, a: float, b: float) -> float:
    if x in {0.0, 1.0}:
        return x
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _continued(x, a, b) / a
    return 1 - front * _continued(1 - x, b, a) / b


def _beta_arguments(x: float | None, a: float | None, b: float | None) -> float | None:
    """Nothing where the arguments are good, else what the beta functions give for them."""
    if x is None or a is None or b is None or math.isnan(x + a + b):
        return math.nan
    return math.nan if a <= 0 or b <= 0 else None


def _beta_cdf(x: float | None, a: float | None, b: float | None) -> float | None:
    """The share of a beta distribution that is not above a value.

    Example: `beta_cdf(0.9, 10.0, 20.0)` is near 1.
    """
    if x is None or a is None or b is None:
        return None
    wrong = _beta_arguments(x, a, b)
    if wrong is not None:
        return wrong
    return _incomplete_beta(x, a, b) if 0 <= x <= 1 else math.nan


def _beta_pdf(x: float | None, a: float | None, b: float | None) -> float | None:
    """The density of a beta distribution at a value.

    Example: `beta_pdf(0.5, 10.0, 20.0)`.
    """
    if x is None or a is None or b is None:
        return None
    wrong = _beta_arguments(x, a, b)
    if wrong is not None:
        return wrong
    if not 0 < x < 1:
        return math.nan
    logs = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + (a - 1) * math.log(x) + (b - 1) * math.log1p(-x)
    return math.exp(logs)


def _beta_inv(share: float | None, a: float | None, b: float | None) -> float | None:
    """The value that a share of a beta distribution is not above.

    Example: `beta_inv(0.1, 10.0, 20.0)` is 0.226.
    """
    if share is None or a is None or b is None:
        return None
    wrong = _beta_arguments(share, a, b)
    if wrong is not None:
        return wrong
    if not 0 <= share <= 1:
        return None
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        low, high = (middle, high) if _incomplete_beta(middle, a, b) < share else (low, middle)
    return (low + high) / 2


def _welch_test(  # noqa: PLR0917  KQL's own parameters, called by position
    mean1: float | None,
    variance1: float | None,
    count1: float | None,
    mean2: float | None,
    variance2: float | None,
    count2: float | None,
) -> float | None:
    """The p-value of Welch's test that two samples have one mean, from mean, variance and count of each.

    Example: `welch_test(20.82, 7.867, 15, 22.987, 3.813, 15)` is 0.0214.
    """
    if mean1 is None or variance1 is None or count1 is None or mean2 is None or variance2 is None or count2 is None:
        return None
    if count1 < 2 or count2 < 2 or variance1 < 0 or variance2 < 0 or not variance1 + variance2:
        return None
    first, second = variance1 / count1, variance2 / count2
    t = (mean1 - mean2) / math.sqrt(first + second)
    freedom = (first + second) ** 2 / (first**2 / (count1 - 1) + second**2 / (count2 - 1))
    return _incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)


_BYTE_UNITS: Final = ("Bytes", "KB", "MB", "GB", "TB", "PB", "EB")


def _format_bytes(size: float | None, precision: int | None, unit: str | None) -> str:
    """A number of bytes as text, in the unit that fits, with so many decimals at most; a unit may be asked for.

    Example: `format_bytes(10332, 1)` is `10.1 KB`, `format_bytes(20010332, 0, "KB")` is `19541 KB`.
    """
    if size is None or not math.isfinite(size):
        return ""
    names = [one.lower() for one in _BYTE_UNITS]
    at = names.index(unit.lower()) if unit and unit.lower() in names else 0
    if not unit:
        while abs(size) >= 1024 ** (at + 1) and at < len(names) - 1:
            at += 1
    text = f"{size / 1024**at:.{max(0, min(precision or 0, 15))}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {_BYTE_UNITS[at]}"


def _shift_left(value: int | None, count: int | None) -> int | None:
    """The number's 64 bits moved to the left, the count taken modulo 64; null for a negative count.

    Example: `binary_shift_left(1, 4)` is 16.
    """
    return None if value is None or count is None or count < 0 else wrap_int(value << count % 64, 64)


def _shift_right(value: int | None, count: int | None) -> int | None:
    """The number's 64 bits moved to the right, its sign kept, the count taken modulo 64; null for a negative count.

    Example: `binary_shift_right(16, 4)` is 1.
    """
    return None if value is None or count is None or count < 0 else value >> count % 64


_REAL, _LONG = KustoType.REAL, KustoType.LONG

ROUTINES: Final = (
    Routine("gamma", _gamma, (_REAL,), _REAL),
    Routine("loggamma", _loggamma, (_REAL,), _REAL),
    Routine("erf", _erf, (_REAL,), _REAL),
    Routine("erfc", _erfc, (_REAL,), _REAL),
    Routine("beta_cdf", _beta_cdf, (_REAL, _REAL, _REAL), _REAL),
    Routine("beta_pdf", _beta_pdf, (_REAL, _REAL, _REAL), _REAL),
    Routine("beta_inv", _beta_inv, (_REAL, _REAL, _REAL), _REAL),
    Routine("welch_test", _welch_test, (_REAL,) * 6, _REAL),
    Routine("format_bytes", _format_bytes, (_REAL, _LONG, KustoType.STRING), KustoType.STRING),
    Routine("binary_shift_left", _shift_left, (_LONG, _LONG), _LONG),
    Routine("binary_shift_right", _shift_right, (_LONG, _LONG), _LONG),
)
