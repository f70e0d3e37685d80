"""PsExec: its service is copied to ADMIN$, installed over the svcctl pipe and started; it runs the command."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import CMD, SMB_SESSION, SVCCTL_PIPE, service_call
from tiercel.simulate.story import AccessShare, InstallService, Start, Story

_ADMIN = r"\\*\ADMIN$"

SCENARIO = Scenario(
    name="scm-psexec",
    title="PsExec",
    description=(
        "PSEXESVC.exe is written to ADMIN$, installed over the svcctl pipe and started by services.exe; it starts "
        "the command, whose input and output run over three more pipes."
    ),
    techniques=("T1021.002", "T1569.002", "T1543.003"),
    strength=Strength.EXECUTION,
    child="child",
    service="service",
    rules=("scm-over-smb", "remote-session-process", "inbound-remote-rpc-call"),
    story=Story(
        "scm-psexec",
        (
            *SMB_SESSION,
            AccessShare(label="admin share", over="smb", session="session", share=_ADMIN),
            AccessShare(
                label="copy", over="smb", session="session", share=_ADMIN, file="PSEXESVC.exe", mask="0x120196"
            ),
            SVCCTL_PIPE,
            service_call("create call", "smb", 12, "RCreateServiceW"),
            InstallService(
                label="service", session="session", service="PSEXESVC", image_path=r"%SystemRoot%\PSEXESVC.exe"
            ),
            service_call("start call", "smb", 19, "RStartServiceW", (0.001, 0.01)),
            Start(
                label="child",
                image=r"C:\Windows\PSEXESVC.exe",
                command_line=r"C:\Windows\PSEXESVC.exe",
                parent="services",
                session="system",
                after=(0.003, 0.05),
                lasts=(60, 300),
            ),
            AccessShare(
                label="input pipe",
                over="smb",
                session="session",
                file="PSEXESVC-{number}-stdin",
                mask="0x120196",
                after=(0.1, 0.2),
            ),
            Start(
                label="command",
                image=CMD,
                command_line='"cmd.exe"',
                parent="child",
                after=(0.005, 0.05),
                lasts=(30, 59),
            ),
        ),
    ),
)
