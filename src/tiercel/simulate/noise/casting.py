"""When and where noise happens: a rate, turned into the cast of a story."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tiercel.simulate.fleet import SECOND, Fleet
from tiercel.simulate.telling import Cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiercel.simulate.chance import Chance
    from tiercel.simulate.story import Story

__all__ = ["Noise", "cast_noise"]

_DAY = 86_400 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """A story that happens by itself.

    `driver` is the actor on whose host the rate counts: `per_day` times in 24 hours of being switched on, or
    `per_fleet` times a day in the whole fleet if that is more. `roles` are the driver's; `others` gives the roles
    that play the other actors. `when` is `any` time, `desk` (office hours of a logged-on user), or once after `boot`
    or `log-on`.
    """

    story: Story
    roles: tuple[str, ...]
    per_day: float = 0.0
    per_fleet: float = 0.0
    when: str = "any"
    driver: str = "target"
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    account: tuple[str, str] | None = None
    management: bool = False


@dataclass(frozen=True, slots=True)
class _Shift:
    """A stretch of time in which noise may happen in one uptime."""

    uptime: int
    begin: int
    end: int


def cast_noise(noise: Noise, fleet: Fleet, chance: Chance) -> Cast | None:
    """The cast of a noise over the whole fleet, or None when it has nobody to play it or nothing to play."""
    shifts = _shifts(noise, fleet)
    stream = chance.named(noise.story.name)
    if noise.when in {"boot", "log-on"}:
        drivers, begins = [shift.uptime for shift in shifts], [shift.begin for shift in shifts]
    else:
        drivers, begins = _occurrences(noise, shifts, fleet, stream)
    n = len(drivers)
    actors = {noise.driver: pa.array(drivers, pa.int32())}
    for name, roles in noise.others.items():
        uptimes = fleet.of_role(*roles)
        if not uptimes:
            return None
        actors[name] = pa.array(uptimes, pa.int32()).take(stream.named(name).whole(n, 0, len(uptimes) - 1))
    if not n:
        return None
    texts: dict[str, Any] = {name: stream.named(name).pick(n, values) for name, values in noise.texts.items()}
    texts["number"] = stream.named("number").whole(n, 1_000, 9_999).cast(pa.string())
    caller = None
    if noise.account:
        caller = (noise.account[0], noise.account[1])
    return Cast(pa.array(begins, pa.int64()), actors, texts, caller)


def _shifts(noise: Noise, fleet: Fleet) -> list[_Shift]:
    """The stretches in which the noise may happen, one or more an uptime."""
    columns = {name: fleet.uptimes.column(name).to_pylist() for name in ("boot", "end", "logged_on")}
    shifts = []
    for uptime in fleet.of_role(*noise.roles):
        boot, end, logged_on = (columns[name][uptime] for name in ("boot", "end", "logged_on"))
        match noise.when:
            case "boot" if boot >= fleet.start:
                shifts.append(_Shift(uptime, boot, end))
            case "log-on" if logged_on >= fleet.start:
                shifts.append(_Shift(uptime, logged_on, end))
            case "desk" if logged_on:
                shifts.extend(_desk_hours(uptime, logged_on, end, fleet))
            case "any":
                shifts.append(_Shift(uptime, max(boot + 60 * SECOND, fleet.start), end))
            case _:
                pass
    return [shift for shift in shifts if shift.end > shift.begin]


def _desk_hours(uptime: int, logged_on: int, end: int, fleet: Fleet) -> list[_Shift]:
    """Half past seven to half past six of each day, as far as somebody is logged on."""
    hours = []
    for midnight in range(fleet.start - fleet.start % _DAY, fleet.end, _DAY):
        begin, until = midnight + 27_000 * SECOND, midnight + 66_600 * SECOND
        hours.append(_Shift(uptime, max(begin, fleet.start, logged_on + 90 * SECOND), min(until, end)))
    return hours


def _occurrences(noise: Noise, shifts: list[_Shift], fleet: Fleet, chance: Chance) -> tuple[list[int], list[int]]:
    """Uptime and beginning of every occurrence: as many as the rate says, rounded by chance, spread over each shift."""
    length = sum(shift.end - shift.begin for shift in shifts)
    if not length:
        return [], []
    rate = noise.per_day / _DAY
    if noise.per_fleet:
        rate = max(rate, noise.per_fleet * ((fleet.end - fleet.start) / _DAY) / length)
    rounding = chance.uniform(len(shifts)).to_pylist()
    counts = [int((shift.end - shift.begin) * rate + extra) for shift, extra in zip(shifts, rounding, strict=True)]
    index = pa.array([i for i, count in enumerate(counts) for _ in range(count)], pa.int64())
    begin = pa.array([shift.begin for shift in shifts], pa.int64()).take(index)
    span = pa.array([shift.end - shift.begin for shift in shifts], pa.float64()).take(index)
    offset = pc.cast(pc.floor(pc.multiply(chance.uniform(len(index)), span)), pa.int64())
    drivers = pa.array([shift.uptime for shift in shifts], pa.int64()).take(index)
    return drivers.to_pylist(), pc.add(begin, offset).to_pylist()
