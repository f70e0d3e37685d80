"""Series: arrays of numbers, and the digests of aggregates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.plan.functions.forms import as_type, constant_text
from tiercel.plan.functions.registry import (
    Environment,
    Function,
    Results,
    Unsupported,
    name_of_first,
    prefixed,
    unsupported,
)
from tiercel.plan.functions.routine_calls import call_routine, routine_function
from tiercel.plan.literals import constant
from tiercel.plan.nodes.dynamic import Property
from tiercel.plan.routines import ROUTINES
from tiercel.plan.values import Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FUNCTIONS"]

_REAL, _LONG, _DYNAMIC = KustoType.REAL, KustoType.LONG, KustoType.DYNAMIC

_STATS: Final = {
    "min": _REAL,
    "min_idx": _LONG,
    "max": _REAL,
    "max_idx": _LONG,
    "avg": _REAL,
    "stdev": _REAL,
    "variance": _REAL,
}
_LINE: Final = {
    "rsquare": _REAL,
    "slope": _REAL,
    "variance": _REAL,
    "rvariance": _REAL,
    "interception": _REAL,
    "line_fit": _DYNAMIC,
}
_TWO_LINES: Final = {
    "rsquare": _REAL,
    "split_idx": _LONG,
    "variance": _REAL,
    "rvariance": _REAL,
    "line_fit": _DYNAMIC,
    **{
        f"{side}_{name}": _REAL
        for side in ("right", "left")
        for name in ("rsquare", "slope", "interception", "variance", "rvariance")
    },
}
_POLY: Final = {
    "rsquare": _REAL,
    "coefficients": _DYNAMIC,
    "variance": _REAL,
    "rvariance": _REAL,
    "poly_fit": _DYNAMIC,
}
_PARTS: Final = dict.fromkeys(("baseline", "seasonal", "trend", "residual"), _DYNAMIC)
_ANOMALIES: Final = dict.fromkeys(("ad_flag", "ad_score", "baseline"), _DYNAMIC)
_SPECTRUM: Final = {"real": _DYNAMIC, "imag": _DYNAMIC}


def _property(bag: Typed, path: str, kind: KustoType) -> Typed:
    steps = path.split("_", 1) if path.startswith(("right_", "left_")) else [path]
    if bag.is_constant:
        value: object = bag.value
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return as_type(constant(value, _DYNAMIC), kind) if kind is _DYNAMIC else constant(_number(value, kind), kind)
    sql = bag.sql.copy()
    for step in steps:
        sql = Property(this=sql, expression=constant(step, KustoType.STRING).sql)
    return as_type(Typed(sql, _DYNAMIC), kind)


def _number(value: object, kind: KustoType) -> object:
    return float(value) if isinstance(value, int) and kind is _REAL else value


def _bag_function(
    name: str, columns: Mapping[str, KustoType], maximum: int, *, routine: str, differs: str = ""
) -> Function:
    """A function of several columns, read out of the bag that a routine makes."""

    def columns_of(arguments: Sequence[Typed]) -> list[Typed]:
        bag = call_routine(routine, arguments)
        return [_property(bag, path, kind) for path, kind in columns.items()]

    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        return columns_of(arguments)[0]

    def results(
        _environment: Environment, arguments: Sequence[Typed], names: Sequence[str]
    ) -> tuple[tuple[str, Typed], ...]:
        labels = [f"{name}_{names[0]}_{path}" for path in columns]
        return tuple(zip(labels, columns_of(arguments), strict=True))

    lower.__doc__ = ROUTINES[routine].call.__doc__
    given: Results = results
    return Function(name, lower, 1, maximum, differs, results=given)


def lower_percentile_tdigest(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The value that a percent of a digest's values is not above."""
    found = call_routine("percentile_tdigest", arguments[:2])
    if len(arguments) < 3:
        return found
    return as_type(found, KustoType(constant_text("percentile_tdigest", 2, arguments)))


lower_percentile_tdigest.__doc__ = ROUTINES["percentile_tdigest"].call.__doc__

_UNPUBLISHED: Final = "how Kusto scores periods is not published: give the period to series_decompose()"
_PERIOD: Final = "how a period is found, when none is given"
_DIGITS: Final = "the last digits of a real"

FUNCTIONS: Final[tuple[Function | Unsupported, ...]] = (
    *(
        routine_function(f"series_{name}", 2, 2)
        for name in (
            "add",
            "subtract",
            "multiply",
            "divide",
            "pow",
            "greater",
            "greater_equals",
            "less",
            "less_equals",
            "equals",
            "not_equals",
        )
    ),
    *(
        routine_function(f"series_{name}", 1, 1)
        for name in ("abs", "acos", "asin", "atan", "ceiling", "cos", "exp", "floor", "log", "sign", "sin", "tan")
    ),
    routine_function("series_fill_forward", 1, 2, naming=name_of_first),
    routine_function("series_fill_backward", 1, 2, naming=name_of_first),
    routine_function("series_fill_const", 2, 3, naming=name_of_first),
    routine_function("series_fill_linear", 1, 4, naming=name_of_first),
    routine_function("series_fir", 2, 4, naming=name_of_first),
    routine_function("series_iir", 3, 3, naming=name_of_first),
    routine_function("series_dot_product", 2, 2),
    routine_function("series_cosine_similarity", 2, 4),
    routine_function("series_pearson_correlation", 2, 2),
    routine_function("series_magnitude", 1, 1),
    routine_function("series_product", 1, 1),
    routine_function("series_sum", 1, 1),
    _bag_function("series_stats", _STATS, 2, routine="series_stats_dynamic"),
    routine_function("series_stats_dynamic", 1, 2),
    _bag_function("series_fit_line", _LINE, 1, routine="series_fit_line_dynamic", differs=_DIGITS),
    routine_function("series_fit_line_dynamic", 1, 1, differs=_DIGITS),
    _bag_function("series_fit_2lines", _TWO_LINES, 1, routine="series_fit_2lines_dynamic", differs=_DIGITS),
    routine_function("series_fit_2lines_dynamic", 1, 1, differs=_DIGITS),
    _bag_function("series_fit_poly", _POLY, 3, routine="series_fit_poly", differs=_DIGITS),
    routine_function("series_seasonal", 1, 3, differs=_PERIOD),
    _bag_function("series_decompose", _PARTS, 5, routine="series_decompose", differs=_PERIOD),
    _bag_function("series_decompose_anomalies", _ANOMALIES, 7, routine="series_decompose_anomalies", differs=_PERIOD),
    routine_function("series_decompose_forecast", 2, 5, differs=_PERIOD),
    routine_function("series_outliers", 1, 3, naming=name_of_first),
    _bag_function("series_fft", _SPECTRUM, 2, routine="series_fft", differs="at most 65,536 elements"),
    _bag_function("series_ifft", _SPECTRUM, 2, routine="series_ifft", differs="at most 65,536 elements"),
    unsupported("series_periods_detect", _UNPUBLISHED),
    unsupported("series_periods_validate", _UNPUBLISHED),
    routine_function("dcount_hll", 1, 1, naming=prefixed("dcount_hll")),
    routine_function("hll_merge", 1, 64),
    Function("percentile_tdigest", lower_percentile_tdigest, 2, 3, naming=prefixed("percentile_tdigest")),
    routine_function("percentiles_array_tdigest", 2, None, naming=prefixed("percentile_tdigest")),
    routine_function("percentrank_tdigest", 2, 2),
    routine_function("rank_tdigest", 2, 2),
    routine_function("merge_tdigest", 1, 64),
    routine_function("tdigest_merge", 1, 64, routine="merge_tdigest"),
)
