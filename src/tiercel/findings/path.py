"""What a path is: hops of one movement across the fleet, from where it came in to what it reached. Times are UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Hop", "MovementPath"]


@dataclass(frozen=True, slots=True)
class Hop:
    """One step from host to host: one finding, or several of one caller on one target that belong together.

    `number` counts from 1 in the order of time; `after` is the number of the hop that led here, None at the entry.
    `tied_by` says what ties the two: `process` (the caller's process descends from what that hop started), `account`
    (the same account goes on), `host` (it goes on from the host that was reached); empty at the entry.
    `source` is the calling device's name where it is known, else its address.
    """

    number: int
    after: int | None
    tied_by: str
    source: str | None
    target: str
    first_time: datetime
    last_time: datetime
    account: str | None
    techniques: tuple[str, ...]
    title: str
    severity: str
    confidence: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MovementPath:
    """Findings that chain: the target of one is the source of the next, in time.

    `entry` is where the first hop came from, `reach` every target once, in the order in which they were reached,
    `accounts` every account once. `depth` is the number of hops on its longest chain. Every finding with a target is
    in one path; a finding that chains with no other is a path of one hop.
    """

    id: str
    entry: str | None
    hops: tuple[Hop, ...]
    accounts: tuple[str, ...]
    reach: tuple[str, ...]
    depth: int
    first_time: datetime
    last_time: datetime

    @property
    def findings(self) -> tuple[str, ...]:
        """The ids of its findings, by hop."""
        return tuple(dict.fromkeys(each for hop in self.hops for each in hop.findings))

    @property
    def longest(self) -> tuple[Hop, ...]:
        """Its longest chain, in order; of several as long the one that ended first."""
        known = {hop.number: hop for hop in self.hops}
        chains: dict[int, int] = {}
        for hop in self.hops:  # each stands after the one that led to it
            chains[hop.number] = 1 + (chains[hop.after] if hop.after is not None else 0)
        at: int | None = max(chains, key=lambda number: (chains[number], -number))
        chain: list[Hop] = []
        while at is not None:
            chain.append(known[at])
            at = known[at].after
        return tuple(reversed(chain))
