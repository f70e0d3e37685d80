"""Every labelled capture hunted on its own: what its labels expect against what was found.

`python -m tests.acceptance [--rules FILE]... [SET]...` prints one line a capture, a table of who called, and one of
what Sysmon alone and Security alone find of those that must alert; `make acceptance` does so for the shipped rules. The
exit code is 1 when an alarm was raised where none may be, a rule did not run, a finding does not name its caller where
the capture can tell, or a channel that holds the evidence was not enough.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.conftest import real_data_folder

from tiercel.hunt import hunt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tiercel.findings import Finding
    from tiercel.hunt import Result

__all__ = ["Capture", "Outcome", "captures", "judge", "run", "unattributed"]

FAMILIES = {
    "dcom": {"T1021.003"},
    "scm": {"T1569.002", "T1543.003"},
    "wmi": {"T1047"},
}
"""What the labels call a family, and the techniques that put a finding into it."""

CHANNELS = {
    "sysmon": ("Sysmon1", ("rpc_sysmon3_utctime", "step4_sysmon3_utctime")),
    "security": ("4688", ("rpc_5156_time", "step4_5156_time", "logon_link", "svcctl_5145_time")),
}
"""For each channel the event that tells of a process, and the labels that its events of the caller fill."""


@dataclass(frozen=True)
class Capture:
    """One labelled capture. `policy` is must_alert, may_alert or must_not_alert; an attack is its source and target.

    `processes` are the file names of the servers and children that the labels name.
    """

    id: str
    path: Path
    policy: str
    expected: str
    attacks: tuple[tuple[str | None, str | None], ...]
    processes: frozenset[str] = frozenset()
    evidence: frozenset[str] = frozenset()
    """The channels of which one alone tells of caller and process, by the labels of an attack."""
    source_host: str = ""
    """The calling host, where the capture holds events of it; else nothing."""
    user: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a hunt of a capture gave, by its labels: `found`, `missed`, `silent`, `FALSE ALARM`."""

    capture: Capture
    verdict: str
    alarms: tuple[Finding, ...]
    others: tuple[Finding, ...]
    failed: tuple[str, ...]

    @property
    def is_wrong(self) -> bool:
        """Whether there was an alarm that may not be, or a rule did not run."""
        return self.verdict == "FALSE ALARM" or bool(self.failed)


def captures(folder: Path) -> list[Capture]:
    """The captures that labels.json names."""
    labels: list[dict[str, Any]] = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    return [
        Capture(
            id=label["id"],
            path=folder / label["file"],
            policy=label["alert_policy"],
            expected=label["expected"],
            attacks=tuple((attack.get("source_ip"), attack.get("target_host")) for attack in label["techniques"]),
            processes=frozenset(
                name
                for attack in label["techniques"]
                for which in ("server_process", "child_process")
                if (name := _file_name(attack.get(which)))
            ),
            evidence=frozenset(
                channel for attack in label["techniques"] for channel in CHANNELS if holds_evidence(attack, channel)
            ),
            source_host=_watched_source(label),
            user=next(
                (
                    link["user"].lower()
                    for each in label["techniques"]
                    if (link := each.get("logon_link")) and link.get("user")
                ),
                "",
            ),
        )
        for label in labels
    ]


def holds_evidence(attack: dict[str, Any], channel: str) -> bool:
    """Whether the labels of an attack name, of one channel, an event of a process and one of its caller."""
    process, callers = CHANNELS[channel]
    processes = [str(attack.get(which) or "") for which in ("server_evidence", "child_evidence")]
    told = any(process in each.split("+") for each in processes)
    # A logon that the labels tie to nothing but the time of the call still names the caller.
    by_logon = channel == "security" and str(attack.get("rpc_time_from") or "").startswith("4624")
    return told and (by_logon or any(attack.get(name) for name in callers))


def _watched_source(label: dict[str, Any]) -> str:
    """The short name of the attack's source host, if events of it are in the capture."""
    hosts = {name.lower().partition(".")[0] for name, count in label["hosts"].items() if count}
    named = (str(attack.get("source_host") or "").lower().partition(".")[0] for attack in label["techniques"])
    return next((name for name in named if name in hosts), "")


def unattributed(outcome: Outcome) -> list[str]:
    """What the finding of a capture that holds the source host's events does not name and should."""
    capture = outcome.capture
    finding = next((each for each in outcome.alarms if tells_of(each, capture)), None)
    if finding is None or finding.attribution is None:
        return ["finding"]
    caller = finding.attribution.caller
    process = caller.process
    account = (finding.account or "").rpartition("\\")[2].lower()
    return [
        what
        for what, is_told in (
            ("source", (caller.device or "").lower().partition(".")[0] == capture.source_host),
            ("its process", process is not None and process.name is not None and process.pid is not None),
            ("where that is written", caller.source is not None),
            ("account", account == capture.user if capture.user else bool(account)),
            ("server", finding.server is not None and finding.server.name is not None),
            ("child", finding.child is not None or finding.strength != "execution"),
        )
        if not is_told
    ]


def attribution_row(outcome: Outcome) -> str:
    """The capture's line in the table of attributions."""
    missing = unattributed(outcome)
    finding = next((each for each in outcome.alarms if tells_of(each, outcome.capture)), None)
    told = ""
    if finding is not None and finding.attribution is not None:
        caller = finding.attribution.caller
        process = (
            f"{caller.process.name} ({caller.process.pid}) by {caller.process_known_by}" if caller.process else "-"
        )
        reached = " > ".join(each.name or "?" for each in (finding.server, finding.child) if each)
        told = f"{caller.device}: {process}, {caller.account}; as {finding.account}; {reached}"
    return f"{outcome.capture.id:<34} {'missing: ' + ', '.join(missing) if missing else 'named':<10} {told}"


def _file_name(process: str | None) -> str:
    """`cmd.exe` of the labels' `cmd.exe :: "C:\\cmd.exe" /c ...` or `explorer.exe (started ...)`; else nothing."""
    name = (process or "").split(" ", 1)[0].lower()
    return name if name.endswith(".exe") else ""


def run(capture: Capture, rules: Sequence[Path] | None = None, channels: Sequence[str] | None = None) -> Outcome:
    """The outcome of hunting one capture, or only some of its channels."""
    return judge(capture, hunt([capture.path], rules, channels=channels))


def judge(capture: Capture, result: Result) -> Outcome:
    """The outcome of a hunt: an alarm is a finding of DCOM, SCM or WMI; anything else is another matter.

    `found` asks for exactly one finding, of the family that the labels expect, that names caller, target and process.
    """
    alarms = tuple(finding for finding in result.findings if families_of(finding))
    others = tuple(finding for finding in result.findings if not families_of(finding))
    right = [finding for finding in alarms if tells_of(finding, capture)]
    if capture.policy == "must_not_alert":
        verdict = "FALSE ALARM" if alarms else "silent"
    elif right:
        verdict = "found" if len(alarms) == 1 else f"found {len(alarms)}x"
    elif alarms:
        verdict = "mistaken"
    else:
        verdict = "missed" if capture.policy == "must_alert" else "silent"
    return Outcome(
        capture, verdict, alarms, others, tuple(failure.rule_id or failure.path for failure in result.rules_failed)
    )


def families_of(finding: Finding) -> set[str]:
    """The families of a finding, as the labels call them: the one it says, else those of its techniques.

    Empty for all that is not DCOM, SCM or WMI.
    """
    if finding.family:
        return {finding.family} & FAMILIES.keys()
    return {name for name, ids in FAMILIES.items() if ids & set(finding.techniques)}


def tells_of(finding: Finding, capture: Capture) -> bool:
    """Whether a finding is one of the capture's attacks: its family, target, caller and process, as far as labelled."""
    if capture.expected in FAMILIES and capture.expected not in families_of(finding):
        return False
    device = (finding.device or "").lower().partition(".")[0]
    shown = " ".join(
        f"{process.name} {process.command_line}".lower() for process in (finding.server, finding.child) if process
    )
    if capture.processes and shown and not any(name in shown for name in capture.processes):
        return False
    return any(
        (target is None or device == target.lower().partition(".")[0]) and (source is None or finding.peer_ip == source)
        for source, target in capture.attacks
    )


def told(finding: Finding) -> str:
    """A finding in a line."""
    names = [process.name or "?" for process in (finding.server, finding.child) if process]
    tied = (
        f"{finding.strength or 'rule'} by {','.join(finding.links) or finding.rule_id}, {finding.confidence} confidence"
    )
    return f"{finding.title}: {finding.peer_ip} -> {finding.device} {' > '.join(names)} ({tied})"


def main() -> int:
    """The table for people."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance", description=__doc__)
    parser.add_argument("--rules", action="append", help="rule documents or folders instead of the shipped rules")
    parser.add_argument("--channels", choices=["sysmon", "security"], help="only the events of these channels")
    parser.add_argument("sets", nargs="*", help="only these captures, by the beginning of their ids")
    arguments = parser.parse_args()
    counts: dict[tuple[str, str], int] = {}
    rows: list[str] = []
    wrong = 0
    for capture in captures(real_data_folder()):
        if arguments.sets and not capture.id.startswith(tuple(arguments.sets)):
            continue
        begun = time.perf_counter()
        outcome = run(capture, arguments.rules, [arguments.channels] if arguments.channels else None)
        counts[capture.policy, outcome.verdict] = counts.get((capture.policy, outcome.verdict), 0) + 1
        wrong += outcome.is_wrong
        if capture.policy == "must_alert" and capture.source_host and not arguments.rules and not arguments.channels:
            rows.append(attribution_row(outcome))
            wrong += bool(unattributed(outcome))
        seconds = f"{time.perf_counter() - begun:5.1f} s"
        failed = f"  did not run: {', '.join(outcome.failed)}" if outcome.failed else ""
        sys.stdout.write(
            f"{capture.id:<50} {capture.policy:<15} {capture.expected:<6} {outcome.verdict:<12} {seconds}{failed}\n"
        )
        for finding in (*outcome.alarms, *outcome.others):
            sys.stdout.write(f"{'':<4}{told(finding)}\n")
        sys.stdout.flush()
    if rows:
        sys.stdout.write("\nWho called, where the capture holds the source host's events:\n")
        sys.stdout.writelines(f"{row}\n" for row in rows)
    for (policy, verdict), count in sorted(counts.items()):
        sys.stdout.write(f"{policy}: {verdict} {count}\n")
    if not arguments.channels:
        wrong += by_channel(arguments.sets, arguments.rules)
    return 1 if wrong else 0


def by_channel(sets: Sequence[str], rules: Sequence[Path] | None) -> int:
    """How many captures were missed by a channel that holds the evidence, after a table of what each alone finds."""
    wrong = 0
    found: dict[str, list[bool]] = {channel: [] for channel in CHANNELS}
    sys.stdout.write(f"\n{'one channel alone':<50} " + " ".join(f"{channel:<28}" for channel in CHANNELS) + "\n")
    for capture in captures(real_data_folder()):
        if capture.policy != "must_alert" or (sets and not capture.id.startswith(tuple(sets))):
            continue
        cells = []
        for channel in CHANNELS:
            verdict = run(capture, rules, [channel]).verdict
            is_held = channel in capture.evidence
            if is_held:
                found[channel].append(verdict == "found")
                wrong += verdict != "found"
            cells.append(f"{verdict:<10}{'' if is_held else '(no evidence there)'}")
        sys.stdout.write(f"{capture.id:<50} " + " ".join(f"{cell:<28}" for cell in cells) + "\n")
        sys.stdout.flush()
    for channel, verdicts in found.items():
        sys.stdout.write(f"{channel} alone: {sum(verdicts)} of {len(verdicts)} captures that hold the evidence\n")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
