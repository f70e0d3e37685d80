"""Win32_Process.Create: through Winmgmt, the provider host starts a process in the caller's session."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength, Variant
from tiercel.simulate.scenarios.parts import CMD, POWERSHELL, WMI_SESSION
from tiercel.simulate.story import Start, Story

_PROVIDER = r"C:\Windows\System32\wbem\WmiPrvSE.exe"

SCENARIO = Scenario(
    name="wmi-process",
    title="WMI Win32_Process.Create",
    description=(
        "Port 135, then the svchost of Winmgmt on its own port; WmiPrvSE.exe starts under DcomLaunch and starts the "
        "process in the caller's network session."
    ),
    techniques=("T1047",),
    strength=Strength.EXECUTION,
    server="winmgmt",
    child="child",
    rules=("rpc-chain-wmi", "remote-session-process", "inbound-remote-rpc-call"),
    story=Story(
        "wmi-process",
        (
            *WMI_SESSION,
            Start(
                label="provider",
                image=_PROVIDER,
                command_line=r"C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding",
                parent="dcomlaunch",
                session="network service",
                after=(0.05, 0.3),
                lasts=(60, 100),
            ),
            Start(
                label="child",
                image=CMD,
                command_line=r"cmd.exe /Q /c cd \ 1> \\127.0.0.1\ADMIN$\__{number} 2>&1",
                parent="provider",
                session="session",
                integrity="High",
                after=(0.05, 0.2),
                lasts=(0.1, 0.6),
            ),
        ),
    ),
    variants=(
        Variant(
            name="provider-runs",
            description="The provider host started an hour before, so no server process is created.",
            changes={
                "provider": {"since": "tool", "after": (-3600, -3500), "lasts": (7000, 7200)},
                "child": {"since": "session"},
            },
        ),
        Variant(
            name="powershell",
            description="An encoded command instead of the shell.",
            changes={"child": {"image": POWERSHELL, "command_line": f'"{POWERSHELL}" -enc JABhAD0AMQA='}},
        ),
        Variant(
            name="spoofed-parent",
            description="The child names explorer.exe as its parent; its session came over the call on Winmgmt.",
            changes={"child": {"claimed_parent": "explorer"}},
        ),
        Variant(name="boot-window", description="Two minutes after the target was switched on.", after_boot=120),
    ),
    blind={
        "bare-security": (
            "without the parent's name the child in the session may be any service's helper; needed is "
            "4688 with ParentProcessName, or the connection to Winmgmt"
        ),
    },
)
