"""A script automates Excel on its own host, and by chance a peer reaches port 135 half a second before."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.story import Connect, LogOn, Start, Story

_EXCEL = r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE"

SCENARIO = Scenario(
    name="like-office-beside-rpc",
    title="Local Office automation beside a peer's RPC",
    description="Port 135 and the print spooler's port are reached by a peer; Excel starts for a script of the user's.",
    techniques=(),
    strength=Strength.NONE,
    story=Story(
        "office automation beside a peer",
        (
            Start(
                label="script",
                image=r"C:\Windows\System32\wscript.exe",
                command_line=r'"C:\Windows\System32\wscript.exe" C:\Users\Public\report{number}.vbs',
                parent="explorer",
                after=(0.5, 2),
                lasts=(30, 60),
            ),
            Connect(label="endpoint mapper", by="spooler", on="rpcss", port=135, after=(0.2, 0.6)),
            Connect(label="spooler", by="spooler", on="spooler", after=(0.01, 0.05)),
            LogOn(label="machine session", account="machine", over="spooler"),
            Start(
                label="office",
                image=_EXCEL,
                command_line=f'"{_EXCEL}" /automation -Embedding',
                parent="dcomlaunch",
                session="desktop",
                integrity="Medium",
                after=(0.1, 0.5),
                lasts=(20, 60),
            ),
        ),
    ),
)
