"""What a scenario is: an attack, or something that only looks like one, with its truth and variants."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiercel.simulate.story import Story

__all__ = ["Kept", "Scenario", "Strength", "Variant", "varied"]


class Strength(StrEnum):
    """What a scenario does on its target: it opens a server, has one started, or runs something."""

    NONE = "none"
    ACCESS = "access"
    ACTIVATION = "activation"
    EXECUTION = "execution"


class Kept(StrEnum):
    """Which sources a host keeps."""

    BOTH = "sysmon and security"
    SYSMON = "sysmon"
    SECURITY = "security"
    BARE_SECURITY = "security without command lines"
    DEFENDER = "defender"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario. Every step of its story has a label, so that the ground truth can name it.

    `server`, `child` and `service` are labels of steps: what the caller reached, what was started for it, what was
    installed. `techniques` are ATT&CK ids, empty for a look-alike, of which no rule may speak. `rules` are the
    shipped rules that name it when all sources are kept. It begins in office hours, or `after_boot` seconds after the
    target's boot; `reboots` is how many seconds later the target is rebooted. `blind` names the variants in which no
    rule can find it, each with the evidence that would be needed.
    """

    name: str
    title: str
    description: str
    techniques: tuple[str, ...]
    strength: Strength
    story: Story
    server: str = ""
    child: str = ""
    service: str = ""
    rules: tuple[str, ...] = ()
    target_roles: tuple[str, ...] = ("workstation",)
    after_boot: float | None = None
    reboots: float | None = None
    variants: tuple[Variant, ...] = ()
    blind: Mapping[str, str] = field(default_factory=dict)

    @property
    def look_alike(self) -> bool:
        """Whether it is no attack."""
        return not self.techniques


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A scenario told differently: steps changed by label, another source, clock, address family or time since boot.

    `without_ids` leaves Sysmon's process ids out. `told` is another story altogether; `without` names steps that do
    not happen. `nat` puts the caller behind an address that is not its own; `second_caller` has somebody innocent
    call from that address at the same time.
    """

    name: str
    description: str
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    told: Story | None = None
    without: tuple[str, ...] = ()
    kept: Kept = Kept.BOTH
    skew: float = 0.0
    swapped: bool = False
    without_ids: bool = False
    family: str = "ip"
    after_boot: float | None = None
    nat: bool = False
    second_caller: bool = False
    strength: Strength | None = None


def varied(scenario: Scenario, variant: Variant) -> Scenario:
    """The scenario with the variant's story, time and strength."""
    return replace(
        scenario,
        story=(variant.told or scenario.story).without(*variant.without).changed(variant.changes),
        child="" if scenario.child in variant.without else scenario.child,
        after_boot=scenario.after_boot if variant.after_boot is None else variant.after_boot,
        strength=variant.strength or scenario.strength,
    )
