"""PowerShell remoting: a host process starts under DcomLaunch in a network session, and has children."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import TOOL
from tiercel.simulate.story import Connect, LogOn, Start, Story

SCENARIO = Scenario(
    name="like-winrm",
    title="PowerShell remoting (WinRM)",
    description="wsmprovhost.exe -Embedding looks like a DCOM server; the caller came to port 5985, not to 135.",
    techniques=(),
    strength=Strength.NONE,
    target_roles=("server", "files", "office", "print"),
    story=Story(
        "PowerShell remoting",
        (
            TOOL,
            Connect(label="winrm", by="tool", on="system", port=5985, after=(1, 5)),
            LogOn(label="session", over="winrm"),
            Start(
                label="host",
                image=r"C:\Windows\System32\wsmprovhost.exe",
                command_line=r"C:\Windows\system32\wsmprovhost.exe -Embedding",
                parent="dcomlaunch",
                session="session",
                integrity="High",
                after=(0.1, 0.5),
                lasts=(30, 900),
            ),
            Start(
                label="command",
                image=r"C:\Windows\System32\whoami.exe",
                command_line=r'"C:\Windows\system32\whoami.exe"',
                parent="host",
                after=(1, 9),
                lasts=(0.05, 0.3),
            ),
        ),
    ),
)
