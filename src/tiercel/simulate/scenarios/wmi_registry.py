"""StdRegProv from a distance: a provider host is started to write the registry, and runs nothing."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import WMI_SESSION
from tiercel.simulate.story import SetValue, Start, Story

SCENARIO = Scenario(
    name="wmi-registry",
    title="WMI StdRegProv",
    description=(
        "The registry provider is called through Winmgmt: WmiPrvSE.exe starts as LOCAL SERVICE 3.5 s after the "
        "request, slower than most activations, and writes a Run key. No process follows."
    ),
    techniques=("T1047", "T1112"),
    strength=Strength.ACTIVATION,
    server="winmgmt",
    child="provider",
    rules=("rpc-chain-wmi", "inbound-remote-rpc-call"),
    story=Story(
        "wmi-registry",
        (
            *WMI_SESSION,
            Start(
                label="provider",
                image=r"C:\Windows\System32\wbem\WmiPrvSE.exe",
                command_line=r"C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding",
                parent="dcomlaunch",
                session="local service",
                after=(3.3, 3.7),
                lasts=(60, 100),
            ),
            SetValue(
                label="run key",
                process="provider",
                key=r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run",
                value="Sync{number}",
                data=r"C:\Windows\System32\rundll32.exe C:\ProgramData\sync{number}.dll,Start",
                after=(0.01, 0.1),
            ),
        ),
    ),
    blind=dict.fromkeys(
        ("security-only", "bare-security", "first-connection-lost", "no-connection"),
        "a provider host that starts for a remote caller is what every inventory query leaves as well; needed are the "
        "connection and the value that the provider writes (Sysmon 13, DeviceRegistryEvents)",
    ),
)
