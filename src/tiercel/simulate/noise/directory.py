"""What a domain asks of its controllers: log-ons, policy, secure channels, replication; mostly from port 135 on."""

from __future__ import annotations

from tiercel.simulate.noise.casting import Noise
from tiercel.simulate.story import AccessShare, Connect, LogOn, Start, Story

__all__ = ["NOISES"]

_MEMBERS = ("workstation", "server", "files", "office", "print", "monitoring", "deployment", "backup")
_CONTROLLER = {"dc": ("dc",)}
_SYSVOL = r"\\*\SYSVOL"
_POLICIES = (
    r"corp.example.com\Policies\{31B2F340-016D-11D2-945F-00C04FB984F9}\gpt.ini",
    r"corp.example.com\Policies\{6AC1786C-016F-11D2-945F-00C04fB984F9}\gpt.ini",
    r"corp.example.com\Policies\{9A9C9FC3-91D9-4BD8-8C1B-37F1C2A0E6D4}\Machine\Registry.pol",
)

NOISES = (
    Noise(
        story=Story(
            "group policy refresh",
            (
                Connect(label="ldap", source="source", at="dc", by="gpsvc", on="lsass", port=389, after=(0, 1)),
                LogOn(at="dc", account="machine", over="ldap"),
                Connect(label="smb", source="source", at="dc", by="system", on="system", port=445, after=(0.05, 0.4)),
                LogOn(label="session", at="dc", account="machine", over="smb"),
                AccessShare(at="dc", over="smb", session="session", share=_SYSVOL),
                AccessShare(at="dc", over="smb", session="session", share=_SYSVOL, file=_POLICIES, mask="0x120089"),
                AccessShare(at="dc", over="smb", session="session", share=_SYSVOL, file=_POLICIES, mask="0x120089"),
                Start(
                    at="source",
                    image=r"C:\Windows\System32\taskhostw.exe",
                    command_line="taskhostw.exe",
                    parent="schedule",
                    session="system",
                    after=(0.2, 3),
                    lasts=(3, 30),
                ),
            ),
        ),
        roles=_MEMBERS,
        per_day=8,
        driver="source",
        others=_CONTROLLER,
    ),
    Noise(
        story=Story(
            "secure channel",
            (
                Connect(source="source", at="dc", by="lsass", on="rpcss", port=135, after=(0, 1)),
                Connect(label="netlogon", source="source", at="dc", by="lsass", on="lsass", after=(0.003, 0.02)),
                LogOn(at="dc", account="machine", over="netlogon"),
            ),
        ),
        roles=_MEMBERS,
        per_day=6,
        driver="source",
        others=_CONTROLLER,
    ),
    Noise(
        story=Story(
            "ticket",
            (Connect(source="source", at="dc", by="lsass", on="lsass", port=88, after=(0, 1)),),
        ),
        roles=_MEMBERS,
        per_day=14,
        driver="source",
        others=_CONTROLLER,
    ),
    Noise(
        story=Story(
            "web account",
            (
                Start(
                    label="task",
                    at="source",
                    image=r"C:\Windows\System32\backgroundTaskHost.exe",
                    command_line=(
                        r'"C:\Windows\system32\BackgroundTaskHost.exe" '
                        "-ServerName:BackgroundTaskHost.WebAccountProvider"
                    ),
                    parent="dcomlaunch",
                    session="desktop",
                    integrity="AppContainer",
                    after=(0, 1),
                    lasts=(2, 20),
                ),
                Connect(source="source", at="dc", by="task", on="rpcss", port=135, after=(0.3, 0.9)),
                Connect(label="lsa", source="source", at="dc", by="task", on="lsass", after=(0.003, 0.02)),
                LogOn(at="dc", account="machine", over="lsa"),
            ),
        ),
        roles=("workstation",),
        per_day=2,
        when="desk",
        driver="source",
        others=_CONTROLLER,
    ),
    Noise(
        story=Story(
            "directory replication",
            (
                Connect(source="source", at="dc", by="lsass", on="rpcss", port=135, after=(0, 1)),
                Connect(label="drsuapi", source="source", at="dc", by="lsass", on="lsass", after=(0.003, 0.02)),
                LogOn(at="dc", account="machine", over="drsuapi"),
            ),
        ),
        roles=("dc",),
        per_day=60,
        driver="source",
        others=_CONTROLLER,
    ),
    Noise(
        story=Story(
            "file replication",
            (
                Connect(source="source", at="dc", by="dfsrs", on="rpcss", port=135, after=(0, 1)),
                Connect(label="frs", source="source", at="dc", by="dfsrs", on="dfsrs", after=(0.003, 0.03)),
                LogOn(at="dc", account="machine", over="frs"),
            ),
        ),
        roles=("dc",),
        per_day=30,
        driver="source",
        others=_CONTROLLER,
    ),
)
