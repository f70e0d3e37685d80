"""Whether ATT&CK ids and tactics are written as ATT&CK writes them."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from tiercel.errors import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.checks.subject import Subject

__all__ = ["TACTICS", "check_attack_ids"]

TACTICS: Final = {
    "TA0043": "Reconnaissance",
    "TA0042": "Resource Development",
    "TA0001": "Initial Access",
    "TA0002": "Execution",
    "TA0003": "Persistence",
    "TA0004": "Privilege Escalation",
    "TA0005": "Defense Evasion",
    "TA0006": "Credential Access",
    "TA0007": "Discovery",
    "TA0008": "Lateral Movement",
    "TA0009": "Collection",
    "TA0011": "Command and Control",
    "TA0010": "Exfiltration",
    "TA0040": "Impact",
    "TA0108": "Initial Access (ICS)",
    "TA0104": "Execution (ICS)",
    "TA0107": "Inhibit Response Function",
    "TA0106": "Impair Process Control",
}
"""The tactics that rules may name: ATT&CK Enterprise, and those of ATT&CK for ICS that Sentinel has."""

_TECHNIQUE: Final = re.compile(r"T[0-9]{4}(?:\.[0-9]{3})?")
_IN_SENTINEL: Final = (*(name.replace(" ", "").replace("(ICS)", "") for name in TACTICS.values()), "PreAttack")


def check_attack_ids(subject: Subject) -> Iterator[Issue]:
    """A technique is `T1021` or `T1021.002`, a tactic `TA0008 - Lateral Movement`, in Sentinel `LateralMovement`."""
    if subject.rule is not None:
        for row in subject.rule.attack:
            if not _TECHNIQUE.fullmatch(row.attack_id):
                yield _wrong(
                    f"`{row.attack_id}` is no technique of ATT&CK", "write `T1021` and `002`", subject, row.technique
                )
            tactic, _, name = (part.strip() for part in row.tactic.partition("-"))
            if tactic and TACTICS.get(tactic) != name:
                known = TACTICS.get(tactic)
                yield _wrong(
                    f"`{row.tactic}` is no tactic of ATT&CK",
                    f"{tactic} is {known}" if known else "",
                    subject,
                    row.tactic,
                )
    if subject.analytics is not None:
        for field, fits, hint in (
            ("relevantTechniques", _TECHNIQUE.fullmatch, "write `T1021.002`"),
            ("tactics", _IN_SENTINEL.__contains__, "write it without blanks: `LateralMovement`"),
        ):
            entry = subject.analytics.fields.get(field)
            for item in entry.items if entry is not None else ():
                if item.text is not None and not fits(item.text):
                    near = get_close_matches(item.text, _IN_SENTINEL, n=1) if field == "tactics" else []
                    message = f"`{item.text[:80]}` is not known to ATT&CK"
                    better = f"did you mean `{near[0]}`?" if near else hint
                    place = subject.analytics.place(item)
                    yield Issue("check-attack-id", message, place, better, Severity.WARNING)


def _wrong(message: str, hint: str, subject: Subject, text: str) -> Issue:
    return Issue("check-attack-id", message, subject.place_of(text, after="## ATT&CK"), hint, Severity.WARNING)
