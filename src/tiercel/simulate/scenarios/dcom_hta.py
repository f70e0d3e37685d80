"""An HTML application as a COM server: mshta.exe starts under DcomLaunch, loads a page of the caller's and runs it."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import ACTIVATION, CMD
from tiercel.simulate.story import Connect, Start, Story

SCENARIO = Scenario(
    name="dcom-hta",
    title="DCOM HTA file",
    description=(
        "The class of HTML applications is activated: mshta.exe -Embedding starts in the caller's session, accepts "
        "the caller, fetches a page from it and starts cmd.exe."
    ),
    techniques=("T1021.003", "T1218.005"),
    strength=Strength.EXECUTION,
    server="server",
    child="child",
    rules=("dcom-remote-activation", "rpc-chain-dcom", "remote-session-process", "inbound-remote-rpc-call"),
    story=Story(
        "dcom-hta",
        (
            *ACTIVATION,
            Start(
                label="server",
                image=r"C:\Windows\System32\mshta.exe",
                command_line=r"C:\Windows\System32\mshta.exe -Embedding",
                parent="dcomlaunch",
                session="session",
                integrity="High",
                after=(0.05, 0.3),
                since="activation",
                lasts=(30, 120),
            ),
            Connect(label="second connection", by="tool", on="server", after=(0.1, 0.5)),
            Start(
                label="child",
                image=CMD,
                command_line=f'"{CMD}" /c whoami > C:\\Windows\\Temp\\{{number}}.txt',
                parent="server",
                after=(0.5, 2),
                lasts=(0.1, 0.5),
            ),
        ),
    ),
)
