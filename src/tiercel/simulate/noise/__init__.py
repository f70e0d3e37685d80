"""What happens on a fleet by itself.

Holds one module a theme, each with its list of noises. Takes a fleet. Gives happenings. May import the modules of
tiercel.simulate that tell stories.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.simulate.noise import com, desktop, directory, management, office, remote, services, tasks
from tiercel.simulate.noise.boot import AFTER_BOOT, AFTER_LOGON, tell_beginnings
from tiercel.simulate.noise.casting import Noise, cast_noise
from tiercel.simulate.telling import tell

if TYPE_CHECKING:
    from tiercel.simulate.chance import Chance
    from tiercel.simulate.fleet import Fleet
    from tiercel.simulate.happenings import Happenings

__all__ = ["NOISES", "Noise", "tell_noise"]

NOISES: tuple[Noise, ...] = (
    AFTER_BOOT,
    AFTER_LOGON,
    *services.NOISES,
    *com.NOISES,
    *office.NOISES,
    *directory.NOISES,
    *desktop.NOISES,
    *tasks.NOISES,
    *remote.NOISES,
    *management.NOISES,
)
"""Every noise, in the order of telling."""


def tell_noise(fleet: Fleet, chance: Chance, into: Happenings, *, managed: bool = False) -> None:
    """Everything that happens by itself, added to `into`; remote management only when `managed`."""
    tell_beginnings(fleet, chance.named("beginnings"), into)
    for noise in NOISES:
        if noise.management and not managed:
            continue
        cast = cast_noise(noise, fleet, chance)
        if cast is not None:
            tell(noise.story, cast, fleet, chance, into)
