"""Ways in which every scenario is told again: other sources, other clocks, other addresses, lost events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tiercel.simulate.scenario import Kept, Variant
from tiercel.simulate.story import Connect

if TYPE_CHECKING:
    from tiercel.simulate.scenario import Scenario

__all__ = ["PLAIN", "variants_of"]

PLAIN = Variant(name="plain", description="Sysmon and Security are kept, the clocks are right.")

_SOURCES = (
    Variant(name="sysmon-only", description="Only Sysmon is kept.", kept=Kept.SYSMON),
    Variant(name="security-only", description="Only the Security and System logs are kept.", kept=Kept.SECURITY),
    Variant(name="defender-only", description="Only Defender's tables are kept.", kept=Kept.DEFENDER),
    Variant(
        name="bare-security",
        description="Only Security and System, without command lines and parent names (Windows Server 2008 R2, 2012).",
        kept=Kept.BARE_SECURITY,
    ),
)
_CLOCKS = tuple(
    Variant(
        name=f"clock{seconds:+d}s",
        description=f"The target's Sysmon 3 clock is off by {seconds:+d} s.",
        skew=seconds,
    )
    for seconds in (-12, -6, -2, 2, 6, 12)
)
_SHAPES = (
    Variant(
        name="old-sysmon",
        description="The Sysmon before late 2019: the local side of an inbound connection is its Source.",
        swapped=True,
    ),
    Variant(
        name="no-process-ids",
        description="The shipper lost Sysmon's ProcessId; only the ProcessGuid names a process.",
        without_ids=True,
    ),
    Variant(name="ipv6", description="Every connection runs over IPv6.", family="ipv6"),
    Variant(name="nat", description="The caller arrives under a gateway's address.", nat=True),
    Variant(
        name="two-callers",
        description="Somebody innocent calls from the same gateway's address at the same time.",
        nat=True,
        second_caller=True,
    ),
)


def variants_of(scenario: Scenario) -> tuple[Variant, ...]:
    """Every variant of a scenario: the plain one, its own, then those that all scenarios have.

    A look-alike is told plainly and from each source alone: what must stay silent needs no lost events.
    """
    if scenario.look_alike:
        return (PLAIN, *scenario.variants, *_SOURCES[:3])
    return (PLAIN, *scenario.variants, *_SOURCES, *_CLOCKS, *_SHAPES, *_throttled(scenario))


def _throttled(scenario: Scenario) -> tuple[Variant, ...]:
    """The scenario with its first connection lost, and with all of them lost."""
    lines = [step.label for step in scenario.story.steps if isinstance(step, Connect)]
    first = Variant(
        name="first-connection-lost",
        description="The network sensor dropped the first connection.",
        changes={lines[0]: {"withheld": True}},
    )
    if len(lines) == 1:
        return (replace(first, name="no-connection", description="The network sensor dropped the only connection."),)
    every = Variant(
        name="no-connection",
        description="The network sensor dropped every connection.",
        changes={label: {"withheld": True} for label in lines},
    )
    return (first, every)
