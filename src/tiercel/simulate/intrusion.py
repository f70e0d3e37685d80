"""An intrusion: several scenarios in a row, each played from the host that the one before reached.

What the tool of a later hop runs in was left there by the hop before: an implant that the attack's own child started.
From the second hop on it acts with the account of whoever is logged on at the first host that was reached.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tiercel.simulate.attack import Place, place, tell_attack
from tiercel.simulate.fleet import SECOND
from tiercel.simulate.ground_truth import describe
from tiercel.simulate.scenarios import SCENARIOS
from tiercel.simulate.scenarios.parts import POWERSHELL
from tiercel.simulate.story import LogOn, Start, Story

if TYPE_CHECKING:
    from tiercel.simulate.chance import Chance
    from tiercel.simulate.fleet import Fleet
    from tiercel.simulate.happenings import Happenings
    from tiercel.simulate.scenario import Scenario
    from tiercel.simulate.telling import Process

__all__ = ["INTRUSIONS", "Intrusion", "place_intrusion", "tell_intrusion"]

_PAUSE: Final = (300, 900)
"""Seconds from one hop to the next."""

_LENGTH: Final = 900 * SECOND

_IMPLANT: Final = Start(
    label="implant",
    image=POWERSHELL,
    command_line=f'"{POWERSHELL}" -NoProfile -File C:\\ProgramData\\sync{{number}}.ps1',
    parent="child",
    since="child",
    after=(0.05, 0.2),
    lasts=(3_000, 3_600),
)
"""What a hop leaves on its target, for the next one to work from."""


@dataclass(frozen=True, slots=True)
class Intrusion:
    """A movement over several hosts: its scenarios in their order."""

    name: str
    title: str
    description: str
    scenarios: tuple[str, ...]


INTRUSIONS: Final = {
    each.name: each
    for each in (
        Intrusion(
            "intrusion",
            "Three hops: DCOM, WMI, a service over TCP",
            "From a workstation to a second over DCOM, from there to a third over WMI with the account found on the "
            "second, from there to a fourth as a service.",
            ("dcom-mmc20", "wmi-process", "scm-tcp"),
        ),
    )
}
"""Every intrusion by its name."""


def place_intrusion(intrusion: Intrusion, fleet: Fleet, chance: Chance, taken: set[int]) -> tuple[Place, ...] | None:
    """A place for each hop, each one's source being the target of the one before; None when the fleet is too small."""
    first = place(_told(intrusion, 0), fleet, chance, taken)
    if first is None:
        return None
    places = [first[0]]
    draw = chance.named("intrusion", intrusion.name).scalars()
    for number in range(1, len(intrusion.scenarios)):
        source = places[-1].actors["target"]
        begins = places[-1].begins + round(draw.uniform(*_PAUSE) * SECOND)
        targets = [
            row
            for row in fleet.of_role(*_told(intrusion, number).target_roles)
            if fleet.times[row].host not in taken
            and fleet.times[row].boot + _LENGTH <= begins <= fleet.times[row].end - _LENGTH
        ]
        if not targets or begins > fleet.times[source].end - _LENGTH:
            return None
        target = draw.choice(targets)
        taken.add(fleet.times[target].host)
        places.append(Place({"target": target, "source": source}, begins))
    return tuple(places)


def tell_intrusion(
    intrusion: Intrusion,
    places: tuple[Place, ...],
    fleet: Fleet,
    *,
    chance: Chance,
    into: Happenings,
    sources: frozenset[str],
) -> list[dict[str, Any]]:
    """The hops told in their order; the ground truth of each, with the intrusion's name and the hop's number."""
    truths = []
    implant: Process | None = None
    caller: tuple[Any, Any] | None = None
    for number, where in enumerate(places):
        scenario = _told(intrusion, number)
        if number == 1:
            rows = [where.actors["source"]]
            caller = fleet.column("user", rows), fleet.column("user_sid", rows)
        told = tell_attack(
            scenario,
            where,
            fleet,
            chance=chance.named("hop", number),
            into=into,
            known={"foothold": implant} if implant else {},
            caller=caller,
        )
        implant = told.processes.get("implant")
        truth = describe(scenario, where, told, fleet, sources=sources)
        session = next(step for step in scenario.story.steps if isinstance(step, LogOn) and step.label == "session")
        account = told.sessions[session.label]
        truths.append(
            truth
            | {
                "intrusion": intrusion.name,
                "hop": number + 1,
                "account": f"{account.domain}\\{account.user.to_pylist()[0]}",
            }
        )
    return truths


def _told(intrusion: Intrusion, number: int) -> Scenario:
    """The scenario of a hop: it leaves an implant unless it is the last, and from the second on it comes out of one."""
    scenario = SCENARIOS[intrusion.scenarios[number]]
    steps = scenario.story.steps
    if number + 1 < len(intrusion.scenarios):
        steps = (*steps, _IMPLANT)
    story = Story(f"{scenario.story.name} of {intrusion.name}", steps)
    if number:
        story = story.changed({"tool": {"parent": "foothold"}})
    return replace(scenario, story=story)
