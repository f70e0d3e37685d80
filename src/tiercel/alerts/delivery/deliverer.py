"""The deliverer: each target is told what waits for it, in order per device, by one process at a time."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from tiercel.alerts.delivery.target import DeliveryError
from tiercel.alerts.outbox import Outbox
from tiercel.errors import TiercelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tiercel.alerts.database import Database, Hold
    from tiercel.alerts.delivery.target import Target
    from tiercel.alerts.outbox import Message, Standing
    from tiercel.alerts.store import AlertStore

__all__ = ["Delivered", "Deliverer"]

_LOOK: Final = 1.0
"""So many seconds pass between two looks at an outbox in which nothing waits."""

_SETTLE: Final = 500
"""After so many deliveries what was told is put together as one number."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one pass over a target's messages did. `is_elsewhere`: another process serves this target.

    `again` is when the next attempt is due, None where nothing waits.
    """

    target: str
    delivered: int = 0
    failed: int = 0
    error: str | None = None
    again: datetime | None = None
    is_elsewhere: bool = False


class Deliverer:
    """Tells the targets of a store what waits for them. `step` is one pass; `run` goes on until it is stopped."""

    def __init__(
        self,
        store: AlertStore,
        targets: Sequence[Target],
        *,
        randomness: random.Random | None = None,
        told: Callable[[Delivered], None] | None = None,
    ) -> None:
        chance = randomness or random.Random()  # noqa: S311  it spreads retries, it guards nothing
        self._lines = [_Line(store.database, target, chance) for target in targets]
        self._told = told

    def step(self, at: datetime | None = None) -> tuple[Delivered, ...]:
        """What one pass over all targets did, as if it were `at`. It neither waits nor tries what is not due yet."""
        clock: Callable[[], datetime] = _now if at is None else lambda: at
        return tuple(line.step(clock) for line in self._lines)

    def run(self, stop: threading.Event) -> None:
        """Serve every target, each in a thread of its own so that none waits for another, until `stop` is set."""
        threads = [threading.Thread(target=self._serve, args=(line, stop), daemon=True) for line in self._lines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.close()

    def standings(self) -> tuple[Standing, ...]:
        """How far each target was told."""
        return tuple(line.outbox.standing() for line in self._lines)

    def close(self) -> None:
        """Let another process serve the targets."""
        for line in self._lines:
            line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self, line: _Line, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                done = line.step(_now, stop)
            except TiercelError as error:  # the store is away: it is tried again as a target is
                done = Delivered(line.target.name, error=error.message)
            except Exception as error:  # noqa: BLE001  a thread that ended here would leave its target untold in silence
                done = Delivered(line.target.name, error=f"an error of Tiercel's own, {type(error).__name__}: {error}")
            if self._told and (done.delivered or done.error):
                self._told(done)
            due = (done.again - _now()).total_seconds() if done.again else _LOOK
            stop.wait(min(max(due, 0.05), line.target.retry.most) if done.again else _LOOK)


@dataclass(slots=True)
class _Pause:
    """How often something failed in a row, and when it is to be tried again."""

    failures: int
    since: datetime
    until: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether it is time; also where the clock was set back to before it began."""
        return not self.since <= now < self.until


@dataclass(slots=True)
class _Line:
    """One target's messages on their way."""

    database: Database
    target: Target
    chance: random.Random
    outbox: Outbox = field(init=False)
    hold: Hold | None = None
    down: _Pause | None = None
    devices: dict[str, _Pause] = field(default_factory=dict)
    unsettled: int = 0

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.database, self.target.name, self.target.kinds, self.target.least_severity)

    def step(self, clock: Callable[[], datetime], stop: threading.Event | None = None) -> Delivered:
        name = self.target.name
        if not self._is_mine(clock()):
            return Delivered(name, is_elsewhere=True)
        if self.down and not self.down.is_over(clock()):
            return Delivered(name, again=self.down.until)
        delivered = failed = 0
        error: str | None = None
        behind: set[str] = set()
        for message in self.outbox.waiting():
            if stop is not None and stop.is_set():
                break
            if message.device in behind:
                continue
            pause = self.devices.get(message.device)
            if pause and not pause.is_over(clock()):
                behind.add(message.device)
                continue
            if self.hold is None or not self.hold.is_held():
                self.close()
                return Delivered(name, delivered, failed, error, is_elsewhere=True)
            try:
                self.target.sender.send(message)
            except DeliveryError as refusal:
                failed += 1
                error = refusal.message
                self.outbox.mark_failed(message, clock(), error)
                behind.add(message.device)
                if not self._postpone(message, refusal, clock()):
                    break
            else:
                self.outbox.mark_delivered(message, clock())
                delivered += 1
                self.down = None
                self.devices.pop(message.device, None)
        self._settle(delivered, clock())
        pauses = [self.down, *self.devices.values()]
        again = min((pause.until for pause in pauses if pause), default=None)
        return Delivered(name, delivered, failed, error, again)

    def _postpone(self, message: Message, refusal: DeliveryError, at: datetime) -> bool:
        """Whether the other devices' messages may be tried at once: only this one was refused."""
        known = self.devices.get(message.device) if refusal.is_refused else self.down
        failures = known.failures + 1 if known else 1
        seconds = max(self.target.retry.wait(failures, self.chance), refusal.after or 0)
        pause = _Pause(failures, at, at + timedelta(seconds=seconds))
        if refusal.is_refused:
            self.devices[message.device] = pause
        else:
            self.down = pause
        return refusal.is_refused

    def _is_mine(self, at: datetime) -> bool:
        if self.hold is not None and not self.hold.is_held():
            self.close()
        if self.hold is None:
            self.hold = self.database.hold(f"deliver-{self.target.name}")
            if self.hold is not None:
                self.outbox.register(at)
        return self.hold is not None

    def _settle(self, delivered: int, at: datetime) -> None:
        self.unsettled += delivered
        if self.unsettled and (self.unsettled >= _SETTLE or not delivered):
            self.outbox.settle(at)
            self.unsettled = 0

    def close(self) -> None:
        if self.hold is not None:
            self.hold.let_go()
            self.hold = None
        self.target.sender.close()


def _now() -> datetime:
    return datetime.now(UTC)
