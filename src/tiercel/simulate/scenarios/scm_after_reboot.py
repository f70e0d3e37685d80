"""Install now, start after the next boot: the start has no connection near it."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import TOOL, service_call
from tiercel.simulate.story import AccessShare, Connect, InstallService, LogOn, Start, Story

_IMAGE = r"C:\Windows\sync{number}.exe"

SCENARIO = Scenario(
    name="scm-after-reboot",
    title="Service installed remotely, started by a later boot",
    description=(
        "An automatic service is installed over TCP from a network session; twenty minutes later the target is "
        "rebooted and services.exe starts the service among all the others."
    ),
    techniques=("T1021.002", "T1543.003", "T1569.002"),
    strength=Strength.EXECUTION,
    server="services",
    child="child",
    service="service",
    rules=("service-start-after-reboot", "remote-session-process", "inbound-remote-rpc-call"),
    reboots=1200,
    story=Story(
        "scm-after-reboot",
        (
            TOOL,
            Connect(label="smb", by="system", on="system", port=445, after=(2, 9)),
            LogOn(label="file session", over="smb"),
            AccessShare(
                label="copy",
                over="smb",
                session="file session",
                share=r"\\*\ADMIN$",
                file="sync{number}.exe",
                mask="0x120196",
                after=(0.1, 0.5),
            ),
            Connect(label="endpoint mapper", by="tool", on="rpcss", port=135, after=(0.5, 2)),
            Connect(label="service manager", by="tool", on="services", after=(0.006, 0.02)),
            LogOn(label="session", over="service manager"),
            service_call("create call", "service manager", 12, "RCreateServiceW", (0.1, 0.3)),
            InstallService(
                label="service",
                session="session",
                service="Sync{number}",
                image_path=_IMAGE,
                start_type="auto start",
            ),
            Start(
                label="child",
                at="rebooted",
                image=_IMAGE,
                command_line=_IMAGE,
                parent="services",
                session="system",
                since="boot",
                after=(14, 20),
                lasts=(300, 900),
            ),
        ),
    ),
)
