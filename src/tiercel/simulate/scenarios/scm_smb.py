"""A service installed and started over SMB's svcctl pipe, as SMBExec does: services.exe accepts no connection."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength, Variant
from tiercel.simulate.scenarios.parts import (
    CMD,
    ENCODED_POWERSHELL,
    SERVICE_COMMAND,
    SMB_SESSION,
    SVCCTL_PIPE,
    service_call,
)
from tiercel.simulate.story import InstallService, Start, Story

SCENARIO = Scenario(
    name="scm-smb",
    title="Service Control Manager over SMB",
    description=(
        "The caller opens IPC$ and the pipe svcctl over port 445, installs a service whose image path is a shell "
        "command, and starts it. System accepts the connection, not services.exe."
    ),
    techniques=("T1021.002", "T1569.002", "T1543.003"),
    strength=Strength.EXECUTION,
    child="child",
    service="service",
    rules=("scm-over-smb", "remote-session-process", "inbound-remote-rpc-call"),
    story=Story(
        "scm-smb",
        (
            *SMB_SESSION,
            SVCCTL_PIPE,
            service_call("create call", "smb", 12, "RCreateServiceW"),
            InstallService(label="service", session="session", service="BTOBTO{number}", image_path=SERVICE_COMMAND),
            service_call("start call", "smb", 19, "RStartServiceW"),
            Start(
                label="child",
                image=CMD,
                command_line=rf"C:\Windows\system32\cmd.exe /C start /b {ENCODED_POWERSHELL}",
                parent="services",
                session="system",
                after=(0.05, 0.4),
                lasts=(0.05, 0.2),
            ),
            Start(
                label="grandchild",
                image=r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
                command_line=ENCODED_POWERSHELL,
                parent="child",
                after=(0.05, 0.2),
                lasts=(60, 300),
            ),
        ),
    ),
    variants=(
        Variant(
            name="late-5min",
            description="The service is started five minutes after the pipe was opened.",
            changes={"start call": {"after": (290, 310)}, "tool": {"lasts": (900, 1200)}},
        ),
        Variant(
            name="no-file-auditing",
            description="Detailed file share auditing is off: no 5145 of the pipe.",
            changes={"svcctl pipe": {"audited": False}},
        ),
    ),
)
