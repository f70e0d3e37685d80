"""MMC20.Application: the console starts on the target, accepts a second connection and runs a command."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength, Variant
from tiercel.simulate.scenarios.parts import ACTIVATION, ADMIN_SHARE_OUTPUT, CMD
from tiercel.simulate.story import Connect, Start, Story

SCENARIO = Scenario(
    name="dcom-mmc20",
    title="DCOM MMC20.Application",
    description=(
        "A tool on the source activates MMC20.Application on the target and calls ExecuteShellCommand: mmc.exe "
        "starts under DcomLaunch in the caller's session, accepts the caller on its own port, and starts cmd.exe."
    ),
    techniques=("T1021.003",),
    strength=Strength.EXECUTION,
    server="server",
    child="child",
    rules=("dcom-remote-activation", "rpc-chain-dcom", "remote-session-process", "inbound-remote-rpc-call"),
    story=Story(
        "dcom-mmc20",
        (
            *ACTIVATION,
            Start(
                label="server",
                image=r"C:\Windows\System32\mmc.exe",
                command_line=r"C:\Windows\system32\mmc.exe -Embedding",
                parent="dcomlaunch",
                session="session",
                integrity="High",
                after=(0.06, 0.3),
                since="activation",
                lasts=(30, 90),
            ),
            Connect(label="second connection", by="tool", on="server", after=(0.15, 0.6)),
            Start(
                label="child",
                image=CMD,
                command_line=ADMIN_SHARE_OUTPUT,
                parent="server",
                after=(0.3, 1.2),
                lasts=(0.1, 0.6),
            ),
            Start(
                label="grandchild",
                image=r"C:\Windows\System32\whoami.exe",
                command_line="whoami  /all ",
                parent="child",
                after=(0.01, 0.05),
                lasts=(0.03, 0.1),
            ),
        ),
    ),
    variants=(
        Variant(
            name="spoofed-parent",
            description="The child names explorer.exe as its parent; only its session still ties it to the caller.",
            changes={"child": {"claimed_parent": "explorer"}},
        ),
        Variant(
            name="late-child",
            description="The child starts four to six minutes after the second connection.",
            changes={"server": {"lasts": (600, 900)}, "child": {"after": (240, 360)}},
        ),
        Variant(name="boot-window", description="Two minutes after the target was switched on.", after_boot=120),
    ),
)
