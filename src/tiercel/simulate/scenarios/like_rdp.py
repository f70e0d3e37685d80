"""A remote desktop whose Run dialog is used, as SharpRDP does: explorer.exe has children, and no caller."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.story import Connect, LogOn, Start, Story

SCENARIO = Scenario(
    name="like-rdp",
    title="Remote desktop (SharpRDP)",
    description="Port 3389, a new desktop, and cmd.exe below its explorer.exe: ShellWindows without the connection.",
    techniques=(),
    strength=Strength.NONE,
    target_roles=("server", "files", "office", "print"),
    story=Story(
        "remote desktop",
        (
            Start(
                label="client",
                at="source",
                image=r"C:\Windows\System32\mstsc.exe",
                command_line=r'"C:\Windows\system32\mstsc.exe" ',
                parent="explorer",
                after=(0, 1),
                lasts=(600, 3600),
            ),
            Connect(label="rdp", by="client", on="termservice", port=3389, after=(5, 30)),
            LogOn(
                label="session",
                logon_type=10,
                over="rdp",
                package="Negotiate",
                process="winlogon",
                after=(1, 4),
            ),
            Start(
                label="desktop",
                image=r"C:\Windows\explorer.exe",
                command_line=r"C:\Windows\Explorer.EXE",
                parent="winlogon",
                session="session",
                integrity="Medium",
                after=(1, 3),
                lasts=(120, 3600),
            ),
            Start(
                label="theme",
                image=r"C:\Windows\System32\TSTheme.exe",
                command_line=r"C:\Windows\system32\TSTheme.exe -Embedding",
                parent="dcomlaunch",
                session="session",
                integrity="Medium",
                after=(0.2, 2),
                lasts=(2, 20),
            ),
            Start(
                label="command",
                image=r"C:\Windows\System32\cmd.exe",
                command_line=r'"C:\Windows\system32\cmd.exe" ',
                parent="desktop",
                after=(10, 60),
                lasts=(20, 600),
            ),
        ),
    ),
)
