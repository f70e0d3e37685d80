"""A host that activates a class on itself by its own address: a caller, a server, a child, and no second host."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.story import Connect, LogOn, Start, Story

SCENARIO = Scenario(
    name="like-local-activation",
    title="DCOM activation of the own host",
    description="mmc.exe -Embedding is activated, reached and has a child, all from the host's own address.",
    techniques=(),
    strength=Strength.NONE,
    story=Story(
        "local activation",
        (
            Start(
                label="script",
                image=r"C:\Windows\System32\wscript.exe",
                command_line=r'"C:\Windows\System32\wscript.exe" C:\Users\Public\console{number}.vbs',
                parent="explorer",
                after=(0.5, 2),
                lasts=(30, 60),
            ),
            Connect(label="activation", source="target", by="script", on="rpcss", port=135, after=(0.2, 1)),
            LogOn(label="session", account="desktop", over="activation"),
            Start(
                label="server",
                image=r"C:\Windows\System32\mmc.exe",
                command_line=r"C:\Windows\system32\mmc.exe -Embedding",
                parent="dcomlaunch",
                session="session",
                integrity="High",
                after=(0.05, 0.3),
                lasts=(30, 90),
            ),
            Connect(label="second connection", source="target", by="script", on="server", after=(0.1, 0.5)),
            Start(
                label="child",
                image=r"C:\Windows\System32\cmd.exe",
                command_line=r'"C:\Windows\System32\cmd.exe" /c dir',
                parent="server",
                after=(0.2, 1),
                lasts=(0.1, 0.5),
            ),
        ),
    ),
)
