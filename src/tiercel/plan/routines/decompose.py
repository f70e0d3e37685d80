"""Series taken apart: season, trend and what is left; anomalies and forecasts from that.

The steps are those of Microsoft Learn, "series_decompose()" and "series_decompose_anomalies()"; how a period is found
when none is given is our own.
"""

from __future__ import annotations

import math
import statistics
from typing import Final

from tiercel.plan.routines.fits import line_through, spectrum_of
from tiercel.plan.routines.numbers import squared
from tiercel.plan.routines.routine import Routine
from tiercel.plan.routines.series import numbers_of
from tiercel.tables import KustoType

__all__ = ["ROUTINES"]

_THRESHOLD: Final = 0.6
_SHORTEST_PERIOD: Final = 4
_NEARLY: Final = 0.95
"""A shorter period is taken before a longer one that scores hardly better: a day before two days."""

_CUSTOM_SCALE: Final = 2.7726056055079178
"""The distance of the 10th and 90th percentile by that which scores 1, as the emulator's scores show."""

_ANOMALY: Final = 1.5


def _filled(series: object) -> list[float] | None:
    """The series as reals, nulls as zero; None where it holds anything else."""
    if not isinstance(series, list):
        return None
    return numbers_of([0.0 if one is None else one for one in series])


def _correlations(values: list[float]) -> list[float]:
    """The autocorrelation at every lag up to half the length, each by the number of pairs it has."""
    size = len(values)
    mean = sum(values) / size
    padded = [one - mean for one in values]
    padded += [0.0] * ((1 << (2 * size - 1).bit_length()) - size)
    powers = [complex(squared(abs(one))) for one in spectrum_of([complex(one) for one in padded], -1)]
    sums = [one.real / len(padded) for one in spectrum_of(powers, 1)[: size // 2 + 1]]
    variance = sums[0] / size
    return [sums[lag] / (size - lag) / variance if variance > 0 else 0.0 for lag in range(len(sums))]


def _found_period(values: list[float], threshold: float) -> int:
    """The period of the season, 0 where there is none: the lag at which the series is most like itself."""
    if len(values) < 2 * _SHORTEST_PERIOD:
        return 0
    found = _correlations(values)
    peaks = [
        lag
        for lag in range(_SHORTEST_PERIOD, len(found) - 1)
        if found[lag] >= threshold and found[lag - 1] <= found[lag] >= found[lag + 1]
    ]
    best = max((found[lag] for lag in peaks), default=0.0)
    return next((lag for lag in peaks if found[lag] >= best * _NEARLY), 0)


def _season(values: list[float], period: int, size: int) -> list[float]:
    """For each place in the period the median of the values there, over `size` elements; zeros without a period."""
    if period < 1:
        return [0.0] * size
    medians = [statistics.median(values[at::period]) for at in range(min(period, len(values)))]
    return [float(medians[at % len(medians)]) for at in range(size)]


def _parts(values: list[float], period: int, trend: str, held_back: int, threshold: float) -> dict[str, list[float]]:
    size = len(values)
    learned = values[: size - held_back] if 0 < held_back < size else values
    if period < 0:
        period = _found_period(learned, threshold)
    season = _season(learned, period, size)
    rest = [one - other for one, other in zip(learned, season, strict=False)]
    line = [0.0] * size
    if trend == "avg":
        line = [sum(rest) / len(rest)] * size
    elif trend == "linefit" and len(rest) > 1:
        slope, interception = line_through(rest)
        line = [interception + slope * (at + 1) for at in range(size)]
    baseline = [one + other for one, other in zip(season, line, strict=True)]
    return {
        "baseline": baseline,
        "seasonal": season,
        "trend": line,
        "residual": [one - other for one, other in zip(values, baseline, strict=True)],
    }


def _decompose(
    series: object, period: int | None, trend: str | None, held_back: int | None, threshold: float | None
) -> dict[str, list[float]] | None:
    """A series as the sum of a season and a trend, the baseline, and a residual: columns for these four.

    Further arguments: the period (-1: found, 0: none), the trend (avg, linefit, none), how many elements at the end to
    leave out when learning, and how sure of a found period to be.

    Example: `series_decompose(y, -1, "linefit")`.
    Where we differ: how a period is found, when none is given.
    """
    values = _filled(series)
    if values is None:
        return None
    sure = _THRESHOLD if threshold is None else threshold
    return _parts(values, -1 if period is None else period, (trend or "avg").lower(), held_back or 0, sure)


def _forecast(
    series: object, points: int | None, period: int | None, trend: str | None, threshold: float | None
) -> list[float] | None:
    """The baseline of a series that is learned without so many elements at its end: a forecast of these.

    Further arguments: the period (-1: found, 0: none), the trend (linefit, avg, none), how sure of a period to be.

    Example: `series_decompose_forecast(y, 24*7)`.
    Where we differ: how a period is found, when none is given.
    """
    parts = _decompose(series, period, trend or "linefit", points, threshold)
    return None if parts is None else parts["baseline"]


def _percentile(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _scores(values: list[float], kind: str) -> list[float]:
    """How far each value lies outside the middle of all: Tukey's test, with quarters or with tenths at the ends."""
    ordered = sorted(values)
    tail, scale = (0.25, 1.0) if kind == "tukey" else (0.1, _CUSTOM_SCALE)
    low, high = _percentile(ordered, tail), _percentile(ordered, 1 - tail)
    width = (high - low) / scale
    if not width:
        return [0.0] * len(values)
    return [(one - high) / width if one > high else (one - low) / width if one < low else 0.0 for one in values]


def _outliers(series: object, kind: str | None, ignored: float | None) -> list[float] | None:
    """How much of an outlier each element of a series is: above 1.5 a rise, below -1.5 a fall; Tukey's test.

    The kind is "ctukey", with tenths at the ends, or "tukey", with quarters. A value may be ignored.

    Example: `series_outliers(dynamic([1, 2, 1, 2, 50]))`.
    """
    if not isinstance(series, list):
        return None
    kept = [one for one in series if one is not None and (ignored is None or one != ignored)]
    values = numbers_of(kept)
    if values is None:
        return None
    scores = iter(_scores(values, (kind or "ctukey").lower()))
    return [0.0 if one is None or (ignored is not None and one == ignored) else next(scores) for one in series]


def _anomalies(  # noqa: PLR0917  KQL's own parameters, called by position
    series: object,
    threshold: float | None,
    period: int | None,
    trend: str | None,
    held_back: int | None,
    kind: str | None,
    sure: float | None,
) -> dict[str, list[float]] | None:
    """The anomalies of a series, found in the residual of its decomposition: columns ad_flag, ad_score, baseline.

    The flag is 1 for a rise, -1 for a fall, from a score on of 1.5 or as the second argument says. Further arguments:
    as of `series_decompose`, then the kind of `series_outliers`, then how sure of a period to be.

    Example: `series_decompose_anomalies(y, 2.5, -1, "linefit")`.
    Where we differ: how a period is found, when none is given.
    """
    parts = _decompose(series, period, trend, held_back, sure)
    if parts is None:
        return None
    scores = _scores(parts["residual"], (kind or "ctukey").lower())
    limit = _ANOMALY if threshold is None else threshold
    flags = [1.0 if one > limit else -1.0 if one < -limit else 0.0 for one in scores]
    return {"ad_flag": flags, "ad_score": scores, "baseline": parts["baseline"]}


def _seasonal(series: object, period: int | None, held_back: int | None) -> list[float] | None:
    """The season of a series: for each place in the period the median of the elements there, as long as the series.

    The period is found where it is not given or -1, and how many elements at the end to leave out may be said.

    Example: `series_seasonal(dynamic([1, 3, 5, 1, 3, 5, 2, 4, 6]), 3)` is [1.0, 3.0, 5.0, 1.0, 3.0, 5.0, ...].
    Where we differ: how a period is found, when none is given.
    """
    parts = _decompose(series, period, "none", held_back, None)
    return None if parts is None else parts["seasonal"]


_DYNAMIC, _LONG, _REAL, _STRING = KustoType.DYNAMIC, KustoType.LONG, KustoType.REAL, KustoType.STRING

ROUTINES: Final = (
    Routine("series_decompose", _decompose, (_DYNAMIC, _LONG, _STRING, _LONG, _REAL), _DYNAMIC),
    Routine("series_decompose_forecast", _forecast, (_DYNAMIC, _LONG, _LONG, _STRING, _REAL), _DYNAMIC),
    Routine(
        "series_decompose_anomalies",
        _anomalies,
        (_DYNAMIC, _REAL, _LONG, _STRING, _LONG, _STRING, _REAL),
        _DYNAMIC,
    ),
    Routine("series_outliers", _outliers, (_DYNAMIC, _STRING, _REAL), _DYNAMIC),
    Routine("series_seasonal", _seasonal, (_DYNAMIC, _LONG, _LONG), _DYNAMIC),
)
