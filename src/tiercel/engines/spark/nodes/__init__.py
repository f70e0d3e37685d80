"""How Spark writes the plan's own nodes.

Holds one file a family, named as in `tiercel.plan.nodes`, each with its `RENDERED` table. Takes a generator and a node.
Gives SQL text; `RENDERED` here is all of them. May import tiercel.plan and sqlglot, not pyspark.

A dynamic value stands as JSON text (Spark's STRING). Spark's VARIANT would sort the names of a bag and forget that 1.0
is a real, so it serves here only to tell what a value is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.engines.spark.nodes import (
    aggregates,
    arithmetic,
    conversion,
    dynamic,
    guards,
    json,
    moments,
    routine,
    search,
    strings,
    text,
    time,
)

if TYPE_CHECKING:
    from tiercel.engines.spark.nodes.call import Rendering

__all__ = ["RENDERED"]

RENDERED: dict[type, Rendering] = {
    **aggregates.RENDERED,
    **arithmetic.RENDERED,
    **conversion.RENDERED,
    **dynamic.RENDERED,
    **guards.RENDERED,
    **json.RENDERED,
    **moments.RENDERED,
    **routine.RENDERED,
    **search.RENDERED,
    **strings.RENDERED,
    **text.RENDERED,
    **time.RENDERED,
}
"""Spark's SQL for every node."""
