"""What a function is to the plan: its entry in an ordered, written table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.plan.values import Typed

__all__ = [
    "Aggregate",
    "Environment",
    "Function",
    "Naming",
    "Results",
    "Unsupported",
    "name_of_first",
    "no_name",
    "prefixed",
    "prefixed_by_both",
    "unsupported",
]


@dataclass(frozen=True, slots=True)
class Environment:
    """What a lowering may know beside its arguments: `now` (UTC, naive) is fixed for the whole query.

    `on_clock` is called when the plan comes to hold a value that was counted from `now`: it then serves this run alone.
    """

    now: datetime
    on_clock: Callable[[], None] = lambda: None


Lowering = Callable[[Environment, Sequence["Typed"]], "Typed"]

Naming = Callable[[Sequence[str]], str]
"""From the names of the arguments ('' where one has none) to the name of an unnamed result; '' counts as `Column1`."""

Results = Callable[[Environment, Sequence["Typed"], Sequence[str]], "tuple[tuple[str, Typed], ...]"]
"""From the arguments and their names to the columns that a call stands for: `array_sort_asc(a, b)` gives two."""


def no_name(_names: Sequence[str]) -> str:
    """A result that is called `Column1`, `Column2`, ..."""
    return ""


def name_of_first(names: Sequence[str]) -> str:
    """A result that keeps its first argument's name."""
    return names[0] if names else ""


def prefixed(prefix: str) -> Naming:
    """A result that is called `prefix_x` after its first argument `x`, or `prefix_` where that has no name."""

    def name(names: Sequence[str]) -> str:
        return f"{prefix}_{names[0] if names else ''}"

    return name


def prefixed_by_both(prefix: str) -> Naming:
    """A result that is called `prefix_x_y` after its first two arguments."""

    def name(names: Sequence[str]) -> str:
        return "_".join((prefix, *names[:2]))

    return name


@dataclass(frozen=True, slots=True)
class Function:
    """A scalar function. The lowering's docstring is its documentation page: meaning, example, where we differ.

    `minimum` and `maximum` bound the number of arguments (maximum None: any number); the caller checks them, the
    lowering checks types and raises `Refusal`. `differs` says in one line where the answer may differ from Kusto's.
    `naming` names an unnamed result. `results` is given where a call standing alone is several columns; `lower` then
    gives what the call is inside an expression, or under one name.

    A type argument, `typeof(long)`, comes as a constant string whose value is the KustoType.
    """

    name: str
    lower: Lowering
    minimum: int
    maximum: int | None
    differs: str = ""
    naming: Naming = no_name
    results: Results | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate function, valid in summarize and make-series.

    `default_name(argument_names)` gives the column's name when the author gives none: `count_`, `dcount_x`, `x` for
    take_any. `results` is given where a call is several columns (`percentiles(x, 50, 95)`); `lower` gives the first.
    """

    name: str
    lower: Lowering
    minimum: int
    maximum: int | None
    default_name: Naming
    differs: str = ""
    results: Results | None = None


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A name that Kusto knows and we refuse, and why."""

    name: str
    why: str
    is_aggregate: bool = field(default=False)


def unsupported(name: str, why: str, *, aggregate: bool = False) -> Unsupported:
    """The entry that says aloud that `name` is absent, and why."""
    return Unsupported(name, why, aggregate)
