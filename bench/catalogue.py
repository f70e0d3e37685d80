"""All shipped rules in one hunt, beside the slowest of them alone, over the same lake of 100 million network events.

What follows a hunt (who called, and what came after) is left out on both sides. TIERCEL_BENCH_LARGEST sets another
size.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from bench import fleet
from bench.result import Result
from tiercel.hunt import choose_rules, hunt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tiercel.rules import Rule

MEMORY: Final = 2_000_000_000


def run() -> Iterator[Result]:
    """Each rule alone, then all of them."""
    lake = fleet.lake_of(fleet.LARGEST)
    rules = choose_rules(None).rules
    alone = {}
    found = []
    for rule in rules:
        alone[rule.id], ids = _hunted(lake, [rule])
        found += ids
        yield Result(f"{rule.id} alone", alone[rule.id], "s", note=f"{len(ids)} findings")
    together, ids = _hunted(lake, rules)
    if not set(ids) <= set(found):
        raise RuntimeError("the rules together found what no rule found alone")
    slowest = max(alone, key=lambda name: alone[name])
    note = f"{together:.1f} s; one after the other {sum(alone.values()):.1f} s"
    name = f"all {len(rules)} rules over {fleet.LARGEST / 1e6:g} M rows, to {slowest}"
    yield Result(name, together / alone[slowest], "x", 3, note=note)


def _hunted(lake: Path, rules: Sequence[Rule]) -> tuple[float, list[str]]:
    """How long a hunt with these rules took, and the rules and targets of its findings."""
    begun = time.perf_counter()
    result = hunt(lake, rules, memory_bytes=MEMORY, attribution=False)
    taken = time.perf_counter() - begun
    if result.rules_failed:
        raise RuntimeError(str(result.rules_failed))
    return taken, [f"{one.rule_id} {one.id}" for one in result.findings]
