"""ShellWindows and ShellBrowserWindow: no server starts, the explorer.exe of the desktop runs the command."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength, Variant
from tiercel.simulate.scenarios.parts import ACTIVATION, CMD, ENCODED_POWERSHELL
from tiercel.simulate.story import Connect, Start, Story

SCENARIO = Scenario(
    name="dcom-shellwindows",
    title="DCOM ShellWindows or ShellBrowserWindow",
    description=(
        "The object lives in the running explorer.exe: it accepts the caller on its own port 0.08 s after port 135, "
        "and starts cmd.exe in the desktop user's session. The caller's session holds nothing."
    ),
    techniques=("T1021.003",),
    strength=Strength.EXECUTION,
    server="explorer",
    child="child",
    rules=("rpc-chain-dcom", "inbound-remote-rpc-call"),
    story=Story(
        "dcom-shellwindows",
        (
            *ACTIVATION,
            Connect(label="second connection", by="tool", on="explorer", after=(0.06, 0.12), since="activation"),
            Start(
                label="child",
                image=CMD,
                command_line=f'"{CMD}" /c {ENCODED_POWERSHELL}',
                parent="explorer",
                after=(0.2, 0.5),
                lasts=(0.02, 0.1),
            ),
            Start(
                label="grandchild",
                image=r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
                command_line=ENCODED_POWERSHELL,
                parent="child",
                after=(0.02, 0.06),
                lasts=(60, 300),
            ),
        ),
    ),
    blind={
        "no-connection": (
            "only the two connections tie the caller to explorer.exe, whose child runs in the desktop's own session; "
            "one of them is needed, or Defender's InboundRemoteRpcCall"
        ),
    },
    variants=(
        Variant(
            name="just-logged-on",
            description="Six minutes after the target was switched on, in the log-on's burst of COM servers.",
            after_boot=360,
        ),
    ),
)
