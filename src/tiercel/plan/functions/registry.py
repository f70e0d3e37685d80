"""What a function is to the plan: its entry in an ordered, written table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.plan.values import Typed

__all__ = ["Aggregate", "Environment", "Function", "Unsupported", "unsupported"]


@dataclass(frozen=True, slots=True)
class Environment:
    """What a lowering may know beside its arguments: `now` (UTC, naive) is fixed for the whole query."""

    now: datetime


Lowering = Callable[[Environment, Sequence["Typed"]], "Typed"]


@dataclass(frozen=True, slots=True)
class Function:
    """A scalar function. The lowering's docstring is its documentation page: meaning, example, where we differ.

    `minimum` and `maximum` bound the number of arguments (maximum None: any number); the caller checks them, the lowering
    checks types and raises `Refusal`. `differs` says in one line where the answer may differ from Kusto's.
    """

    name: str
    lower: Lowering
    minimum: int
    maximum: int | None
    differs: str = ""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate function, valid in summarize and make-series. `default_name(argument_names)` gives the column's name
    when the author gives none: `count_`, `dcount_x`, `x` for take_any.
    """

    name: str
    lower: Lowering
    minimum: int
    maximum: int | None
    default_name: Callable[[Sequence[str]], str]
    differs: str = ""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A name that Kusto knows and we refuse, and why."""

    name: str
    why: str
    is_aggregate: bool = field(default=False)


def unsupported(name: str, why: str, *, aggregate: bool = False) -> Unsupported:
    """The entry that says aloud that `name` is absent, and why."""
    return Unsupported(name, why, aggregate)
