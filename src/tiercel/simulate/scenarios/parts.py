"""Steps that many scenarios begin with, and command lines that attackers' tools leave, with nothing in them.

The delays are those of public captures: an activation starts its server 0.01 to 0.8 s after the request, the second
connection follows 0.1 to 7 s later.
"""

from __future__ import annotations

import base64

from tiercel.simulate.story import AccessShare, CallRpc, Connect, LogOn, Start, Step

__all__ = [
    "ACTIVATION",
    "ADMIN_SHARE_OUTPUT",
    "CMD",
    "ENCODED_POWERSHELL",
    "POWERSHELL",
    "SERVICE_COMMAND",
    "SMB_SESSION",
    "SVCCTL_PIPE",
    "TOOL",
    "WMI_SESSION",
    "service_call",
]

CMD = r"C:\Windows\System32\cmd.exe"
POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
_SCRIPT = base64.b64encode("Write-Output 'simulated'".encode("utf-16-le")).decode()
ENCODED_POWERSHELL = rf"C:\Windows\System32\WindowsPowershell\v1.0\powershell -noP -sta -w 1 -enc  {_SCRIPT}"
SERVICE_COMMAND = f"%COMSPEC% /C start /b {ENCODED_POWERSHELL}"
ADMIN_SHARE_OUTPUT = rf'"{CMD}" /Q /c whoami /all 1> \\127.0.0.1\ADMIN$\__{{number}} 2>&1'

TOOL = Start(
    label="tool",
    at="source",
    image=POWERSHELL,
    command_line=f'"{POWERSHELL}" -NoProfile -NoExit',
    parent="explorer",
    after=(0.5, 2),
    lasts=(120, 300),
)
"""The attacker's tool on the source host."""

ACTIVATION: tuple[Step, ...] = (
    TOOL,
    Connect(label="activation", by="tool", on="rpcss", port=135, after=(2, 9)),
    LogOn(label="session", over="activation", package="NTLM"),
    CallRpc(
        label="activation call",
        over="activation",
        session="session",
        process="rpcss",
        interface="000001a0-0000-0000-c000-000000000046",
        interface_name="IRemoteSCMActivator",
        operation=4,
        operation_name="RemoteCreateInstance",
    ),
)
"""A DCOM activation request: port 135, the caller's network session, the call."""

WMI_SESSION: tuple[Step, ...] = (
    TOOL,
    Connect(label="endpoint mapper", by="tool", on="rpcss", port=135, after=(2, 9)),
    LogOn(label="activation session", over="endpoint mapper"),
    Connect(label="wmi", by="tool", on="winmgmt", after=(0.006, 0.03)),
    LogOn(label="session", over="wmi"),
)
"""A connection to WMI: port 135, then the svchost that hosts Winmgmt, on its own port."""

SMB_SESSION: tuple[Step, ...] = (
    TOOL,
    Connect(label="smb", by="system", on="system", port=445, after=(2, 9)),
    LogOn(label="session", over="smb", package="NTLM"),
    AccessShare(label="ipc share", over="smb", session="session", after=(0.2, 0.7)),
)
"""A session over SMB with IPC$ opened."""

SVCCTL_PIPE = AccessShare(
    label="svcctl pipe", over="smb", session="session", file="svcctl", mask="0x3", after=(0.002, 0.02)
)


def service_call(label: str, over: str, operation: int, name: str, after: tuple[float, float] = (0.02, 0.2)) -> CallRpc:
    """A call of the service manager's interface ([MS-SCMR]), arriving over a connection."""
    return CallRpc(
        label=label,
        over=over,
        session="session",
        process="services",
        interface="367abb81-9844-35f1-ad32-98f038001003",
        interface_name="svcctl",
        operation=operation,
        operation_name=name,
        after=after,
    )
