"""A backup over SMB: port 445, and services start within seconds, but nobody opened the service manager."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.story import AccessShare, Connect, LogOn, Start, Story

SCENARIO = Scenario(
    name="like-backup",
    title="Backup over SMB with a shadow copy",
    description="A share is opened over port 445 and vssvc.exe starts a few seconds later, on the host's own account.",
    techniques=(),
    strength=Strength.NONE,
    target_roles=("server", "files", "office", "print"),
    story=Story(
        "backup",
        (
            Connect(label="smb", by="system", on="system", port=445, after=(0, 1)),
            LogOn(label="session", over="smb"),
            AccessShare(label="share", over="smb", session="session", share=r"\\*\D$"),
            Start(
                label="shadow copy",
                image=r"C:\Windows\System32\vssvc.exe",
                command_line=r"C:\Windows\system32\vssvc.exe",
                parent="services",
                session="system",
                after=(0.5, 4),
                lasts=(300, 1200),
            ),
            Start(
                label="provider",
                image=r"C:\Windows\System32\svchost.exe",
                command_line=r"C:\Windows\System32\svchost.exe -k swprv",
                parent="services",
                session="system",
                after=(0.2, 2),
                lasts=(300, 1200),
            ),
        ),
    ),
)
