"""RemoteRegistry's trigger start: a service starts 88 ms after a caller opens the pipe winreg."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.story import AccessShare, Connect, LogOn, Start, Story

SCENARIO = Scenario(
    name="like-remote-registry",
    title="RemoteRegistry's trigger start",
    description="Port 445, the pipe winreg, and services.exe starts a svchost.exe: no svcctl, nothing installed.",
    techniques=(),
    strength=Strength.NONE,
    target_roles=("server", "files", "office", "print"),
    story=Story(
        "remote registry",
        (
            Connect(label="smb", by="system", on="system", port=445, after=(0, 1)),
            LogOn(label="session", over="smb"),
            AccessShare(label="ipc share", over="smb", session="session"),
            AccessShare(label="winreg pipe", over="smb", session="session", file="winreg", mask="0x12019f"),
            Start(
                label="service",
                image=r"C:\Windows\System32\svchost.exe",
                command_line=r"C:\Windows\system32\svchost.exe -k localService -p -s RemoteRegistry",
                parent="services",
                session="local service",
                after=(0.06, 0.1),
                lasts=(600, 900),
            ),
        ),
    ),
)
