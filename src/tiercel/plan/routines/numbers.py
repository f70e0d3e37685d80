"""Numbers: their texts and widths, and the functions that no engine has."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["integer_of_real", "real_text", "squared", "wrap_int"]

_NAMES: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def real_text(value: float) -> str:
    """A real as Kusto prints it.

    >>> real_text(1.0), real_text(0.1), real_text(float("nan"))
    ('1.0', '0.1', 'NaN')
    """
    return _NAMES.get(repr(value), repr(value))


def wrap_int(value: int, bits: int) -> int:
    """The integer as `bits` bits hold it.

    >>> wrap_int(9999999999, 32)
    1410065407
    """
    half = 1 << (bits - 1)
    return (value + half) % (1 << bits) - half


def integer_of_real(value: float, bits: int) -> int | None:
    """The real cut towards zero; the bound where it is beyond it, nothing for what is no number."""
    if not math.isfinite(value):
        return None
    return max(-(1 << (bits - 1)), min((1 << (bits - 1)) - 1, int(value)))


def squared(value: float) -> float:
    """The value times itself: infinity where that is beyond a real, which `**` would refuse.

    >>> squared(3.0), squared(1e200)
    (9.0, inf)
    """
    return value * value
