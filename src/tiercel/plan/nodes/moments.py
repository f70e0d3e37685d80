"""Nodes on calendar and clock: bins, units, fields and texts of instants (TIMESTAMP) and durations (BIGINT ticks)."""

from __future__ import annotations

import re
from typing import Final

from tiercel.plan.nodes.node import Node

__all__ = [
    "AddUnits",
    "BinTime",
    "Boundaries",
    "DatetimePart",
    "DatetimeText",
    "FormatDatetime",
    "StartOf",
    "TextDatetime",
    "TimespanText",
]


_ELEMENT: Final = re.compile("d{1,2}|h{1,2}|H{1,2}|m{1,2}|M{1,2}|s{1,2}|y{4}|y{1,2}|tt|f{1,7}|F{1,7}|.", re.DOTALL)


class BinTime(Node):
    """The latest TIMESTAMP not after `this` that lies a multiple of `expression` (BIGINT ticks) after 0001-01-01 00:00.

    NULL for a width that is NULL, zero or negative. Whole microseconds: a width of less than one gives `this`.
    """

    arg_types = {"this": True, "expression": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class Boundaries(Node):
    """How many starts of a `unit` lie after `expression` and not after `this` (both TIMESTAMP), a BIGINT.

    Negative when `this` is the earlier one. `unit` is a literal: year, quarter, month, week (from Sunday), day, hour,
    minute, second, millisecond, microsecond.
    """

    arg_types = {"this": True, "expression": True, "unit": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class DatetimePart(Node):
    """A field of `this` (TIMESTAMP), a BIGINT.

    `unit` is a literal: year, quarter, month, week (ISO), day, dayofyear, dayofweek (0 is Sunday), hour, minute,
    second, microsecond (within the second).
    """

    arg_types = {"this": True, "unit": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class StartOf(Node):
    """The start of the day, week (Sunday), month or year that `this` (TIMESTAMP) lies in; `unit` is a literal."""

    arg_types = {"this": True, "unit": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class AddUnits(Node):
    """The TIMESTAMP `this` moved by `expression` (BIGINT) calendar units; a day that a month lacks is its last.

    `unit` is a literal: year, quarter, month, week, day, hour, minute, second, millisecond, microsecond.
    """

    arg_types = {"this": True, "expression": True, "unit": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it


class DatetimeText(Node):
    """The TIMESTAMP `this` as Kusto prints it, TEXT: `2026-07-14T09:30:00.0000000Z`; NULL stays NULL."""


class TimespanText(Node):
    """The BIGINT `this` as Kusto prints it, TEXT: `[-][d.]hh:mm:ss[.fffffff]`; NULL stays NULL."""


class TextDatetime(Node):
    """The TIMESTAMP, in UTC, that `this` (TEXT) writes in any of the forms Kusto reads; NULL for any other text."""


class FormatDatetime(Node):
    """The TIMESTAMP `this` as TEXT by `format`, a literal of Kusto's elements and delimiters; NULL stays NULL.

    Elements: d dd f.. F.. (to seven) h hh H HH m mm M MM s ss y yy yyyy tt. Any other character stands for itself.
    """

    arg_types = {"this": True, "format": True}  # noqa: RUF012  sqlglot reads this class attribute and never writes it

    @property
    def elements(self) -> list[str]:
        """The format cut into elements, the longest first, and single other characters."""
        return _ELEMENT.findall(self.args["format"].name)
