"""Remote work that is not remote execution over DCOM, WMI or SCM, and must stay silent: the look-alikes."""

from __future__ import annotations

from tiercel.simulate.noise.casting import Noise
from tiercel.simulate.story import AccessShare, Connect, InstallService, LogOn, Start, Story

__all__ = ["NOISES"]

_MEMBER_SERVERS = ("server", "files", "office", "print")
_ADMINS = ("workstation",)

WINRM_SESSION = Story(
    "PowerShell remoting",
    (
        Connect(label="winrm", source="source", by="explorer", on="system", port=5985, after=(0, 1)),
        LogOn(label="session", over="winrm"),
        Start(
            label="host",
            image=r"C:\Windows\System32\wsmprovhost.exe",
            command_line=r"C:\Windows\system32\wsmprovhost.exe -Embedding",
            parent="dcomlaunch",
            session="session",
            integrity="High",
            after=(0.1, 0.5),
            lasts=(30, 900),
        ),
        Start(
            image=r"C:\Windows\System32\whoami.exe",
            command_line=r'"C:\Windows\system32\whoami.exe"',
            parent="host",
            after=(1, 9),
            lasts=(0.05, 0.3),
        ),
    ),
)
WINRS = Story(
    "winrs",
    (
        Connect(label="winrm", source="source", by="explorer", on="system", port=5985, after=(0, 1)),
        LogOn(label="session", over="winrm"),
        Start(
            label="host",
            image=r"C:\Windows\System32\winrshost.exe",
            command_line=r"C:\Windows\system32\WinrsHost.exe -Embedding",
            parent="dcomlaunch",
            session="session",
            integrity="High",
            after=(0.1, 0.4),
            lasts=(2, 60),
        ),
        Start(
            label="shell",
            image=r"C:\Windows\System32\cmd.exe",
            command_line=r"C:\Windows\system32\cmd.exe /C ipconfig",
            parent="host",
            after=(0.02, 0.1),
            lasts=(0.2, 1),
        ),
        Start(
            image=r"C:\Windows\System32\ipconfig.exe",
            command_line="ipconfig",
            parent="shell",
            after=(0.004, 0.02),
            lasts=(0.1, 0.2),
        ),
    ),
)
REMOTE_REGISTRY = Story(
    "remote registry",
    (
        Connect(label="smb", source="source", by="system", on="system", port=445, after=(0, 1)),
        LogOn(label="session", over="smb"),
        AccessShare(over="smb", session="session"),
        AccessShare(over="smb", session="session", file="winreg", mask="0x12019f"),
        Start(
            image=r"C:\Windows\System32\svchost.exe",
            command_line=r"C:\Windows\system32\svchost.exe -k localService -p -s RemoteRegistry",
            parent="services",
            session="local service",
            after=(0.06, 0.1),
            lasts=(600, 900),
        ),
    ),
)
LOCAL_PSEXEC = Story(
    "local PsExec",
    (
        Start(
            label="psexec",
            image=r"C:\Tools\PsExec64.exe",
            command_line=r"PsExec64.exe -s cmd.exe",
            parent="explorer",
            integrity="High",
            after=(0, 1),
            lasts=(10, 300),
        ),
        Connect(
            label="self",
            source="target",
            at="target",
            by="system",
            on="system",
            port=445,
            loopback=True,
            after=(0.1, 0.3),
        ),
        LogOn(label="session", account="desktop", over="self"),
        AccessShare(over="self", session="session", share=r"\\*\ADMIN$"),
        AccessShare(over="self", session="session", share=r"\\*\ADMIN$", file="PSEXESVC.exe", mask="0x120196"),
        InstallService(
            session="session", service="PSEXESVC", image_path=r"%SystemRoot%\PSEXESVC.exe", after=(0.02, 0.1)
        ),
        Start(
            label="service",
            image=r"C:\Windows\PSEXESVC.exe",
            command_line=r"C:\Windows\PSEXESVC.exe",
            parent="services",
            session="system",
            after=(0.01, 0.05),
            lasts=(10, 300),
        ),
        Start(
            image=r"C:\Windows\System32\cmd.exe",
            command_line='"cmd.exe"',
            parent="service",
            after=(0.05, 0.3),
            lasts=(5, 290),
        ),
    ),
)
REMOTE_DESKTOP = Story(
    "remote desktop",
    (
        Connect(label="rdp", source="source", by="explorer", on="termservice", port=3389, after=(0, 1)),
        LogOn(label="session", logon_type=10, over="rdp", package="Negotiate", process="winlogon", after=(1, 4)),
        Start(
            label="shell",
            image=r"C:\Windows\explorer.exe",
            command_line=r"C:\Windows\Explorer.EXE",
            parent="winlogon",
            session="session",
            integrity="Medium",
            after=(1, 3),
            lasts=(120, 3600),
        ),
        Start(
            image=r"C:\Windows\System32\TSTheme.exe",
            command_line=r"C:\Windows\system32\TSTheme.exe -Embedding",
            parent="dcomlaunch",
            session="session",
            integrity="Medium",
            after=(0.2, 2),
            lasts=(2, 20),
        ),
        Start(
            image=r"C:\Windows\System32\mmc.exe",
            command_line=r'"C:\Windows\system32\mmc.exe" "C:\Windows\system32\services.msc" ',
            parent="shell",
            integrity="High",
            after=(10, 90),
            lasts=(20, 600),
        ),
    ),
)
BACKUP = Story(
    "backup",
    (
        Connect(label="smb", source="source", by="system", on="system", port=445, after=(0, 1)),
        LogOn(label="session", over="smb"),
        AccessShare(over="smb", session="session", share=r"\\*\D$"),
        Start(
            image=r"C:\Windows\System32\vssvc.exe",
            command_line=r"C:\Windows\system32\vssvc.exe",
            parent="services",
            session="system",
            after=(0.5, 4),
            lasts=(300, 1200),
        ),
        Start(
            image=r"C:\Windows\System32\svchost.exe",
            command_line=r"C:\Windows\System32\svchost.exe -k swprv",
            parent="services",
            session="system",
            after=(0.2, 2),
            lasts=(300, 1200),
        ),
    ),
)

NOISES = (
    Noise(story=WINRM_SESSION, roles=_MEMBER_SERVERS, per_day=0.4, others={"source": _ADMINS}),
    Noise(story=WINRS, roles=_MEMBER_SERVERS, per_day=0.2, others={"source": _ADMINS}),
    Noise(
        story=REMOTE_REGISTRY,
        roles=_MEMBER_SERVERS,
        per_day=1.5,
        others={"source": ("monitoring",)},
        account=("svc-monitor", "S-1-5-21-1-1-1-1900"),
    ),
    Noise(story=LOCAL_PSEXEC, roles=_ADMINS, per_day=0.03, when="desk"),
    Noise(story=REMOTE_DESKTOP, roles=_MEMBER_SERVERS, per_day=0.5, others={"source": _ADMINS}),
    Noise(
        story=BACKUP,
        roles=_MEMBER_SERVERS,
        per_day=1,
        others={"source": ("backup",)},
        account=("svc-backup", "S-1-5-21-1-1-1-1901"),
    ),
)
