"""A noisy day: a large fleet with its management, attacks planted in it, hunted; what is left unexplained is printed.

`python -m tests.noisy_day [--hosts N] [--keep FOLDER]`. A finding is explained when it tells of a planted attack, or
comes from one of the two deployment hosts or the monitoring host, whose remote execution is real and wanted: it must be
found and marked as recurring, and a file of environment filters takes it. The exit code is 1 when an attack was missed,
more than five findings are unexplained, or the filters took anything of an attack.

The source's two rules are run beside the shipped ones where the folder of seeds stands beside the captures: its SCM
rule as it is, and for its DCOM hunt, of which the article tells the steps and not the query, `dcom-remote-activation`,
which takes the same steps.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from tests.conftest import real_data_folder
from tests.coverage import is_right

from tiercel.hunt import hunt
from tiercel.rules import read_catalog
from tiercel.simulate import SCENARIOS, Format, simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.findings import Finding
    from tiercel.rules import Rule
    from tiercel.simulate import Written

UNEXPLAINED = 5
IMAGES = ["DeployRunner-1.exe", "cmd.exe"]
"""What the simulated management starts: the deployment's runner, and the inventory's command line."""
PLANTED = tuple(scenario.name for scenario in SCENARIOS.values() if not scenario.look_alike)


def main() -> int:
    """The day, written and hunted, in lines for people."""
    parser = argparse.ArgumentParser(prog="python -m tests.noisy_day", description=__doc__)
    parser.add_argument("--hosts", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="write the day to this folder and leave it there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = arguments.keep or Path(folder) / "day"
        begun = time.perf_counter()
        day = simulate(place, hosts=arguments.hosts, attacks=PLANTED, managed=True, written_as=Format.LAKE)
        say(f"{day.records:,} rows of {day.hosts:,} devices written in {time.perf_counter() - begun:.0f} s")
        wrong = judge("the shipped rules", day, None)
        allowed = Path(folder) / "filters.yaml"
        allowed.write_text(filters_for(day), encoding="utf-8")
        wrong |= judge("the shipped rules, management allowed by its source and image", day, None, allowed)
        seeds = real_data_folder().parent / "seeds"
        if seeds.exists():
            scm = sorted(seeds.glob("*.md"))
            dcom = [rule for rule in read_catalog().rules if rule.id == "dcom-remote-activation"]
            judge("the source's SCM rule and, in place of its DCOM hunt, dcom-remote-activation", day, [*scm, *dcom])
    return wrong


def filters_for(day: Written) -> str:
    """What the owner of this fleet would allow: the programs of the management hosts, from their addresses alone."""
    entries = [
        {
            "id": f"management-from-{manager['device']}",
            "rule": "*",
            "allow": {"source": manager["ip"], "image": IMAGES},
            "reason": "deployment and inventory of the fleet",
            "owner": "fleet team",
            "expires": date(2999, 12, 31),
        }
        for manager in day.managers
    ]
    return yaml.safe_dump({"filters": entries}, sort_keys=False)


def judge(name: str, day: Written, rules: Sequence[Path | Rule] | None, filters: Path | None = None) -> int:
    """1 when an attack was missed or too much is unexplained, after saying what was found."""
    begun = time.perf_counter()
    result = hunt([day.folder], rules, filters=filters)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    findings = list(result.findings)
    say(f"\n{name}: {len(findings)} findings in {time.perf_counter() - begun:.0f} s, peak memory so far {peak:.1f} GB")
    for run in result.rules_run:
        say(f"  {run.rule.id:<36} {run.findings:>6} findings {run.rows:>8} rows {run.seconds:6.1f} s")
    for failure in result.rules_failed:
        say(f"  {failure.rule_id}: did not run: {failure.issues[0] if failure.issues else ''}")
    left, missed, _ = explain(findings, day)
    say(f"  planted attacks found: {len(day.attacks) - len(missed)} of {len(day.attacks)}")
    say(f"  missed: {', '.join(missed) or 'none'}")
    managers = {manager["ip"] for manager in day.managers}
    wanted = [finding for finding in findings if finding.peer_ip in managers]
    managed = Counter((finding.peer_ip, finding.family, finding.strength) for finding in wanted)
    for (peer, family, strength), count in sorted(managed.items(), key=str):
        marked = sum(
            1
            for each in wanted
            if (each.peer_ip, each.family, each.strength) == (peer, family, strength) and each.recurring is not None
        )
        say(f"  management from {peer}: {count} {family} {strength}, {marked} of them marked as recurring")
    elsewhere = [finding for finding in findings if finding.recurring and finding.peer_ip not in managers]
    say(f"  marked as recurring from other callers: {len(elsewhere)}")
    for each in result.filters:
        told = f"{each.rows} rows of {len(each.rules)} rules, {each.findings} findings kept"
        say(f"  filter {each.id}: {each.state}, {told}")
    lost = explain([each.finding for each in result.suppressed], day)[2]
    if filters:
        say(f"  suppressed: {len(result.suppressed)}; of planted attacks: {len(lost)}")
    say(f"  unexplained: {len(left)}")
    for finding in left[:40]:
        told = f"{finding.peer_ip} -> {finding.device} {finding.strength} {finding.title}"
        say(f"    {finding.rule_id} {finding.first_time} {told}")
    return int(bool(missed) or len(left) > UNEXPLAINED or bool(lost))


def explain(findings: Sequence[Finding], day: Written) -> tuple[list[Finding], list[str], list[str]]:
    """The findings that nothing explains, the scenarios that no finding tells of, and those that one does."""
    managers = {manager["ip"] for manager in day.managers}
    targets = {attack["target"]["device"].lower(): attack for attack in day.attacks}
    found = set()
    left = []
    for finding in findings:
        attack = targets.get((finding.device or "").lower())
        if attack and is_right(finding, attack):
            found.add(attack["scenario"])
        elif finding.peer_ip not in managers:
            left.append(finding)
    missed = [attack["scenario"] for attack in day.attacks if attack["scenario"] not in found]
    return left, missed, sorted(found)


def say(line: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
