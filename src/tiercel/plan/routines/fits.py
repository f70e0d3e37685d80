"""Lines and polynomials through series, their seasons and spectra."""

from __future__ import annotations

import cmath
import math
from typing import Final

from tiercel.plan.routines.numbers import squared
from tiercel.plan.routines.routine import Routine
from tiercel.plan.routines.series import numbers_of
from tiercel.tables import KustoType

__all__ = ["ROUTINES", "line_through", "spectrum_of"]

_HIGHEST_DEGREE: Final = 6
_LARGEST_SPECTRUM: Final = 1 << 16


def line_through(values: list[float]) -> tuple[float, float]:
    """Slope and interception of the straight line that lies nearest to the values, with x from 1."""
    size = len(values)
    mean_x, mean_y = (size + 1) / 2, sum(values) / size
    across = sum((at + 1 - mean_x) ** 2 for at in range(size))
    slope = sum((at + 1 - mean_x) * (one - mean_y) for at, one in enumerate(values)) / across if across else 0.0
    return slope, mean_y - slope * mean_x


def _line(values: list[float]) -> dict[str, object]:
    size = len(values)
    slope, interception = line_through(values)
    return {"slope": slope, "interception": interception, **_quality(values, _points(slope, interception, size, 1))}


def _points(slope: float, interception: float, size: int, start: int) -> list[float]:
    return [interception + slope * (at + start) for at in range(size)]


def _quality(values: list[float], fit: list[float]) -> dict[str, object]:
    """How near a fit is: R squared, the variance of the values and of what the fit leaves."""
    size = len(values)
    mean = sum(values) / size
    total = sum(squared(one - mean) for one in values)
    left = sum(squared(one - fitted) for one, fitted in zip(values, fit, strict=True))
    return {
        "rsquare": 1 - left / total if total else 0.0,
        "variance": total / (size - 1) if size > 1 else 0.0,
        "rvariance": left / (size - 1) if size > 1 else 0.0,
        "line_fit": fit,
    }


def _fit_line(series: object) -> dict[str, object] | None:
    """The straight line nearest to a series: rsquare, slope, variance, rvariance, interception, line_fit.

    As `series_fit_line` it is these columns, as `series_fit_line_dynamic` a bag.

    Example: `series_fit_line_dynamic(dynamic([2, 5, 6, 8])).slope`. Where we differ: the last digits of a real.
    """
    values = numbers_of(series)
    if values is None or len(values) < 2:
        return None
    line = _line(values)
    return {name: line[name] for name in ("rsquare", "slope", "variance", "rvariance", "interception", "line_fit")}


def _fit_2lines(series: object) -> dict[str, object] | None:
    """The two straight lines, one after the other, nearest to a series, and where they meet: rsquare, split_idx, ...

    As `series_fit_2lines` it is columns, as `series_fit_2lines_dynamic` a bag with bags `right` and `left`.

    Example: `series_fit_2lines_dynamic(dynamic([1, 2, 3, 9, 8, 7])).split_idx`.
    Where we differ: the last digits of a real.
    """
    values = numbers_of(series)
    if values is None or len(values) < 4:
        return None
    best: tuple[float, int] | None = None
    for split in range(2, len(values) - 1):
        left, right = _line(values[:split]), _line(values[split:])
        rest = sum(
            squared(one - fitted)
            for half, line in ((values[:split], left), (values[split:], right))
            for one, fitted in zip(half, _as_list(line["line_fit"]), strict=True)
        )
        if best is None or rest < best[0]:
            best = rest, split
    split = best[1] if best else 2
    left, right = _line(values[:split]), _line(values[split:])
    fit = _as_list(left["line_fit"]) + _as_list(right["line_fit"])
    whole = _quality(values, fit)
    names = ("rsquare", "slope", "interception", "variance", "rvariance")
    return {
        "rsquare": whole["rsquare"],
        "split_idx": split,
        "variance": whole["variance"],
        "rvariance": whole["rvariance"],
        "line_fit": fit,
        "right": {name: right[name] for name in names},
        "left": {name: left[name] for name in names},
    }


def _as_list(value: object) -> list[float]:
    return value if isinstance(value, list) else []


def _fit_poly(series: object, places: object, degree: int | None) -> dict[str, object] | None:
    """The polynomial nearest to a series: rsquare, coefficients (highest power first), variance, rvariance, poly_fit.

    The series' x and a degree (1 if none) may be given.

    Example: `series_fit_poly(y, x, 2)`. Where we differ: the last digits of a real.
    """
    values = numbers_of(series)
    if isinstance(places, int | float):
        degree, places = int(places), None
    across = numbers_of(places) if places is not None else [float(at + 1) for at in range(len(values or []))]
    degree = 1 if degree is None else degree
    if values is None or across is None or len(across) != len(values) or not 0 < degree <= _HIGHEST_DEGREE:
        return None
    center = sum(across) / len(across)
    size = max(abs(one - center) for one in across) or 1.0
    scaled = _solved([[((one - center) / size) ** power for power in range(degree + 1)] for one in across], values)
    if scaled is None:
        return None
    coefficients = _unscaled(scaled, center, size)
    fit = [sum(factor * one**power for power, factor in enumerate(coefficients)) for one in across]
    quality = _quality(values, fit)
    return {
        "rsquare": quality["rsquare"],
        "coefficients": coefficients[::-1],
        "variance": quality["variance"],
        "rvariance": quality["rvariance"],
        "poly_fit": fit,
    }


def _solved(rows: list[list[float]], values: list[float]) -> list[float] | None:
    """The least squares solution, by the normal equations of a well-scaled system."""
    size = len(rows[0])
    matrix = [[math.fsum(row[i] * row[j] for row in rows) for j in range(size)] for i in range(size)]
    right = [math.fsum(row[i] * value for row, value in zip(rows, values, strict=True)) for i in range(size)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(matrix[row][column]))
        if abs(matrix[pivot][column]) < 1e-12:
            return None
        matrix[column], matrix[pivot] = matrix[pivot], matrix[column]
        right[column], right[pivot] = right[pivot], right[column]
        for row in range(column + 1, size):
            factor = matrix[row][column] / matrix[column][column]
            matrix[row] = [a - factor * b for a, b in zip(matrix[row], matrix[column], strict=True)]
            right[row] -= factor * right[column]
    solution = [0.0] * size
    for row in reversed(range(size)):
        known = sum(matrix[row][column] * solution[column] for column in range(row + 1, size))
        solution[row] = (right[row] - known) / matrix[row][row]
    return solution


def _unscaled(scaled: list[float], center: float, size: float) -> list[float]:
    """The coefficients of x of a polynomial of (x - center) / size."""
    result = [0.0] * len(scaled)
    for power, factor in enumerate(scaled):
        for step in range(power + 1):
            result[step] += factor / size**power * math.comb(power, step) * (-center) ** (power - step)
    return result


def _spectrum(real: object, imaginary: object, *, inverse: bool) -> dict[str, object] | None:
    first = numbers_of(real)
    second = numbers_of(imaginary) if imaginary is not None else [0.0] * len(first or [])
    if first is None or second is None or len(first) != len(second) or len(first) > _LARGEST_SPECTRUM:
        return None
    values = [complex(a, b) for a, b in zip(first, second, strict=True)]
    found = spectrum_of(values, 1 if inverse else -1)
    scale = len(values) if inverse else 1
    return {"real": [one.real / scale for one in found], "imag": [one.imag / scale for one in found]}


def spectrum_of(values: list[complex], sign: int) -> list[complex]:
    """The discrete Fourier transform: halved while the length is even, summed below."""
    size = len(values)
    if size % 2 or size < 2:
        turn = [cmath.exp(sign * 2j * math.pi * at / size) for at in range(size)]
        return [sum((value * turn[k * at % size] for at, value in enumerate(values)), 0j) for k in range(size)]
    even, odd = spectrum_of(values[::2], sign), spectrum_of(values[1::2], sign)
    turned = [cmath.exp(sign * 2j * math.pi * at / size) * odd[at] for at in range(size // 2)]
    return [a + b for a, b in zip(even, turned, strict=True)] + [a - b for a, b in zip(even, turned, strict=True)]


def _fft(real: object, imaginary: object) -> dict[str, object] | None:
    """The fast Fourier transform of a series, with its imaginary part if it has one: columns real and imag.

    Example: `series_fft(y)`. Where we differ: at most 65,536 elements.
    """
    return _spectrum(real, imaginary, inverse=False)


def _ifft(real: object, imaginary: object) -> dict[str, object] | None:
    """The inverse fast Fourier transform of a series, with its imaginary part if it has one: columns real and imag.

    Example: `series_ifft(real, imag)`. Where we differ: at most 65,536 elements.
    """
    return _spectrum(real, imaginary, inverse=True)


_DYNAMIC, _LONG = KustoType.DYNAMIC, KustoType.LONG

ROUTINES: Final = (
    Routine("series_fit_line_dynamic", _fit_line, (_DYNAMIC,), _DYNAMIC),
    Routine("series_fit_2lines_dynamic", _fit_2lines, (_DYNAMIC,), _DYNAMIC),
    Routine("series_fit_poly", _fit_poly, (_DYNAMIC, _DYNAMIC, _LONG), _DYNAMIC),
    Routine("series_fft", _fft, (_DYNAMIC, _DYNAMIC), _DYNAMIC),
    Routine("series_ifft", _ifft, (_DYNAMIC, _DYNAMIC), _DYNAMIC),
)
