"""Passes: rewrites of a plan's tree that change how it runs and never what it gives, in their order.

Takes the tree that the compiler assembled. Gives a tree of the same rows; one pass, one file.
May import tiercel.plan's nodes and sqlglot; knows no engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from sqlglot import exp

from tiercel.plan.passes.narrow_records import narrow_records
from tiercel.plan.passes.read_anew import AUTHORS, read_anew
from tiercel.plan.passes.window_join import window_join

__all__ = ["AUTHORS", "PASSES", "Pass", "narrow_records", "read_anew", "window_join"]

Pass: TypeAlias = Callable[[exp.Select], exp.Select]
"""A rewrite. It may change the tree that it is given, which is nobody else's."""

PASSES: Final[tuple[Pass, ...]] = (window_join, narrow_records, read_anew)
"""Every pass, in the order in which they run."""
