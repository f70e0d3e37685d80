"""ATT&CK Navigator layers: what rules look for, and what was found. Layer format 4.5.

The format: https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tiercel.hunt import Result
    from tiercel.rules import Rule

__all__ = ["result_layer", "rules_layer"]

_VERSIONS: Final = {"navigator": "5.1.0", "layer": "4.5"}
_COLOURS: Final = ("#fde8d7", "#d9480f")
_MOST_NAMED: Final = 20
"""Of the findings of a technique, so many are named in its comment."""


def rules_layer(rules: Iterable[Rule]) -> dict[str, Any]:
    """The layer of a catalogue: each technique scored by how many rules look for it, and which."""
    named: dict[str, list[str]] = defaultdict(list)
    for rule in rules:
        for technique in rule.techniques:
            named[technique].append(f"{rule.title} ({rule.id})")
    return _layer("Tiercel: what the rules look for", "Each technique's score is its number of rules.", named)


def result_layer(result: Result) -> Iterator[dict[str, Any]]:
    """The layer of a result: each technique scored by how many findings tell of it, and on which devices."""
    named: dict[str, list[str]] = defaultdict(list)
    for finding in result.findings:
        for technique in finding.techniques:
            named[technique].append(f"{finding.title}: {finding.peer_ip or 'unknown'} to {finding.device or 'unknown'}")
    yield _layer("Tiercel: what was found", "Each technique's score is its number of findings.", named)


def _layer(name: str, about: str, named: Mapping[str, list[str]]) -> dict[str, Any]:
    most = max((len(each) for each in named.values()), default=1)
    return {
        "name": name,
        "versions": _VERSIONS,
        "domain": "enterprise-attack",
        "description": about,
        "sorting": 3,
        "hideDisabled": False,
        "techniques": [
            {
                "techniqueID": technique,
                "score": len(each),
                "comment": _comment(each),
                "enabled": True,
                "showSubtechniques": True,
            }
            for technique, each in sorted(named.items())
        ],
        "gradient": {"colors": list(_COLOURS), "minValue": 0, "maxValue": most},
    }


def _comment(each: list[str]) -> str:
    more = f"\nand {len(each) - _MOST_NAMED:,} more" if len(each) > _MOST_NAMED else ""
    return "\n".join(each[:_MOST_NAMED]) + more
