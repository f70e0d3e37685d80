"""Kills that fall where they are aimed: at what a watcher does at the moment, and a receiver that outlives its killers.

A watcher's process writes down, in memory that it shares with its killer, what it is doing. The killer aims at one of
these phases, waits until the process is in it for the so many-th time, and then for a random part of what that phase
took the last time. What is counted is where the process really was when it died.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.alerts.receiver import Receiver

from tiercel.alerts.delivery import Deliverer
from tiercel.alerts.delivery.webhook import Webhook
from tiercel.watch.ledger import Ledger
from tiercel.watch.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PHASES: Final = ("between", "import", "rule", "store", "delivery", "upkeep")
AIMS: Final = ("import", "rule", "store", "delivery", "between")
"""`between` is any moment of a watcher's life, its start among them."""

_PASSES: Final = 12
"""So many passes in which nothing is sent a kill in delivery waits for a message to be on its way."""
_FAILS: Final = 0.05
"""How often the receiver answers that it is down."""

_fork = multiprocessing.get_context("fork")


@dataclass(slots=True)
class Board:
    """What the watched process is doing, how long each phase took the last time, and at what it is aimed."""

    doing: Any = field(default_factory=lambda: _fork.Value("i", 0, lock=False))
    took: Any = field(default_factory=lambda: _fork.Array("d", [1.0] * len(PHASES), lock=False))
    aim: str = "between"
    entries: int = 1
    """The process is to be killed in the phase's so many-th time."""
    sending: bool = False
    reached: tuple[int, int] = field(default_factory=os.pipe)

    @property
    def phase(self) -> str:
        return PHASES[self.doing.value]

    @contextmanager
    def during(self, phase: str) -> Iterator[None]:
        """The phase stands on the board, and the killer is told if it waits for it."""
        number, before = PHASES.index(phase), self.doing.value
        self.doing.value = number
        if phase == self.aim:
            self.entries -= 1
            if self.entries == (-_PASSES if phase == "delivery" else 0):
                os.write(self.reached[1], b".")
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.took[number] = time.perf_counter() - begun
            self.doing.value = before

    def mark(self) -> None:
        """From now on this process writes down what it does."""
        for owner, name, phase in (
            (Watcher, "_take_in", "import"),
            (Watcher, "_hunt", "rule"),
            (Ledger, "record", "store"),
            (Watcher, "_keep_up", "upkeep"),
            (Deliverer, "step", "delivery"),
        ):
            setattr(owner, name, self._marked(getattr(owner, name), phase))
        send = Webhook.send

        def sent(*arguments: Any) -> None:
            if self.aim == "delivery" and self.entries <= 0:
                self.entries = -10 * _PASSES
                os.write(self.reached[1], b".")
            send(*arguments)

        Webhook.send = sent  # type: ignore[method-assign]

    def _marked(self, method: Callable[..., Any], phase: str) -> Callable[..., Any]:
        def marked(*arguments: Any, **named: Any) -> Any:
            with self.during(phase):
                return method(*arguments, **named)

        return marked


def killed(live: Callable[[Board], None], kills: int, *, left: Callable[[], int], seed: int = 1) -> Counter[str]:
    """How many processes died in each phase before one came to its end.

    `live` is run in a process of its own that is killed, again and again; `left` says how many steps are left, so that
    the kills are spread over all of them.
    """
    chance = random.Random(seed)  # noqa: S311  moments to be killed at
    died: Counter[str] = Counter()
    aims = [AIMS[number % len(AIMS)] for number in range(kills)]
    chance.shuffle(aims)
    took: list[float] = []
    for number in range(kills + 1):
        board = Board()
        if took:
            board.took[:] = took
        steps = int(1.9 * left() / (kills + 1 - number))
        board.aim, board.entries = (aims[number] if number < kills else "none"), chance.randint(1, max(1, steps))
        process = _fork.Process(target=_life, args=(live, board))
        begun = time.perf_counter()
        process.start()
        os.close(board.reached[1])
        if number < kills:
            if board.aim == "between":
                a_step = sum(board.took[1:5])
                process.join(chance.uniform(0.1, 0.1 + a_step * board.entries))
            else:
                os.read(board.reached[0], 1)  # empty where the process came to its end before
                time.sleep(chance.uniform(0, board.took[PHASES.index(board.aim)]))
            if process.is_alive():
                os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        os.close(board.reached[0])
        if process.exitcode == 0:
            break
        if process.exitcode != -signal.SIGKILL:
            raise AssertionError(f"a watcher ended with {process.exitcode}")
        died[board.phase] += 1
        took = list(board.took)
        lived = time.perf_counter() - begun
        told = f"kill {died.total()} aimed at {board.aim}, met {board.phase} after {lived:.1f} s; {left()} steps left"
        say_line(told)
    return died


def say_line(line: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _life(live: Callable[[Board], None], board: Board) -> None:
    os.close(board.reached[0])
    board.mark()
    live(board)


class Hook:
    """A webhook's receiver in a process of its own; what it took is in a file, a message a line."""

    def __init__(self, taken: Path) -> None:
        ours, theirs = _fork.Pipe()
        self._process = _fork.Process(target=_receive, args=(taken, theirs), daemon=True)
        self._process.start()
        self.url: str = ours.recv()

    def close(self) -> None:
        self._process.terminate()
        self._process.join()


def _receive(taken: Path, pipe: Any) -> None:
    chance = random.Random(3)  # noqa: S311  which messages are not taken at first
    with taken.open("a") as file, Receiver() as receiver:

        def answer(body: dict[str, Any]) -> int:
            if chance.random() < _FAILS:
                return 503
            alert = body["alert"]
            told = {
                "key": body["key"],
                "kind": body["kind"],
                "alert": alert["id"],
                "device": alert["finding"]["device"],
            }
            file.write(json.dumps(told) + "\n")
            file.flush()
            return 200

        receiver.answers = answer
        receiver.before_answer = lambda: time.sleep(0.01)
        pipe.send(receiver.url)
        while True:
            time.sleep(60)
