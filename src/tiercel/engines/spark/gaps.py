"""What Spark lacks of what the plan can say, in the order of the documentation, each with the reason."""

from __future__ import annotations

from typing import Final

from tiercel.plan.lacks import Lacks

__all__ = ["LACKS"]

LACKS: Final = Lacks("Spark", {})
