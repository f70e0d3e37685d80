"""A fleet's telemetry with attacks in it, written to a folder with its ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

from tiercel.errors import UsageError
from tiercel.simulate.attack import Place, place, tell_attack
from tiercel.simulate.chance import Chance
from tiercel.simulate.fleet import Fleet, build_fleet
from tiercel.simulate.ground_truth import describe
from tiercel.simulate.happenings import Happenings
from tiercel.simulate.intrusion import INTRUSIONS, Intrusion, place_intrusion, tell_intrusion
from tiercel.simulate.noise import tell_noise
from tiercel.simulate.records import defender_tables, write_lake, write_parquet, write_streaming, write_winlogbeat
from tiercel.simulate.scenarios import ALIASES, SCENARIOS
from tiercel.tables.lake import Transaction, is_lake

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
    """What is written: Windows events by Winlogbeat, or Defender's streaming records, Parquet tables or lake."""

    SYSMON = "sysmon"
    DEFENDER = "defender"
    BOTH = "both"
    PARQUET = "parquet"
    LAKE = "lake"


@dataclass(frozen=True, slots=True)
class Written:
    """What a simulation wrote: how many records in which folder, its attacks, and the hosts that manage others."""

    folder: Path
    hosts: int
    records: int
    attacks: tuple[dict[str, Any], ...]
    managers: tuple[dict[str, str], ...] = ()


def find_scenario(name: str) -> Scenario:
    """The scenario of that name or short name.

    Raises:
        UsageError: when there is none; the message says which is meant.

    """
    full = ALIASES.get(name, name)
    if full in SCENARIOS:
        return SCENARIOS[full]
    near = get_close_matches(name, [*SCENARIOS, *ALIASES, *INTRUSIONS], n=1)
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
    plays = [INTRUSIONS.get(name) or find_scenario(name) for name in attacks]
    make_room(out)
    if written_as is Format.LAKE and is_lake(out):
        raise UsageError(f"{out} is a lake already; choose another folder")
    say(f"a fleet of {hosts} hosts")
    fleet = build_fleet(hosts, days, seed, start)
    taken: set[int] = set()
    places: list[tuple[Place, ...]] = []
    for number, play in enumerate(plays):
        chance = Chance(seed, "attack", number)
        if isinstance(play, Intrusion):
            where = place_intrusion(play, fleet, chance, taken)
        else:
            placed = place(play, fleet, chance, taken)
            where = (placed[0],) if placed else None
            fleet = placed[1] if placed else fleet
        if where is None:
            kind = f"no {len(play.scenarios) + 1}" if isinstance(play, Intrusion) else "no two"
            raise UsageError(f"a fleet of {hosts} hosts has {kind} left for {play.name}; ask for more --hosts")
        places.append(where)
    happenings = Happenings()
    truths: list[dict[str, Any]] = []
    sources = sources_of(written_as)
    for number, (play, where) in enumerate(zip(plays, places, strict=True)):
        chance = Chance(seed, "attack", number)
        if isinstance(play, Intrusion):
            truths += tell_intrusion(play, where, fleet, chance=chance, into=happenings, sources=sources)
        else:
            told = tell_attack(play, where[0], fleet, chance=chance, into=happenings)
            truths.append(describe(play, where[0], told, fleet, sources=sources))
    say("its days")
    tell_noise(fleet, Chance(seed, "noise"), happenings, managed=managed)
    say("its records")
    records = _write_parts(happenings, fleet, Chance(seed, "records"), out, written_as=written_as)
    managers = _managers(fleet) if managed else ()
    _write_truth(out, seed, fleet, truths, managers)
    return Written(out, hosts, records, tuple(truths), managers)


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
        Format.LAKE: frozenset({"defender"}),
        Format.BOTH: frozenset({"windows", "defender"}),
    }[written_as]


_HOSTS_A_PART = {
    Format.SYSMON: 200,
    Format.DEFENDER: 500,
    Format.BOTH: 200,
    Format.PARQUET: 1_000,
    Format.LAKE: 1_000,
}
"""How many hosts a file holds: what is sorted and written at once bounds the memory that writing takes."""


def _write_parts(happenings: Happenings, fleet: Fleet, chance: Chance, out: Path, *, written_as: Format) -> int:
    """How many records were written, all hosts of a fleet, so many hosts a file."""
    size = _HOSTS_A_PART[written_as]
    shares = happenings.split([uptime.host // size for uptime in fleet.times])
    parts = [range(first, min(first + size, len(fleet.plans))) for first in range(0, len(fleet.plans), size)]
    if written_as is Format.LAKE:
        with Transaction.begin(out) as transaction:
            written = sum(
                write_lake(defender_tables(shares.pop(part, Happenings()), fleet, hosts), transaction, part)
                for part, hosts in enumerate(parts)
            )
            transaction.commit()
        return written
    written = 0
    for part, hosts in enumerate(parts):
        share = shares.pop(part, Happenings())
        written += write_records(share, fleet, chance, out, written_as=written_as, hosts=hosts, part=part)
    return written


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
    """How many records of these hosts were written below `out`, in any format but a lake's."""
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


_MANAGING = {
    "monitoring": "queries WMI and the service manager of every server, and starts inventory.cmd through WMI",
    "deployment": "copies a runner to hosts, installs it as a service over TCP and starts it",
}


def _managers(fleet: Fleet) -> tuple[dict[str, str], ...]:
    """The hosts whose remote execution is wanted: what they are, and what they do."""
    return tuple(
        {"device": plan.fqdn, "ip": plan.ip, "role": plan.role, "does": _MANAGING[plan.role]}
        for plan in fleet.plans
        if plan.role in _MANAGING
    )


def _write_truth(
    out: Path, seed: int, fleet: Fleet, truths: list[dict[str, Any]], managers: tuple[dict[str, str], ...]
) -> None:
    document = {
        "seed": seed,
        "hosts": len(fleet.plans),
        "start": datetime.fromtimestamp(fleet.start / 1e6, UTC).isoformat(),
        "end": datetime.fromtimestamp(fleet.end / 1e6, UTC).isoformat(),
        "attacks": truths,
        "management": managers,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "ground-truth.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
