"""Functions of KQL that no engine has: written once, in Python, run by every engine as a user function.

Holds one file a family, each with its `ROUTINES` table, and the reading and writing of dynamic values. Takes and gives
Python values. `ROUTINES` here is all of them by name. May import tiercel.kql and the standard library only.
"""

from __future__ import annotations

from typing import Final

from tiercel.plan.routines import (
    addresses,
    agents,
    arrays,
    bags,
    decompose,
    digests,
    encodings,
    fits,
    moments,
    parsing,
    series,
    statistics,
    texts,
    units,
)
from tiercel.plan.routines.routine import Routine

__all__ = ["ROUTINES", "Routine"]

_FAMILIES: Final = (
    moments,
    texts,
    parsing,
    agents,
    encodings,
    arrays,
    bags,
    digests,
    addresses,
    statistics,
    units,
    series,
    fits,
    decompose,
)

ROUTINES: Final[dict[str, Routine]] = {routine.name: routine for family in _FAMILIES for routine in family.ROUTINES}
"""Every routine by name."""
