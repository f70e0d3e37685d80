"""A folder of JSON files, one a message, each there whole or not at all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiercel.alerts.delivery.target import DeliveryError

if TYPE_CHECKING:
    from pathlib import Path

    from tiercel.alerts.outbox import Message

__all__ = ["Folder"]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder. A file's name is the message's number and key: sorted names are in order, a repeat is the same file."""

    path: Path

    def send(self, message: Message) -> None:
        """Write the message's file."""
        name = f"{message.sequence:012d}-{message.key}.json"
        staged = self.path / f".{name}.tmp"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with staged.open("wb") as file:
                file.write(message.body.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            staged.replace(self.path / name)
            _sync(self.path)
        except OSError as error:
            raise DeliveryError(f"{self.path}: {error.strerror or error}") from error

    def close(self) -> None:
        """There is nothing to let go of."""


def _sync(folder: Path) -> None:
    """Make the new name last through a loss of power, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
