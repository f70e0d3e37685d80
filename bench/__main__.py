"""Runs the measurements in order, or those that are named, and ends with 1 when a bound is missed."""

from __future__ import annotations

import importlib
import platform
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.result import Result

BENCHES: Final = (
    "hunting",
    "importing",
    "parsing",
    "lake",
    "scaling",
    "growth",
    "catalogue",
    "rivals",
    "cluster",
    "report",
)
"""Every measurement, in the order in which they run: a module of this package with `run`."""


def main(arguments: list[str]) -> int:
    """Print each result as it comes."""
    if "--forget" in arguments:
        importlib.import_module("bench.fleet").forget()
        return 0
    unknown = [name for name in arguments if name not in BENCHES]
    if unknown:
        print(f"there is no measurement {', '.join(unknown)}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()} {platform.release()}")
    kept = True
    for name in arguments or BENCHES:
        print(f"\n{name}")
        run: Callable[[], Iterator[Result]] = importlib.import_module(f"bench.{name}").run
        for result in run():
            print(f"  {result}", flush=True)
            kept = kept and result.kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
