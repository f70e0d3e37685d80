"""PsExec against the own host: everything of a remote service start, from the loopback address."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.story import AccessShare, Connect, InstallService, LogOn, Start, Story

_ADMIN = r"\\*\ADMIN$"

SCENARIO = Scenario(
    name="like-local-psexec",
    title="PsExec on the own host",
    description="PSEXESVC is installed and started, but the caller is the host itself: 127.0.0.1 or ::1.",
    techniques=(),
    strength=Strength.NONE,
    story=Story(
        "local PsExec",
        (
            Start(
                label="psexec",
                image=r"C:\Tools\PsExec64.exe",
                command_line="PsExec64.exe -s cmd.exe",
                parent="explorer",
                integrity="High",
                after=(0, 1),
                lasts=(10, 300),
            ),
            Connect(label="self", source="target", by="system", on="system", port=445, loopback=True, after=(0.1, 0.3)),
            LogOn(label="session", account="desktop", over="self"),
            AccessShare(label="admin share", over="self", session="session", share=_ADMIN),
            AccessShare(
                label="copy", over="self", session="session", share=_ADMIN, file="PSEXESVC.exe", mask="0x120196"
            ),
            AccessShare(label="svcctl pipe", over="self", session="session", file="svcctl", mask="0x3"),
            InstallService(
                label="service",
                session="session",
                service="PSEXESVC",
                image_path=r"%SystemRoot%\PSEXESVC.exe",
                after=(0.02, 0.1),
            ),
            Start(
                label="child",
                image=r"C:\Windows\PSEXESVC.exe",
                command_line=r"C:\Windows\PSEXESVC.exe",
                parent="services",
                session="system",
                after=(0.01, 0.05),
                lasts=(10, 300),
            ),
            Start(
                label="command",
                image=r"C:\Windows\System32\cmd.exe",
                command_line='"cmd.exe"',
                parent="child",
                after=(0.05, 0.3),
                lasts=(5, 290),
            ),
        ),
    ),
)
