"""A noisy day: a large fleet with its management, attacks planted in it, hunted; what is left unexplained is printed.

`python -m tests.noisy_day [--hosts N] [--keep FOLDER]`. A finding is explained when it tells of a planted attack, or
comes from one of the two deployment hosts or the monitoring host, whose remote execution is real and wanted. The exit
code is 1 when an attack was missed or more than five findings are unexplained. The source's rules are run beside the
shipped ones where the folder of seeds stands beside the captures.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import real_data_folder
from tests.coverage import is_right

from tiercel.hunt import hunt
from tiercel.simulate import SCENARIOS, Format, simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.findings import Finding
    from tiercel.simulate import Written

UNEXPLAINED = 5
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
        seeds = real_data_folder().parent / "seeds"
        if seeds.exists():
            judge("the source's rules", day, sorted(seeds.glob("*.md")))
    return wrong


def judge(name: str, day: Written, rules: Sequence[Path] | None) -> int:
    """1 when an attack was missed or too much is unexplained, after saying what was found."""
    begun = time.perf_counter()
    result = hunt([day.folder], rules)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    findings = list(result.findings)
    say(f"\n{name}: {len(findings)} findings in {time.perf_counter() - begun:.0f} s, peak memory so far {peak:.1f} GB")
    for run in result.rules_run:
        say(f"  {run.rule.id:<36} {run.findings:>6} findings {run.rows:>8} rows {run.seconds:6.1f} s")
    for failure in result.rules_failed:
        say(f"  {failure.rule_id}: did not run: {failure.issues[0] if failure.issues else ''}")
    left, missed = explain(findings, day)
    say(f"  planted attacks found: {len(day.attacks) - len(missed)} of {len(day.attacks)}")
    say(f"  missed: {', '.join(missed) or 'none'}")
    managers = {manager["ip"] for manager in day.managers}
    wanted = [finding for finding in findings if finding.peer_ip in managers]
    managed = Counter((finding.peer_ip, finding.family, finding.strength) for finding in wanted)
    for (peer, family, strength), count in sorted(managed.items(), key=str):
        say(f"  management from {peer}: {count} {family} {strength}")
    say(f"  unexplained: {len(left)}")
    for finding in left[:40]:
        told = f"{finding.peer_ip} -> {finding.device} {finding.strength} {finding.title}"
        say(f"    {finding.rule_id} {finding.first_time} {told}")
    return int(bool(missed) or len(left) > UNEXPLAINED)


def explain(findings: Sequence[Finding], day: Written) -> tuple[list[Finding], list[str]]:
    """The findings that nothing explains, and the scenarios that no finding tells of."""
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
    return left, [attack["scenario"] for attack in day.attacks if attack["scenario"] not in found]


def say(line: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
