"""Runs the measurements in order, or those that are named, and ends with 1 when a bound is missed."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

from bench import hunting, lake, parsing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.result import Result

BENCHES: dict[str, Callable[[], Iterator[Result]]] = {
    "hunting": hunting.run,
    "parsing": parsing.run,
    "lake": lake.run,
}
"""Every measurement by name, in the order in which they run."""


def main(names: list[str]) -> int:
    """Print each result as it comes."""
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()} {platform.release()}")
    kept = True
    for name, run in BENCHES.items():
        if names and name not in names:
            continue
        print(f"\n{name}")
        for result in run():
            print(f"  {result}", flush=True)
            kept = kept and result.kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
