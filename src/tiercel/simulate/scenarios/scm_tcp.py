"""A service installed and started over RPC on TCP: services.exe itself accepts the caller."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.payloads import ENCODED_POWERSHELL, POWERSHELL, SERVICE_COMMAND
from tiercel.simulate.story import CallRpc, Connect, InstallService, LogOn, Start, Story

SVCCTL = "367abb81-9844-35f1-ad32-98f038001003"

SCENARIO = Scenario(
    name="scm-tcp",
    title="Service Control Manager over TCP",
    description=(
        "A tool on the source asks the target's endpoint mapper, connects to services.exe on its own port, installs a "
        "service whose image path is a shell command, and starts it."
    ),
    techniques=("T1021.002", "T1569.002", "T1543.003"),
    strength=Strength.EXECUTION,
    server="services",
    child="child",
    service="service",
    rules=("scm-remote-service-start", "rpc-chain-scm", "remote-session-process", "inbound-remote-rpc-call"),
    story=Story(
        "scm-tcp",
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
            Connect(label="endpoint mapper", by="tool", on="rpcss", port=135, after=(2, 9)),
            Connect(label="service manager", by="tool", on="services", after=(0.006, 0.02)),
            LogOn(label="session", over="service manager"),
            CallRpc(
                label="create call",
                over="service manager",
                session="session",
                process="services",
                interface=SVCCTL,
                interface_name="svcctl",
                operation=12,
                operation_name="RCreateServiceW",
                after=(0.1, 0.3),
            ),
            InstallService(label="service", session="session", service="Updater{number}", image_path=SERVICE_COMMAND),
            CallRpc(
                label="start call",
                over="service manager",
                session="session",
                process="services",
                interface=SVCCTL,
                interface_name="svcctl",
                operation=19,
                operation_name="RStartServiceW",
            ),
            Start(
                label="child",
                image=r"C:\Windows\System32\cmd.exe",
                command_line=rf"C:\Windows\system32\cmd.exe /C start /b {ENCODED_POWERSHELL}",
                parent="services",
                session="system",
                after=(0.1, 0.4),
                lasts=(0.02, 0.06),
            ),
            Start(
                label="grandchild",
                image=POWERSHELL,
                command_line=ENCODED_POWERSHELL,
                parent="child",
                after=(0.015, 0.04),
                lasts=(200, 900),
            ),
            Start(
                label="console",
                image=r"C:\Windows\System32\conhost.exe",
                command_line=r"\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1",
                parent="grandchild",
                after=(0.02, 0.05),
                lasts=(200, 900),
            ),
        ),
    ),
)
