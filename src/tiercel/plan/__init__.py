"""The planner: KQL trees become sqlglot trees with Kusto's meaning.

Holds scopes, operators, expressions, functions, the plan's own nodes, and passes over whole plans. Takes a syntax tree.
Gives `compile`, `compile_text` -> `Compiled` (a `Plan`, or issues with their places). May import tiercel.kql and below,
and sqlglot.
"""

from __future__ import annotations

from tiercel.plan.compilation import Compiled, compile, compile_text  # noqa: A004  see there
from tiercel.plan.passes import PASSES, Pass
from tiercel.plan.plan import Plan

__all__ = ["PASSES", "Compiled", "Pass", "Plan", "compile", "compile_text"]
