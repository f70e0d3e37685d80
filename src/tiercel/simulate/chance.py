"""Random columns that are the same on every machine: a counter, hashed, instead of a generator with hidden state.

The hash is splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014), computed on whole
Arrow columns. A stream is named (`chance.named("office", "day 1")`), so that adding one kind of noise changes no other.
"""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Chance"]

_U64 = pa.uint64()
_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def _hashed(column: Any) -> Any:
    """The splitmix64 hash of every value of an unsigned column; multiplication wraps, as it must."""
    mixed = column
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = pc.bit_wise_xor(mixed, pc.shift_right(mixed, pa.scalar(shift, _U64)))
        mixed = pc.multiply(mixed, pa.scalar(factor, _U64))
    return pc.bit_wise_xor(mixed, pc.shift_right(mixed, pa.scalar(31, _U64)))


class Chance:
    """A named stream of random columns. Each call gives new numbers; the order of calls is part of the seed."""

    __slots__ = ("_calls", "_key")

    def __init__(self, seed: int, *names: object) -> None:
        text = "\x1f".join([str(seed), *map(str, names)])
        self._key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
        self._calls = 0

    def named(self, *names: object) -> Chance:
        """A stream of its own, independent of how far this one was read."""
        return Chance(self._key, *names)

    def scalars(self) -> random.Random:
        """Python's generator, seeded from this stream, for the few choices that are made one by one."""
        return random.Random(self._key)  # noqa: S311 - simulated noise, nothing is kept secret with it

    def bits(self, n: int) -> Any:
        """A column of n random 64-bit numbers."""
        self._calls += 1
        first = (self._key + self._calls * 0xD1B54A32D192ED03) & _MASK
        # arange refuses to wrap, so the counter starts at zero and the key is added with wrapping arithmetic
        counter = pa.array(range(n), _U64)
        return _hashed(pc.add(pc.multiply(counter, pa.scalar(_GOLDEN, _U64)), pa.scalar(first, _U64)))

    def uniform(self, n: int, low: float = 0.0, high: float = 1.0) -> Any:
        """A column of n numbers from low up to, not including, high."""
        unit = pc.divide(pc.cast(pc.shift_right(self.bits(n), pa.scalar(11, _U64)), pa.float64()), float(1 << 53))
        return pc.add(pc.multiply(unit, high - low), low)

    def whole(self, n: int, low: int, high: int) -> Any:
        """A column of n whole numbers from low to high, both included."""
        spread = pc.cast(pc.floor(self.uniform(n, 0.0, float(high - low + 1))), pa.int64())
        return pc.add(spread, low)

    def pick(self, n: int, values: Sequence[str]) -> Any:
        """A column of n of the given strings, each as likely as the other."""
        return pa.array(values, pa.string()).take(self.whole(n, 0, len(values) - 1))

    def span(self, n: int, low: float, high: float) -> Any:
        """A column of n durations between low and high seconds, in microseconds."""
        return pc.cast(pc.floor(self.uniform(n, low * 1e6, high * 1e6)), pa.int64())
