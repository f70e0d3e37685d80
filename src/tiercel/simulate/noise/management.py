"""Management from a distance, which is real remote execution: monitoring over WMI, deployment and checks over SCM.

It is found, and rightly: it is allowed by its source, never silently. So it is written only on request.
"""

from __future__ import annotations

from tiercel.simulate.noise.casting import Noise
from tiercel.simulate.story import AccessShare, Connect, InstallService, LogOn, Start, Story

__all__ = ["NOISES"]

_MEMBER_SERVERS = ("server", "files", "office", "print", "dc")
_MONITOR = ("svc-monitor", "S-1-5-21-1-1-1-1900")
_DEPLOY = ("svc-deploy", "S-1-5-21-1-1-1-1902")
_RUNNER = r"C:\Windows\NorthwindDeploy\DeployRunner-1.exe"
_PROVIDER = Start(
    label="provider",
    image=r"C:\Windows\System32\wbem\WmiPrvSE.exe",
    command_line=r"C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding",
    parent="dcomlaunch",
    session="network service",
    after=(0.05, 0.3),
    lasts=(60, 100),
)

NOISES = (
    Noise(
        story=Story(
            "monitoring over WMI",
            (
                Connect(source="source", on="rpcss", port=135, after=(0, 1)),
                Connect(label="wmi", source="source", on="winmgmt", after=(0.005, 0.05)),
                LogOn(over="wmi"),
                _PROVIDER,
            ),
        ),
        roles=_MEMBER_SERVERS,
        per_day=24,
        others={"source": ("monitoring",)},
        account=_MONITOR,
        management=True,
    ),
    Noise(
        story=Story(
            "inventory over WMI",
            (
                Connect(source="source", on="rpcss", port=135, after=(0, 1)),
                Connect(label="wmi", source="source", on="winmgmt", after=(0.005, 0.05)),
                LogOn(label="session", over="wmi"),
                _PROVIDER,
                Start(
                    image=r"C:\Windows\System32\cmd.exe",
                    command_line=r"cmd.exe /c C:\Windows\Temp\inventory.cmd",
                    parent="provider",
                    session="session",
                    integrity="High",
                    after=(0.05, 0.2),
                    lasts=(1, 20),
                ),
            ),
        ),
        roles=_MEMBER_SERVERS,
        per_day=1,
        others={"source": ("monitoring",)},
        account=_MONITOR,
        management=True,
    ),
    Noise(
        story=Story(
            "service check over SCM",
            (
                Connect(source="source", on="rpcss", port=135, after=(0, 1)),
                Connect(label="scm", source="source", on="services", after=(0.005, 0.05)),
                LogOn(over="scm"),
            ),
        ),
        roles=_MEMBER_SERVERS,
        per_day=24,
        others={"source": ("monitoring",)},
        account=_MONITOR,
        management=True,
    ),
    Noise(
        story=Story(
            "software deployment over SCM",
            (
                Connect(label="smb", source="source", on="system", by="system", port=445, after=(0, 1)),
                LogOn(label="session", over="smb"),
                AccessShare(over="smb", session="session", share=r"\\*\ADMIN$"),
                AccessShare(
                    over="smb",
                    session="session",
                    share=r"\\*\ADMIN$",
                    file=r"NorthwindDeploy\DeployRunner-1.exe",
                    mask="0x120196",
                ),
                Connect(source="source", on="rpcss", port=135, after=(0.3, 2)),
                Connect(label="scm", source="source", on="services", after=(0.005, 0.05)),
                InstallService(
                    session="session", service="DeployRunner-1", image_path=f'"{_RUNNER}"', after=(0.02, 0.2)
                ),
                Start(
                    label="runner",
                    image=_RUNNER,
                    command_line=f'"{_RUNNER}"',
                    parent="services",
                    session="system",
                    after=(0.1, 0.8),
                    lasts=(30, 300),
                ),
                Start(
                    image=r"C:\Windows\System32\msiexec.exe",
                    command_line=r'"msiexec.exe" /i package{number}.msi /qn /norestart',
                    parent="runner",
                    after=(1, 6),
                    lasts=(20, 200),
                ),
            ),
        ),
        roles=("workstation", *_MEMBER_SERVERS),
        per_day=0.08,
        others={"source": ("deployment",)},
        account=_DEPLOY,
        management=True,
    ),
)
