"""TCP is tried first and closed by the firewall; 21 s later the tool falls back to SMB."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import CMD, ENCODED_POWERSHELL, SERVICE_COMMAND, TOOL, service_call
from tiercel.simulate.story import AccessShare, Connect, InstallService, LogOn, Start, Story

SCENARIO = Scenario(
    name="scm-fallback",
    title="Service Control Manager, TCP refused, then SMB",
    description=(
        "The endpoint mapper answers, the dynamic port of services.exe does not; 21 s after the first packet the "
        "tool opens the svcctl pipe instead, installs a service and starts it."
    ),
    techniques=("T1021.002", "T1569.002", "T1543.003"),
    strength=Strength.EXECUTION,
    child="child",
    service="service",
    rules=("scm-over-smb", "remote-session-process", "inbound-remote-rpc-call"),
    story=Story(
        "scm-fallback",
        (
            TOOL,
            Connect(label="endpoint mapper", by="tool", on="rpcss", port=135, after=(2, 9)),
            Connect(label="smb", by="system", on="system", port=445, after=(21, 21.4)),
            LogOn(label="session", over="smb"),
            AccessShare(label="ipc share", over="smb", session="session"),
            AccessShare(label="svcctl pipe", over="smb", session="session", file="svcctl", mask="0x3"),
            service_call("create call", "smb", 12, "RCreateServiceW"),
            InstallService(label="service", session="session", service="Updater{number}", image_path=SERVICE_COMMAND),
            service_call("start call", "smb", 19, "RStartServiceW"),
            Start(
                label="child",
                image=CMD,
                command_line=rf"C:\Windows\system32\cmd.exe /C start /b {ENCODED_POWERSHELL}",
                parent="services",
                session="system",
                after=(0.05, 0.3),
                lasts=(0.05, 0.2),
            ),
        ),
    ),
)
