"""A service that is there anyway is started from a distance, with a library planted beside it: nothing is installed."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import TOOL, service_call
from tiercel.simulate.story import AccessShare, Connect, LogOn, Start, Story

SCENARIO = Scenario(
    name="scm-existing-service",
    title="Start of an existing service over TCP",
    description=(
        "A library that IKEEXT looks for is copied over C$; the service is started through services.exe's own port. "
        "No 4697 or 7045: the child is an ordinary svchost.exe, which then starts net.exe."
    ),
    techniques=("T1021.002", "T1569.002", "T1574.001"),
    strength=Strength.EXECUTION,
    server="services",
    child="child",
    rules=("rpc-chain-scm", "inbound-remote-rpc-call"),
    story=Story(
        "scm-existing-service",
        (
            TOOL,
            Connect(label="smb", by="system", on="system", port=445, after=(2, 9)),
            LogOn(label="file session", over="smb"),
            AccessShare(
                label="library",
                over="smb",
                session="file session",
                share=r"\\*\C$",
                file=r"Windows\System32\wlbsctrl.dll",
                mask="0x17019f",
                after=(0.1, 0.5),
            ),
            Connect(label="endpoint mapper", by="tool", on="rpcss", port=135, after=(10, 30)),
            Connect(label="service manager", by="tool", on="services", after=(0.006, 0.02)),
            LogOn(label="session", over="service manager"),
            service_call("start call", "service manager", 19, "RStartServiceW", (0.005, 0.05)),
            Start(
                label="child",
                image=r"C:\Windows\System32\svchost.exe",
                command_line=r"C:\Windows\system32\svchost.exe -k netsvcs -p -s IKEEXT",
                parent="services",
                session="system",
                after=(0.01, 0.4),
                lasts=(300, 900),
            ),
            Start(
                label="grandchild",
                image=r"C:\Windows\System32\net.exe",
                command_line="net user helpdesk{number} /add",
                parent="child",
                after=(0.1, 0.3),
                lasts=(0.05, 0.2),
            ),
        ),
    ),
    blind={
        "no-connection": (
            "nothing is installed and the service runs as LocalSystem, so neither a service event nor a session names "
            "the caller; the connection to services.exe is needed, or Defender's InboundRemoteRpcCall"
        ),
    },
)
