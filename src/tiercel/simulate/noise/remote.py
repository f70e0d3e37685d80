"""Remote work that is not remote execution over DCOM, WMI or SCM: the look-alikes, as they happen every day."""

from __future__ import annotations

from tiercel.simulate.noise.casting import Noise
from tiercel.simulate.scenarios import (
    like_backup,
    like_local_psexec,
    like_rdp,
    like_remote_registry,
    like_winrm,
    like_winrs,
)

__all__ = ["NOISES"]

_SERVERS = ("server", "files", "office", "print")
_ADMINS = {"source": ("workstation",)}
_MONITOR = ("svc-monitor", "S-1-5-21-1-1-1-1900")
_BACKUP = ("svc-backup", "S-1-5-21-1-1-1-1901")

NOISES = (
    Noise(story=like_winrm.SCENARIO.story, roles=_SERVERS, per_day=0.4, others=_ADMINS),
    Noise(story=like_winrs.SCENARIO.story, roles=_SERVERS, per_day=0.2, others=_ADMINS),
    Noise(
        story=like_remote_registry.SCENARIO.story,
        roles=_SERVERS,
        per_day=1.5,
        others={"source": ("monitoring",)},
        account=_MONITOR,
    ),
    Noise(story=like_local_psexec.SCENARIO.story, roles=("workstation",), per_day=0.03, when="desk"),
    Noise(story=like_rdp.SCENARIO.story, roles=_SERVERS, per_day=0.5, others=_ADMINS),
    Noise(
        story=like_backup.SCENARIO.story,
        roles=_SERVERS,
        per_day=1,
        others={"source": ("backup",)},
        account=_BACKUP,
    ),
)
