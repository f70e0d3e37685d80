"""A class in a surrogate: dllhost.exe is the server, which the source's hunt leaves out by name."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength, Variant
from tiercel.simulate.scenarios.parts import ACTIVATION, CMD
from tiercel.simulate.story import Connect, Start, Story


def _instead(name: str, command_line: str) -> Variant:
    """Another server that the source's hunt leaves out by name."""
    image = f"C:\\Windows\\System32\\{name}"
    return Variant(
        name=name.partition(".")[0].lower(),
        description=f"{name} as the server.",
        changes={"server": {"image": image, "command_line": command_line}},
    )


SCENARIO = Scenario(
    name="dcom-dllhost",
    title="DCOM class in a surrogate process",
    description=(
        "The activated class lives in a library, so dllhost.exe /Processid:{AppID} starts in the caller's session, "
        "accepts the caller and starts cmd.exe."
    ),
    techniques=("T1021.003",),
    strength=Strength.EXECUTION,
    server="server",
    child="child",
    rules=("rpc-chain-dcom", "remote-session-process", "inbound-remote-rpc-call"),
    story=Story(
        "dcom-dllhost",
        (
            *ACTIVATION,
            Start(
                label="server",
                image=r"C:\Windows\System32\dllhost.exe",
                command_line=r"C:\Windows\system32\DllHost.exe /Processid:{9BA05972-F6A8-11CF-A442-00A0C90A8F39}",
                parent="dcomlaunch",
                session="session",
                integrity="High",
                after=(0.03, 0.2),
                since="activation",
                lasts=(30, 90),
            ),
            Connect(label="second connection", by="tool", on="server", after=(0.1, 0.5)),
            Start(
                label="child",
                image=CMD,
                command_line=f"{CMD} /c whoami > C:\\Windows\\Temp\\{{number}}.txt",
                parent="server",
                after=(0.2, 1),
                lasts=(0.1, 0.5),
            ),
        ),
    ),
    variants=(
        _instead("mobsync.exe", r"C:\Windows\System32\mobsync.exe -Embedding"),
        _instead("RuntimeBroker.exe", r"C:\Windows\System32\RuntimeBroker.exe -Embedding"),
        Variant(
            name="no-child",
            description="The library does its work inside the surrogate.",
            without=("child",),
            strength=Strength.ACTIVATION,
        ),
    ),
)
