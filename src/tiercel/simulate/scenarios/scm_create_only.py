"""A service is installed from a distance and never started: persistence, but nothing has run yet."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import SMB_SESSION, SVCCTL_PIPE, service_call
from tiercel.simulate.story import InstallService, Story

SCENARIO = Scenario(
    name="scm-create-only",
    title="Service installed over SMB, not started",
    description="The caller opens the svcctl pipe and installs a service that starts by hand. No process follows.",
    techniques=("T1021.002", "T1543.003"),
    strength=Strength.ACCESS,
    service="service",
    rules=("scm-over-smb", "inbound-remote-rpc-call"),
    story=Story(
        "scm-create-only",
        (
            *SMB_SESSION,
            SVCCTL_PIPE,
            service_call("create call", "smb", 12, "RCreateServiceW"),
            InstallService(
                label="service",
                session="session",
                service="Sync{number}",
                image_path=r"C:\Windows\System32\sync{number}.exe",
            ),
        ),
    ),
)
