"""Every scenario in every variant, each on hosts of its own in one fleet, written to a folder of its own.

One fleet, because its noise is told once for all. The domain's controllers and servers are shared: they are written to
the folder `domain`. Hosts have names of their own in each combination, so that all folders can be hunted at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from tiercel.errors import UsageError
from tiercel.simulate.attack import Place, tell_attack
from tiercel.simulate.chance import Chance
from tiercel.simulate.fleet import SECOND, Fleet, HostPlan, Senses, Uptime, lay_out
from tiercel.simulate.ground_truth import describe
from tiercel.simulate.happenings import Happenings
from tiercel.simulate.noise import tell_noise
from tiercel.simulate.scenario import Kept, Scenario, Variant, varied
from tiercel.simulate.scenarios import SCENARIOS
from tiercel.simulate.scenarios.bystander import BYSTANDER
from tiercel.simulate.simulation import Format, Written, make_room, sources_of, write_records
from tiercel.simulate.variants import variants_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

__all__ = ["Combination", "combinations", "write_matrix"]

_BEGIN = round(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp()) * SECOND
_END = _BEGIN + 7200 * SECOND
_ATTACK = _BEGIN + 3000 * SECOND
_DAYS_AGO = 3 * 86_400 * SECOND
_GATEWAY = {"ip": "10.20.250.1", "ipv6": "fd00:20::fa:1"}
_SHARED = (("DC01", "dc"), ("DC02", "dc"), ("FS01", "files"), ("PRN01", "print"), ("MON01", "monitoring"))
_NO_SENSES = {"sysmon": False, "security": False, "defender": False}
_KEPT: dict[Kept, dict[str, bool]] = {
    Kept.BOTH: {"sysmon": True, "security": True},
    Kept.SYSMON: {"sysmon": True},
    Kept.SECURITY: {"security": True},
    Kept.BARE_SECURITY: {"security": True, "bare": True},
    Kept.DEFENDER: {"defender": True},
}


@dataclass(frozen=True, slots=True)
class Combination:
    """A scenario in a variant, and where its hosts stand in the matrix's fleet."""

    number: int
    scenario: Scenario
    variant: Variant

    @property
    def folder(self) -> str:
        """Its folder below the matrix's."""
        return f"{self.scenario.name}/{self.variant.name}"

    @property
    def told(self) -> Scenario:
        """The scenario as this variant tells it."""
        return varied(self.scenario, self.variant)


def combinations(
    scenarios: Sequence[Scenario] | None = None, variants: Collection[str] | None = None
) -> list[Combination]:
    """Every scenario with every variant, in order; only the given ones, and only variants of these names, if any."""
    pairs = [
        (scenario, variant)
        for scenario in scenarios or SCENARIOS.values()
        for variant in variants_of(scenario)
        if not variants or variant.name in variants
    ]
    return [Combination(number, scenario, variant) for number, (scenario, variant) in enumerate(pairs)]


@dataclass
class _Layout:
    """The matrix's fleet in the making: hosts, uptimes, and a place for each combination."""

    plans: list[HostPlan]
    uptimes: list[Uptime]
    places: list[Place]
    owners: list[int]

    def host(self, plan: HostPlan, times: Sequence[tuple[int, int, int]], owner: int) -> list[int]:
        """Add a host with its uptimes (boot, end, log-on); which rows these are."""
        self.plans.append(plan)
        rows = []
        for boot, end, logged_on in times:
            rows.append(len(self.uptimes))
            self.uptimes.append(Uptime(len(self.plans) - 1, boot, end, logged_on))
            self.owners.append(owner)
        return rows


def _lay_out(combined: Sequence[Combination], seed: int) -> tuple[Fleet, _Layout]:
    """The fleet of all combinations: first the shared servers, then two to three hosts each."""
    layout = _Layout([], [], [], [])
    for number, (name, role) in enumerate(_SHARED):
        plan = HostPlan(name, role, f"10.20.0.{number + 10}", f"fd00:20::{number + 10:x}")
        layout.host(plan, [(_BEGIN - 9 * _DAYS_AGO, _END, 0)], -1)
    for combination in combined:
        layout.places.append(_place(combination, layout))
    return lay_out(layout.plans, layout.uptimes, seed, _BEGIN, _END), layout


def _place(combination: Combination, layout: _Layout) -> Place:
    """The combination's hosts, switched on as it asks for, and the place of its attack on them."""
    told, variant = combination.told, combination.variant
    begins = _ATTACK + (combination.number % 30) * 60 * SECOND
    senses = Senses(**(_NO_SENSES | _KEPT[variant.kept]))
    watched = Senses(
        **(_NO_SENSES | _KEPT[variant.kept]),
        skew=round(variant.skew * SECOND),
        swapped=variant.swapped,
        without_ids=variant.without_ids,
    )
    boot = _BEGIN - _DAYS_AGO if told.after_boot is None else begins - round(told.after_boot * SECOND)
    role = told.target_roles[0]
    desk = boot + 30 * SECOND if role == "workstation" else 0
    if told.reboots is None:
        times = [(boot, _END, desk)]
    else:
        at = begins + round(told.reboots * SECOND)
        times = [(boot, at, desk), (at + 25 * SECOND, _END, 0)]
    rows = layout.host(_plan(combination, "T", role, watched), times, combination.number)
    actors = {"target": rows[0]} | ({"rebooted": rows[1]} if len(rows) > 1 else {})
    for actor, letter in (("source", "S"), ("second", "B"))[: 2 if variant.second_caller else 1]:
        up = (_BEGIN - _DAYS_AGO, _END, _BEGIN - _DAYS_AGO + 60 * SECOND)
        actors[actor] = layout.host(_plan(combination, letter, "workstation", senses), [up], combination.number)[0]
    nat = dict.fromkeys(("source", "second"), _GATEWAY[variant.family]) if variant.nat else {}
    return Place(actors, begins, variant.family, nat)


def _plan(combination: Combination, letter: str, role: str, senses: Senses) -> HostPlan:
    """A host of a combination: T for the target, S for the source, B for the bystander."""
    number = combination.number * 3 + "TSB".index(letter) + 250
    high, low = divmod(number, 250)
    user = f"user{number}" if role == "workstation" else ""
    return HostPlan(
        f"{letter}{combination.number:04d}",
        role,
        f"10.20.{high}.{low + 1}",
        f"fd00:20::{high:x}:{low + 1:x}",
        user,
        senses,
    )


def write_matrix(
    out: Path,
    *,
    seed: int = 7,
    scenarios: Sequence[Scenario] | None = None,
    variants: Collection[str] | None = None,
) -> Written:
    """Every combination written below `out`, and matrix.json with the truth of all of them.

    Raises:
        UsageError: when the folder holds files that no matrix wrote.

    """
    if out.exists() and any(out.iterdir()) and not (out / "matrix.json").exists():
        raise UsageError(f"{out} is not empty and no simulation wrote it; choose another folder")
    combined = combinations(scenarios, variants)
    fleet, layout = _lay_out(combined, seed)
    happenings = Happenings()
    truths = []
    for combination, where in zip(combined, layout.places, strict=True):
        chance = Chance(seed, "combination", combination.folder)
        told = tell_attack(combination.told, where, fleet, chance=chance, into=happenings)
        if combination.variant.second_caller:
            tell_attack(BYSTANDER, where, fleet, chance=chance.named("bystander"), into=happenings)
        sources = sources_of(_format(combination))
        truth = describe(combination.told, where, told, fleet, sources=sources, variant=combination.variant.name)
        truths.append({"folder": combination.folder, "description": combination.variant.description, **truth})
    tell_noise(fleet, Chance(seed, "noise"), happenings)
    records = _write(happenings, fleet, layout, combined, truths, out=out, seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    (out / "matrix.json").write_bytes(orjson.dumps(truths, option=orjson.OPT_INDENT_2) + b"\n")
    return Written(out, len(layout.plans), records, tuple(truths))


def _format(combination: Combination) -> Format:
    return Format.DEFENDER if combination.variant.kept is Kept.DEFENDER else Format.SYSMON


def _write(
    happenings: Happenings,
    fleet: Fleet,
    layout: _Layout,
    combined: Sequence[Combination],
    truths: Sequence[dict[str, Any]],
    *,
    out: Path,
    seed: int,
) -> int:
    """How many records were written: the shared servers' to `domain`, each combination's to its folder."""
    shares = happenings.split(layout.owners)
    folders = [(-1, out / "domain", Format.SYSMON)]
    folders += [(combination.number, out / combination.folder, _format(combination)) for combination in combined]
    records = 0
    for owner, folder, written_as in folders:
        make_room(folder)
        share = shares.pop(owner, Happenings())
        hosts = sorted(
            {uptime.host for uptime, whose in zip(fleet.times, layout.owners, strict=True) if whose == owner}
        )
        chance = Chance(seed, "records", owner)
        records += write_records(share, fleet, chance, folder, written_as=written_as, hosts=hosts)
        if owner >= 0:
            truth = orjson.dumps({"seed": seed, "attacks": [truths[owner]]}, option=orjson.OPT_INDENT_2)
            (folder / "ground-truth.json").write_bytes(truth + b"\n")
    return records
