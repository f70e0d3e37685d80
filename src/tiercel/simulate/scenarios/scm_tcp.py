"""A service installed and started over RPC on TCP: services.exe itself accepts the caller."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength, Variant
from tiercel.simulate.scenarios.parts import CMD, ENCODED_POWERSHELL, POWERSHELL, SERVICE_COMMAND, TOOL, service_call
from tiercel.simulate.story import Connect, InstallService, LogOn, Start, Story


def _late(name: str, low: float, high: float) -> Variant:
    """The service starts so many seconds after the connection, which is kept open."""
    return Variant(
        name=name,
        description=f"The service is started {low:g} to {high:g} s after the connection, which stays open.",
        changes={"start call": {"after": (low, high)}, "tool": {"lasts": (900, 1200)}},
    )


SCENARIO = Scenario(
    name="scm-tcp",
    title="Service Control Manager over TCP",
    description=(
        "A tool on the source asks the target's endpoint mapper, connects to services.exe on its own port, installs "
        "a service whose image path is a shell command, and starts it."
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
            TOOL,
            Connect(label="endpoint mapper", by="tool", on="rpcss", port=135, after=(2, 9)),
            Connect(label="service manager", by="tool", on="services", after=(0.006, 0.02)),
            LogOn(label="session", over="service manager"),
            service_call("create call", "service manager", 12, "RCreateServiceW", (0.1, 0.3)),
            InstallService(label="service", session="session", service="Updater{number}", image_path=SERVICE_COMMAND),
            service_call("start call", "service manager", 19, "RStartServiceW", (0.005, 0.05)),
            Start(
                label="child",
                image=CMD,
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
    variants=(
        _late("late-11s", 11, 12),
        _late("late-1min", 55, 65),
        _late("late-10min", 560, 600),
        Variant(
            name="spoofed-parent",
            description="The grandchild names explorer.exe as its parent.",
            changes={"grandchild": {"claimed_parent": "explorer"}},
        ),
        Variant(name="boot-window", description="40 s after the target was switched on.", after_boot=40),
    ),
)
