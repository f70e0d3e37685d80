"""MMC20.Application: the console starts on the target, accepts a second connection and runs a command."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.payloads import ADMIN_SHARE_OUTPUT, POWERSHELL
from tiercel.simulate.story import CallRpc, Connect, LogOn, Start, Story

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
            Start(
                label="tool",
                at="source",
                image=POWERSHELL,
                command_line=f'"{POWERSHELL}" -NoProfile -NoExit',
                parent="explorer",
                after=(0.5, 2),
                lasts=(120, 300),
            ),
            Connect(label="activation", by="tool", on="rpcss", port=135, after=(2, 9)),
            LogOn(label="session", over="activation", package="NTLM"),
            CallRpc(
                label="activation call",
                over="activation",
                session="session",
                process="rpcss",
                interface="000001a0-0000-0000-c000-000000000046",
                interface_name="IRemoteSCMActivator",
                operation=4,
                operation_name="RemoteCreateInstance",
            ),
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
                image=r"C:\Windows\System32\cmd.exe",
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
)
