"""A scenario placed in a fleet: who attacks whom, when; told once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tiercel.simulate.fleet import SECOND
from tiercel.simulate.telling import Cast, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiercel.simulate.chance import Chance
    from tiercel.simulate.fleet import Fleet
    from tiercel.simulate.happenings import Happenings
    from tiercel.simulate.scenario import Scenario
    from tiercel.simulate.telling import Process, Telling

__all__ = ["Place", "place", "tell_attack"]

_NINE, _FOUR = 9 * 3600 * SECOND, 16 * 3600 * SECOND
_DAY = 86_400 * SECOND
_SETTLED = 600 * SECOND
_LENGTH = 900 * SECOND


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a scenario is played: an uptime per actor, the time it begins, and how its addresses look.

    `nat` gives the address under which an actor's connections arrive, where that is not its own.
    """

    actors: Mapping[str, int]
    begins: int
    family: str = "ip"
    nat: Mapping[str, str] = field(default_factory=dict)


def place(scenario: Scenario, fleet: Fleet, chance: Chance, taken: set[int]) -> tuple[Place, Fleet] | None:
    """A place for the scenario on hosts that no other one uses, and the fleet, rebooted there if the scenario says so.

    The source is a workstation with a user; both hosts have been up for ten minutes, and it is between nine and four,
    unless the scenario begins at a boot. None when the fleet has no such pair of hosts left.
    """
    draw = chance.named("place", scenario.name).scalars()
    times = fleet.times
    targets = [row for row in fleet.of_role(*scenario.target_roles) if times[row].host not in taken]
    sources = [row for row in fleet.of_role("workstation") if times[row].host not in taken and times[row].logged_on]
    draw.shuffle(targets)
    draw.shuffle(sources)
    for target in targets:
        for source in sources:
            hours = _hours(scenario, target, source, fleet) if times[target].host != times[source].host else []
            if hours:
                low, high = draw.choice(hours)
                begins = draw.randrange(low, high + 1)
                taken.update((times[target].host, times[source].host))
                return _settled(scenario, {"target": target, "source": source}, begins, fleet)
    return None


def _hours(scenario: Scenario, target: int, source: int, fleet: Fleet) -> list[tuple[int, int]]:
    """The stretches of time in which the scenario may begin."""
    here, there = fleet.times[target], fleet.times[source]
    last = min(here.end, there.end) - _LENGTH - round((scenario.reboots or 0) * SECOND)
    if scenario.after_boot is not None:
        begins = here.boot + round(scenario.after_boot * SECOND)
        inside = here.boot >= fleet.start and there.boot + _SETTLED <= begins <= last
        return [(begins, begins)] if inside else []
    settled = max(here.boot, there.boot) + _SETTLED
    midnights = range(fleet.start - fleet.start % _DAY, fleet.end, _DAY)
    hours = [
        (max(midnight + _NINE, settled, fleet.start), min(midnight + _FOUR, last, fleet.end)) for midnight in midnights
    ]
    return [(low, high) for low, high in hours if high - low > _LENGTH]


def _settled(scenario: Scenario, actors: dict[str, int], begins: int, fleet: Fleet) -> tuple[Place, Fleet]:
    """The place, and the fleet with the target's reboot in it."""
    if scenario.reboots is None:
        return Place(actors, begins), fleet
    rebooted = fleet.rebooted(actors["target"], begins + round(scenario.reboots * SECOND))
    return Place(actors | {"rebooted": len(rebooted.times) - 1}, begins), rebooted


def tell_attack(
    scenario: Scenario,
    where: Place,
    fleet: Fleet,
    *,
    chance: Chance,
    into: Happenings,
    known: Mapping[str, Process] | None = None,
    caller: tuple[Any, Any] | None = None,
) -> Telling:
    """The scenario told once, at its place.

    `known` are processes of earlier stories that this one's steps name; `caller` is the acting account as (name, SID)
    columns, by default the user at the source's desktop.
    """
    actors: dict[str, Any] = {name: pa.array([uptime], pa.int32()) for name, uptime in where.actors.items()}
    texts = {"number": chance.named("number", scenario.name).whole(1, 1_000, 9_999).cast(pa.string())}
    moments = {}
    if "rebooted" in actors:
        moments["boot"] = fleet.column("boot", actors["rebooted"])
    cast = Cast(pa.array([where.begins], pa.int64()), actors, texts, caller, where.family, moments, where.nat)
    return tell(scenario.story, cast, fleet, chance.named("attack", where.begins), into, known=known)
