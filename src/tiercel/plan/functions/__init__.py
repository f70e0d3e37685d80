"""KQL's scalar functions and aggregates, one file a family: the written, ordered tables of all of them.

Holds lowerings, each documented by its docstring, and entries for what is refused and why. Takes `Typed` arguments.
Gives `Typed` results; `FUNCTIONS` and `AGGREGATES` find an entry by its name. May import tiercel.kql and sqlglot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.plan.functions import (
    addresses,
    aggregates,
    arrays,
    bins,
    collections,
    conditionals,
    conversions,
    encodings,
    moments,
    numbers,
    series,
    service,
    strings,
)

if TYPE_CHECKING:
    from tiercel.plan.functions.registry import Aggregate, Function, Unsupported

__all__ = ["AGGREGATES", "AGGREGATE_FAMILIES", "FUNCTIONS", "FUNCTION_FAMILIES"]

FUNCTION_FAMILIES: Final[tuple[tuple[str, tuple[Function | Unsupported, ...]], ...]] = (
    ("Conversions", conversions.FUNCTIONS),
    ("Conditions", conditionals.FUNCTIONS),
    ("Strings", strings.FUNCTIONS),
    ("Encodings and structured text", encodings.FUNCTIONS),
    ("Addresses", addresses.FUNCTIONS),
    ("Time", moments.FUNCTIONS),
    ("Bins", bins.FUNCTIONS),
    ("Numbers", numbers.FUNCTIONS),
    ("Arrays, sets and bags", arrays.FUNCTIONS),
    ("Series and digests", series.FUNCTIONS),
    ("The service itself", service.FUNCTIONS),
)
"""The scalar functions by family, in the order of the documentation."""

AGGREGATE_FAMILIES: Final[tuple[tuple[str, tuple[Aggregate | Unsupported, ...]], ...]] = (
    ("Values", aggregates.AGGREGATES),
    ("Collections", collections.AGGREGATES),
)
"""The aggregate functions by family, in the order of the documentation."""

FUNCTIONS: Final[dict[str, Function | Unsupported]] = {
    entry.name: entry for _, entries in FUNCTION_FAMILIES for entry in entries
}
"""Every scalar function by name."""

AGGREGATES: Final[dict[str, Aggregate | Unsupported]] = {
    entry.name: entry for _, entries in AGGREGATE_FAMILIES for entry in entries
}
"""Every aggregate function by name."""
