"""A WMI event subscription made from a distance; its script runs in scrcons.exe twenty seconds later."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import WMI_SESSION
from tiercel.simulate.story import Connect, Start, Story, Subscribe

SCENARIO = Scenario(
    name="wmi-subscription",
    title="WMI event subscription",
    description=(
        "Filter, consumer and binding are written through Winmgmt. When the filter fires, scrcons.exe starts under "
        "DcomLaunch and runs the script inside itself: there is no child."
    ),
    techniques=("T1047", "T1546.003"),
    strength=Strength.ACTIVATION,
    server="winmgmt",
    child="consumer",
    rules=("rpc-chain-wmi", "inbound-remote-rpc-call"),
    story=Story(
        "wmi-subscription",
        (
            *WMI_SESSION,
            Start(
                label="provider",
                image=r"C:\Windows\System32\wbem\WmiPrvSE.exe",
                command_line=r"C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding",
                parent="dcomlaunch",
                session="network service",
                after=(0.05, 0.2),
                lasts=(60, 100),
            ),
            Subscribe(
                label="subscription",
                session="session",
                name="WSUS{number}",
                query="select * from __InstanceCreationEvent within 5 where TargetInstance Isa 'Win32_LogonSession'",
                script="Set shell = CreateObject('WScript.Shell')",
                after=(0.1, 0.4),
            ),
            Connect(label="trigger", by="tool", on="rpcss", port=135, after=(18, 22)),
            Start(
                label="consumer",
                image=r"C:\Windows\System32\wbem\scrcons.exe",
                command_line=r"C:\Windows\system32\wbem\scrcons.exe -Embedding",
                parent="dcomlaunch",
                session="system",
                after=(0.05, 0.2),
                lasts=(60, 200),
            ),
        ),
    ),
    blind={
        **dict.fromkeys(
            ("security-only", "bare-security"),
            "the Security log has no event of a subscription; needed is Sysmon 21 or WmiBindEventFilterToConsumer",
        ),
        "first-connection-lost": (
            "a lone connection to a service host names no service; needed is the one on port 135"
        ),
        "no-connection": (
            "Sysmon 19 to 21 name the subscriber's account, neither its session nor its address; the connection to "
            "Winmgmt is needed"
        ),
    },
)
