"""A local caller starts a process through WMI: the provider host has a child, and nobody called from elsewhere."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.story import Connect, LogOn, Start, Story

SCENARIO = Scenario(
    name="like-local-wmi",
    title="Process started through local WMI",
    description="WmiPrvSE.exe starts cmd.exe in the desktop user's own session; a peer opens a file share meanwhile.",
    techniques=(),
    strength=Strength.NONE,
    story=Story(
        "local WMI process",
        (
            Connect(label="smb", by="system", on="system", port=445, after=(0.2, 1)),
            LogOn(label="peer session", over="smb"),
            Start(
                label="provider",
                image=r"C:\Windows\System32\wbem\WmiPrvSE.exe",
                command_line=r"C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding",
                parent="dcomlaunch",
                session="network service",
                after=(0.1, 0.4),
                lasts=(60, 100),
            ),
            Start(
                label="child",
                image=r"C:\Windows\System32\cmd.exe",
                command_line="cmd.exe /c ipconfig",
                parent="provider",
                session="desktop",
                integrity="Medium",
                after=(0.05, 0.2),
                lasts=(0.1, 0.5),
            ),
        ),
    ),
)
