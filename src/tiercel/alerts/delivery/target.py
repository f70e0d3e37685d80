"""What a target of messages is, and how often it is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tiercel.errors import TiercelError

if TYPE_CHECKING:
    import random
    from collections.abc import Collection

    from tiercel.alerts.outbox import Message

__all__ = ["DeliveryError", "Retry", "Sender", "Target"]


@dataclass(eq=False)
class DeliveryError(TiercelError):
    """A message was not taken. `is_refused`: this message alone, the target being there; else the target is down.

    `after` are the seconds that the target asked us to wait.
    """

    is_refused: bool = False
    after: float | None = None


class Sender(Protocol):
    """Gives messages to one receiver."""

    def send(self, message: Message) -> None:
        """Return when the receiver has taken the message. Raises DeliveryError where it has not, or may not have."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True)
class Retry:
    """Waiting after failures: `first` seconds, doubled each time, at most `most`, a random half of it left out."""

    first: float = 1.0
    most: float = 300.0

    def wait(self, failures: int, random: random.Random) -> float:
        """The seconds to wait after so many failures in a row.

        >>> from random import Random
        >>> [0.5 <= Retry().wait(1, Random(seed)) <= 1 for seed in range(3)], Retry().wait(99, Random(1)) <= 300
        ([True, True, True], True)
        """
        longest = min(self.most, self.first * float(1 << min(failures - 1, 30)))
        return longest * (1 - random.random() / 2)


@dataclass(frozen=True, slots=True)
class Target:
    """Who is told of what: messages of these kinds, of alerts at least so severe (a place in `LEVELS`)."""

    name: str
    sender: Sender
    kinds: Collection[str] = ("alert.new", "alert.reopened")
    least_severity: int = 0
    retry: Retry = Retry()
