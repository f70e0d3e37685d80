"""A fleet's telemetry with attacks in it, written to a folder with its ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

from tiercel.errors import UsageError
from tiercel.simulate.attack import place, tell_attack
from tiercel.simulate.chance import Chance
from tiercel.simulate.fleet import Fleet, build_fleet
from tiercel.simulate.ground_truth import describe
from tiercel.simulate.happenings import Happenings
from tiercel.simulate.noise import tell_noise
from tiercel.simulate.records import defender_tables, write_parquet, write_streaming, write_winlogbeat
from tiercel.simulate.scenarios import ALIASES, SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tiercel.simulate.scenario import Scenario

__all__ = [
    "DEFAULT_START",
    "Format",
    "Written",
    "find_scenario",
    "make_room",
    "simulate",
    "sources_of",
    "write_records",
]

DEFAULT_START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday. Fixed, so that the same seed gives the same bytes on any day."""


class Format(StrEnum):
    """What is written: Windows events by Winlogbeat, Defender's streaming records, or its tables as Parquet."""

    SYSMON = "sysmon"
    DEFENDER = "defender"
    BOTH = "both"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Written:
    """What a simulation wrote: how many records in which folder, and the attacks in it."""

    folder: Path
    hosts: int
    records: int
    attacks: tuple[dict[str, Any], ...]


def find_scenario(name: str) -> Scenario:
    """The scenario of that name or short name.

    Raises:
        UsageError: when there is none; the message says which is meant.

    """
    full = ALIASES.get(name, name)
    if full in SCENARIOS:
        return SCENARIOS[full]
    near = get_close_matches(name, [*SCENARIOS, *ALIASES], n=1)
    hint = f"did you mean {near[0]}?" if near else "`tiercel simulate --list` names them all"
    raise UsageError(f"there is no scenario {name}; {hint}")


def simulate(
    out: Path,
    *,
    hosts: int = 50,
    days: int = 1,
    seed: int = 7,
    attacks: Sequence[str] = (),
    written_as: Format = Format.SYSMON,
    managed: bool = False,
    start: datetime = DEFAULT_START,
    progress: Callable[[str], None] | None = None,
) -> Written:
    """A fleet's days written to `out`: its records, and ground-truth.json. The same arguments give the same bytes.

    Raises:
        UsageError: for an unknown scenario, too many attacks for the fleet, or a folder with other files in it.

    """
    say = progress or (lambda _: None)
    scenarios = [find_scenario(name) for name in attacks]
    make_room(out)
    say(f"a fleet of {hosts} hosts")
    fleet = build_fleet(hosts, days, seed, start)
    taken: set[int] = set()
    places = []
    for number, scenario in enumerate(scenarios):
        placed = place(scenario, fleet, Chance(seed, "attack", number), taken)
        if placed is None:
            message = f"a fleet of {hosts} hosts has no two left for {scenario.name}; ask for more --hosts"
            raise UsageError(message)
        where, fleet = placed
        places.append(where)
    happenings = Happenings()
    truths = []
    for number, (scenario, where) in enumerate(zip(scenarios, places, strict=True)):
        told = tell_attack(scenario, where, fleet, chance=Chance(seed, "attack", number), into=happenings)
        truths.append(describe(scenario, where, told, fleet, sources=sources_of(written_as)))
    say("its days")
    tell_noise(fleet, Chance(seed, "noise"), happenings, managed=managed)
    say("its records")
    records = _write_parts(happenings, fleet, Chance(seed, "records"), out, written_as=written_as)
    _write_truth(out, seed, hosts, fleet, truths)
    return Written(out, hosts, records, tuple(truths))


_OURS = ("ground-truth.json", "winlogbeat/*.ndjson", "defender/*.jsonl", "Device*/day=*/part-*.parquet")


def make_room(out: Path) -> None:
    """Remove what an earlier simulation wrote to the folder, and nothing else: two fleets in one folder would be mixed.

    Raises:
        UsageError: when the folder holds files and no ground-truth.json.

    """
    if out.exists() and any(out.iterdir()) and not (out / "ground-truth.json").exists():
        raise UsageError(f"{out} is not empty and no simulation wrote it; choose another folder")
    for pattern in _OURS:
        for path in out.glob(pattern):
            path.unlink()


def sources_of(written_as: Format) -> frozenset[str]:
    """Which sources a format holds: `windows`, `defender` or both."""
    return {
        Format.SYSMON: frozenset({"windows"}),
        Format.DEFENDER: frozenset({"defender"}),
        Format.PARQUET: frozenset({"defender"}),
        Format.BOTH: frozenset({"windows", "defender"}),
    }[written_as]


_HOSTS_A_PART = {Format.SYSMON: 200, Format.DEFENDER: 500, Format.BOTH: 200, Format.PARQUET: 1_000}
"""How many hosts a file holds: what is sorted and written at once bounds the memory that writing takes."""


def _write_parts(happenings: Happenings, fleet: Fleet, chance: Chance, out: Path, *, written_as: Format) -> int:
    """How many records were written, all hosts of a fleet, so many hosts a file."""
    size = _HOSTS_A_PART[written_as]
    parts = range((len(fleet.plans) + size - 1) // size)
    shares = happenings.split([uptime.host // size for uptime in fleet.times])
    return sum(
        write_records(
            shares.pop(part, Happenings()),
            fleet,
            chance,
            out,
            written_as=written_as,
            hosts=range(part * size, min((part + 1) * size, len(fleet.plans))),
            part=part,
        )
        for part in parts
    )


def write_records(
    happenings: Happenings,
    fleet: Fleet,
    chance: Chance,
    out: Path,
    *,
    written_as: Format,
    hosts: Sequence[int],
    part: int = 0,
) -> int:
    """How many records of these hosts were written below `out`, in the given format."""
    records = 0
    if written_as in {Format.SYSMON, Format.BOTH}:
        path = out / "winlogbeat" / f"winlogbeat-{part:03d}.ndjson"
        records += write_winlogbeat(happenings, fleet, chance.named("winlogbeat", part), path)
    if written_as in {Format.DEFENDER, Format.BOTH}:
        tables = defender_tables(happenings, fleet, hosts)
        records += write_streaming(tables, chance.named("streaming", part), out / "defender", part)
    if written_as is Format.PARQUET:
        records += write_parquet(defender_tables(happenings, fleet, hosts), out, part)
    return records


def _write_truth(out: Path, seed: int, hosts: int, fleet: Fleet, truths: list[dict[str, Any]]) -> None:
    document = {
        "seed": seed,
        "hosts": hosts,
        "start": datetime.fromtimestamp(fleet.start / 1e6, UTC).isoformat(),
        "end": datetime.fromtimestamp(fleet.end / 1e6, UTC).isoformat(),
        "attacks": truths,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "ground-truth.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
