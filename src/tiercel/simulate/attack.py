"""A scenario placed in a fleet: who attacks whom, when; told, with its ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tiercel.simulate.fleet import SECOND, Fleet
from tiercel.simulate.telling import Cast, Telling, tell

if TYPE_CHECKING:
    from tiercel.simulate.chance import Chance
    from tiercel.simulate.happenings import Happenings
    from tiercel.simulate.scenario import Scenario

__all__ = ["Place", "place", "tell_attack"]

_NINE, _FOUR = 9 * 3600 * SECOND, 16 * 3600 * SECOND
_DAY = 86_400 * SECOND


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a scenario is played: an uptime per actor, and the time it begins."""

    actors: dict[str, int]
    begins: int


def place(scenario: Scenario, fleet: Fleet, chance: Chance, taken: set[int]) -> Place | None:
    """A place for the scenario on hosts that no other scenario uses, or None when the fleet has none.

    The target is up and somebody is at its desk; the source is another workstation with a user. It begins between
    nine and four, and at least ten minutes after either was switched on.
    """
    draw = chance.named("place", scenario.name).scalars()
    uptime = {name: fleet.uptimes.column(name).to_pylist() for name in ("host", "boot", "end", "logged_on")}
    candidates = [u for u in fleet.of_role(*scenario.target_roles) if uptime["host"][u] not in taken]
    sources = [u for u in fleet.of_role("workstation") if uptime["host"][u] not in taken and uptime["logged_on"][u]]
    controllers = fleet.of_role("dc")
    draw.shuffle(candidates)
    draw.shuffle(sources)
    for target in candidates:
        for source in sources:
            if uptime["host"][target] == uptime["host"][source]:
                continue
            switched_on = max(uptime["boot"][u] + 600 * SECOND for u in (target, source))
            hours = [
                (
                    max(midnight + _NINE, switched_on),
                    min(midnight + _FOUR, uptime["end"][target], uptime["end"][source]),
                )
                for midnight in range(fleet.start - fleet.start % _DAY, fleet.end, _DAY)
            ]
            open_hours = [(low, high) for low, high in hours if high - low > 1800 * SECOND]
            if open_hours:
                low, high = draw.choice(open_hours)
                taken.update((uptime["host"][target], uptime["host"][source]))
                begins = draw.randrange(low, high - 900 * SECOND)
                return Place(
                    {"target": target, "source": source, **({"dc": controllers[0]} if controllers else {})}, begins
                )
    return None


def tell_attack(
    scenario: Scenario, where: Place, fleet: Fleet, *, chance: Chance, into: Happenings, family: str = "ip"
) -> Telling:
    """The scenario told once, at its place, over addresses of the family (`ip` or `ipv6`)."""
    actors: dict[str, Any] = {name: pa.array([uptime], pa.int32()) for name, uptime in where.actors.items()}
    texts = {"number": chance.named("number", scenario.name).whole(1, 1_000, 9_999).cast(pa.string())}
    cast = Cast(pa.array([where.begins], pa.int64()), actors, texts, None, family)
    return tell(scenario.story, cast, fleet, chance.named("attack", where.begins), into)
