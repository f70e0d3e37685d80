"""The result that a command is asked about: one that was saved, or that of a hunt made now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tiercel.cli.progress import progress_shown
from tiercel.errors import UsageError
from tiercel.hunt import hunt
from tiercel.saved import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tiercel.hunt import Result
    from tiercel.tables.places import Place

__all__ = ["given_result"]

_BEGINNINGS = (b'{"kind":"tiercel result"', b'{"id":"')
"""How a file begins that `hunt --save` or `hunt --out result.jsonl` wrote."""


def given_result(
    paths: Sequence[Place], saved: Path | None, rules: Sequence[Path], as_of: datetime | None
) -> tuple[Result, bool]:
    """The result, and whether it was saved: that of `--result`, of a path that is a saved result, else of a hunt."""
    if saved is not None:
        if paths:
            raise UsageError("name a saved result with --result, or telemetry to hunt; not both")
        return load(saved).result, True
    if not paths:
        raise UsageError("name a saved result with --result FILE, or telemetry to hunt")
    only = paths[0] if len(paths) == 1 else None
    if isinstance(only, Path) and _is_saved(only):
        return load(only).result, True
    with progress_shown() as progress:
        return hunt(paths, rules or None, as_of=as_of, progress=progress), False


def _is_saved(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(64).startswith(_BEGINNINGS)
