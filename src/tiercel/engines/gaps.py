"""What each engine lacks, by the engine's name: an engine that is not named here has all that the plan can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.engines.spark.gaps import LACKS

if TYPE_CHECKING:
    from tiercel.plan.lacks import Lacks

__all__ = ["GAPS"]

GAPS: Final[dict[str, Lacks]] = {"spark": LACKS}
