"""The remote shell of WinRM: winrshost.exe starts under DcomLaunch and starts cmd.exe."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import TOOL
from tiercel.simulate.story import Connect, LogOn, Start, Story

SCENARIO = Scenario(
    name="like-winrs",
    title="Remote shell (WinRM)",
    description="winrshost.exe -Embedding with cmd.exe as its child, for a caller on port 5985.",
    techniques=(),
    strength=Strength.NONE,
    target_roles=("server", "files", "office", "print"),
    story=Story(
        "winrs",
        (
            TOOL,
            Connect(label="winrm", by="tool", on="system", port=5985, after=(1, 5)),
            LogOn(label="session", over="winrm"),
            Start(
                label="host",
                image=r"C:\Windows\System32\winrshost.exe",
                command_line=r"C:\Windows\system32\WinrsHost.exe -Embedding",
                parent="dcomlaunch",
                session="session",
                integrity="High",
                after=(0.1, 0.4),
                lasts=(2, 60),
            ),
            Start(
                label="shell",
                image=r"C:\Windows\System32\cmd.exe",
                command_line=r"C:\Windows\system32\cmd.exe /C ipconfig",
                parent="host",
                after=(0.02, 0.1),
                lasts=(0.2, 1),
            ),
            Start(
                label="command",
                image=r"C:\Windows\System32\ipconfig.exe",
                command_line="ipconfig",
                parent="shell",
                after=(0.004, 0.02),
                lasts=(0.1, 0.2),
            ),
        ),
    ),
)
