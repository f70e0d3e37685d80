"""What the shipped rules find of every simulated scenario: docs/coverage.md, generated.

`python -m tests.coverage [--write]` simulates the matrix (every scenario in every variant, each on hosts of its own),
hunts it in one go, and compares each target's findings with the truth. The exit code is 1 when a scenario was missed
for which no reason is written down, a look-alike was taken for an attack, or one attack gave more than one finding.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel.hunt import hunt
from tiercel.simulate import SCENARIOS, write_matrix
from tiercel.simulate.matrix import Combination, combinations

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tiercel.findings import Finding
    from tiercel.simulate import Scenario

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "coverage.md"
SHORT = {"execution": "E", "activation": "S", "access": "A"}
BLIND_SPOTS = (
    ("dllhost.exe and WmiPrvSE.exe are excluded by name", ("dcom-dllhost/plain", "wmi-process/plain")),
    ("a spoofed parent", ("dcom-mmc20/spoofed-parent", "wmi-process/spoofed-parent", "scm-tcp/spoofed-parent")),
    (
        "the first 60 s and 5 min after a boot",
        ("scm-tcp/boot-window", "dcom-mmc20/boot-window", "wmi-process/boot-window"),
    ),
    ("a service created now and started by a later boot", ("scm-after-reboot/plain", "scm-create-only/plain")),
    ("a start more than 10 s after the connection", ("scm-tcp/late-11s", "scm-tcp/late-10min", "scm-smb/late-5min")),
    (
        "throttled network telemetry",
        ("scm-tcp/first-connection-lost", "dcom-mmc20/no-connection", "wmi-process/no-connection"),
    ),
    ("SCM over SMB, which services.exe never accepts", ("scm-smb/plain", "scm-psexec/plain")),
)
"""What the two source documents call their own blind spots, and the combinations that stand for each."""


@dataclass(frozen=True)
class Outcome:
    """What was found on one combination's target."""

    combination: Combination
    truth: dict[str, Any]
    right: tuple[Finding, ...]
    wrong: tuple[Finding, ...]

    @property
    def scenario(self) -> Scenario:
        return self.combination.scenario

    @property
    def reason(self) -> str:
        """Why this combination stays blind, as its scenario argues; empty where nothing is argued."""
        return self.scenario.blind.get(self.combination.variant.name, "")

    @property
    def cell(self) -> str:
        """The combination in a table: how far it was seen to go, or why not."""
        if self.scenario.look_alike:
            return "**ALARM**" if self.right or self.wrong else "silent"
        if not self.right:
            return "blind" if self.reason else "**missed**"
        return SHORT.get(self.right[0].strength or "", "?") + ("" if len(self.right) == 1 else f" x{len(self.right)}")

    @property
    def problem(self) -> str:
        """What is wrong with the outcome, or nothing."""
        if self.scenario.look_alike:
            return "a look-alike was taken for an attack" if self.right or self.wrong else ""
        if not self.right:
            return "" if self.reason else "missed"
        if self.reason:
            return "found, although its scenario says that it is blind"
        return f"{len(self.right) + len(self.wrong)} findings" if len(self.right) + len(self.wrong) > 1 else ""


def outcomes(
    folder: Path, scenarios: Sequence[Scenario] | None = None, variants: Sequence[str] | None = None
) -> list[Outcome]:
    """Every combination written to the folder and hunted, with what was found on its target."""
    truths = write_matrix(folder, scenarios=scenarios, variants=variants).attacks
    by_device: dict[str, list[Finding]] = defaultdict(list)
    records = sorted([*folder.glob("**/winlogbeat"), *folder.glob("**/defender")])
    for finding in hunt(records).findings:
        by_device[(finding.device or "").lower()].append(finding)
    told = []
    for combination, truth in zip(combinations(scenarios, variants), truths, strict=True):
        found = by_device[truth["target"]["device"].lower()]
        right = tuple(finding for finding in found if is_right(finding, truth))
        told.append(Outcome(combination, truth, right, tuple(finding for finding in found if finding not in right)))
    return told


def is_right(finding: Finding, truth: dict[str, Any]) -> bool:
    """Whether a finding tells of the attack: its technique, and its caller where it names one."""
    caller = finding.peer_ip in {None, truth["source"]["ip"], truth["caller_ip"]}
    return caller and bool(set(finding.techniques) & set(truth["techniques"]))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def render(told: Sequence[Outcome]) -> str:
    """The document."""
    plain = [outcome for outcome in told if outcome.combination.variant.name == "plain"]
    attacks = [outcome for outcome in plain if not outcome.scenario.look_alike]
    lines = [
        "# Coverage",
        "",
        "Generated by `python -m tests.coverage --write`. Every scenario of `tiercel simulate --list` is told in every",
        "variant (`tiercel simulate --matrix`), each on hosts of its own among ordinary noise, and hunted with the",
        "shipped rules. E: execution was seen. S: a server was started. A: the caller's access alone. *blind*: not",
        "found, and argued below.",
        "",
        "## Scenario by rule",
        "",
        *table(
            ("scenario", "technique", "told", "found", "rules that name it", "links"),
            (
                (
                    outcome.scenario.name,
                    ", ".join(outcome.scenario.techniques),
                    SHORT[str(outcome.scenario.strength)],
                    outcome.cell,
                    ", ".join(
                        sorted({rule for finding in outcome.right for rule in finding.rules or (finding.rule_id,)})
                    ),
                    ", ".join(sorted({link for finding in outcome.right for link in finding.links})),
                )
                for outcome in attacks
            ),
        ),
        "## Scenario by variant",
        "",
        *variants(told),
        "## The blind spots of the source",
        "",
        *spots(told),
        "## Look-alikes",
        "",
        *table(
            (
                "look-alike",
                "what it is",
                *[f"{name}" for name in ("plain", "sysmon-only", "security-only", "defender-only")],
            ),
            (
                (
                    outcome.scenario.name,
                    outcome.scenario.title,
                    *(
                        cell(told, outcome.scenario.name, name)
                        for name in ("plain", "sysmon-only", "security-only", "defender-only")
                    ),
                )
                for outcome in plain
                if outcome.scenario.look_alike
            ),
        ),
        "## What stays blind, and why",
        "",
        *reasons(told),
    ]
    return "\n".join(lines).rstrip() + "\n"


def cell(told: Sequence[Outcome], scenario: str, variant: str) -> str:
    """The cell of one combination, empty where there is none."""
    return next((each.cell for each in told if each.combination.folder == f"{scenario}/{variant}"), "")


def variants(told: Sequence[Outcome]) -> list[str]:
    """The variants that all attacks have as columns, and each scenario's own below."""
    attacks = [scenario for scenario in SCENARIOS.values() if not scenario.look_alike]
    own = {scenario.name: {variant.name for variant in scenario.variants} for scenario in attacks}
    common = list(
        dict.fromkeys(
            outcome.combination.variant.name
            for outcome in told
            if not outcome.scenario.look_alike and outcome.combination.variant.name not in own[outcome.scenario.name]
        )
    )
    lines = table(
        ("scenario", *common),
        ((scenario.name, *(cell(told, scenario.name, name) for name in common)) for scenario in attacks),
    )
    lines += table(
        ("scenario", "its own variant", "what it is", "found"),
        (
            (scenario.name, variant.name, variant.description, cell(told, scenario.name, variant.name))
            for scenario in attacks
            for variant in scenario.variants
        ),
    )
    return lines


def spots(told: Sequence[Outcome]) -> list[str]:
    """Each blind spot of the source with what is found of it."""
    by_folder = {outcome.combination.folder: outcome for outcome in told}
    return table(
        ("blind spot", "combinations", "found"),
        (
            (spot, ", ".join(folders), ", ".join(by_folder[folder].cell for folder in folders if folder in by_folder))
            for spot, folders in BLIND_SPOTS
        ),
    )


def reasons(told: Sequence[Outcome]) -> list[str]:
    """Every reason with the combinations that it is given for."""
    given: dict[str, list[str]] = defaultdict(list)
    for outcome in told:
        if outcome.reason and not outcome.right:
            given[outcome.reason].append(outcome.combination.folder)
    return [f"- {', '.join(f'`{folder}`' for folder in folders)}: {reason}" for reason, folders in given.items()] or [
        "Nothing."
    ]


def main() -> int:
    """The table, the problems, and with --write the document."""
    parser = argparse.ArgumentParser(prog="python -m tests.coverage", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.name}")
    parser.add_argument("scenarios", nargs="*", help="only these")
    arguments = parser.parse_args()
    chosen = [SCENARIOS[name] for name in arguments.scenarios] or None
    with tempfile.TemporaryDirectory() as folder:
        told = outcomes(Path(folder) / "matrix", chosen)
    if arguments.write and not chosen:
        DOCUMENT.write_text(render(told), encoding="utf-8")
    problems = [outcome for outcome in told if outcome.problem]
    for outcome in problems:
        findings = "; ".join(
            f"{finding.rule_id} {finding.peer_ip} {finding.strength}" for finding in (*outcome.right, *outcome.wrong)
        )
        sys.stdout.write(f"{outcome.combination.folder}: {outcome.problem} {findings}\n")
    sys.stdout.write(f"{len(told)} combinations, {len(problems)} problems\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
