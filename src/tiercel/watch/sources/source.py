"""What every source offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tiercel.errors import Issue
    from tiercel.tables.lake import Reached
    from tiercel.telemetry.inputs import Piece

__all__ = ["Source", "Taken"]


@dataclass(slots=True)
class Taken:
    """What a source has that the lake does not know yet.

    `files` are to be imported; those that are copied pieces of others are named in `pieces`. `reached` is committed
    with their rows. `is_behind` says that more is waiting.
    """

    files: list[Path] = field(default_factory=list)
    pieces: dict[Path, Piece] = field(default_factory=dict)
    reached: list[Reached] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    bytes: int = 0
    is_behind: bool = False


class Source(Protocol):
    """Reads on from where the lake says."""

    @property
    def name(self) -> str:
        """What the lake keeps the source's offsets under."""
        ...

    def take(self, known: Mapping[str, str], folder: Path, room: int) -> Taken:
        """What is new.

        Args:
            known: how far each item was read, as earlier `Taken.reached` told.
            folder: where copied pieces may be written; they are deleted after the import.
            room: take about so many bytes at most.

        """
        ...

    def again(self) -> None:
        """What was taken last was not imported: take it once more."""
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...
