"""A COM server that nobody has listed: a vendor's own program, activated from a distance."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import ACTIVATION, CMD
from tiercel.simulate.story import Connect, Start, Story

_AGENT = r"C:\Program Files\Northwind ERP\erpagent.exe"

SCENARIO = Scenario(
    name="dcom-other",
    title="DCOM server of a third party",
    description=(
        "A business program registers a COM server that can run commands. It starts under DcomLaunch in the caller's "
        "session and accepts the caller a second later."
    ),
    techniques=("T1021.003",),
    strength=Strength.EXECUTION,
    server="server",
    child="child",
    rules=("dcom-remote-activation", "rpc-chain-dcom", "remote-session-process", "inbound-remote-rpc-call"),
    story=Story(
        "dcom-other",
        (
            *ACTIVATION,
            Start(
                label="server",
                image=_AGENT,
                command_line=f'"{_AGENT}" -Embedding',
                parent="dcomlaunch",
                session="session",
                integrity="High",
                after=(0.2, 0.8),
                since="activation",
                lasts=(30, 90),
            ),
            Connect(label="second connection", by="tool", on="server", after=(0.8, 2)),
            Start(
                label="child",
                image=CMD,
                command_line=f"{CMD} /c net user helpdesk{{number}} /add",
                parent="server",
                after=(0.2, 1),
                lasts=(0.1, 0.5),
            ),
        ),
    ),
    blind={
        "bare-security": (
            "without parent and command line an unknown image in a network session shows neither DcomLaunch nor "
            "`-Embedding`; needed is the parent's name (4688 of Windows 10 on) or the connection on the server"
        ),
    },
)
