"""What Spark lacks of what the plan can say, and where it answers otherwise, each with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.plan.lacks import Lacks

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DIFFERS", "LACKS"]

_ORDER: Final = "rows have no order after a shuffle, nor has the array, even after a sort"
_ANY: Final = "of several rows that would do Spark gives any"

LACKS: Final = Lacks(
    "Spark",
    {"row_window_session": "its recursive queries take no outer join, and a session begins where the one before ended"},
)
"""Refused when a query is compiled for Spark, at its place."""

DIFFERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("make_list", "make_list_if", "make_list_with_nulls", "makelist"), _ORDER),
    **dict.fromkeys(("make_bag", "make_bag_if", "make_dictionary"), "of properties with one name it keeps any"),
    **dict.fromkeys(("arg_max", "arg_min", "argmax", "argmin", "take_any", "take_anyif", "any", "anyif"), _ANY),
    **dict.fromkeys(("take, limit", "sample, sample-distinct"), _ANY),
    **dict.fromkeys(("join, lookup",), "innerunique keeps any of the left rows with one key"),
}
"""Where Spark's answer may be another than DuckDB's; both are right by KQL's own words."""
