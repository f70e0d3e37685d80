"""COM servers that DcomLaunch starts all day for local callers, and the WMI provider host among them."""

from __future__ import annotations

from tiercel.simulate.noise.casting import Noise
from tiercel.simulate.story import OpenPipe, Start, Story

__all__ = ["NOISES"]

_SERVERS = ("dc", "server", "files", "office", "print", "monitoring", "deployment", "backup")
_SETTINGS = r"C:\Windows\ImmersiveControlPanel\SystemSettings.exe"
_TASK_HOST = r"C:\Windows\System32\backgroundTaskHost.exe"
_SERVER_NAMES = (
    "App.AppXmtcan0h2tfbfy7k9kn8hbxb6dmzz1zh0.mca",
    "BackgroundTaskHost.WebAccountProvider",
    "CortanaUI.AppXy7vb4pc2dr3kc93kfc509b1d0arkfb2x.mca",
)
_APP_IDS = (
    "{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5}",
    "{3EB3C877-1F16-487C-9050-104DBCD66683}",
    "{E10F6C3A-F1AE-4ADC-AA9D-2FE65525666E}",
    "{7966B4D8-4FDC-4126-A10B-39A3209AD251}",
    "{338B40F9-9D68-4B53-A793-6B9AA0C5F63B}",
)


def _desktop(
    name: str, image: str, command_line: str | tuple[str, ...], integrity: str, lasts: tuple[float, float]
) -> Story:
    start = Start(
        image=image,
        command_line=command_line,
        parent="dcomlaunch",
        session="desktop",
        integrity=integrity,
        after=(0, 1),
        lasts=lasts,
    )
    return Story(name, (start,))


NOISES = (
    Noise(
        story=_desktop(
            "background task",
            _TASK_HOST,
            tuple(f'"C:\\Windows\\system32\\backgroundTaskHost.exe" -ServerName:{server}' for server in _SERVER_NAMES),
            "AppContainer",
            (2, 30),
        ),
        roles=("workstation",),
        per_day=60,
        when="desk",
    ),
    Noise(
        story=_desktop(
            "runtime broker",
            r"C:\Windows\System32\RuntimeBroker.exe",
            r"C:\Windows\System32\RuntimeBroker.exe -Embedding",
            "Medium",
            (5, 120),
        ),
        roles=("workstation",),
        per_day=30,
        when="desk",
    ),
    Noise(
        story=_desktop(
            "surrogate",
            r"C:\Windows\System32\dllhost.exe",
            tuple(f"C:\\Windows\\system32\\DllHost.exe /Processid:{app_id}" for app_id in _APP_IDS),
            "Medium",
            (5, 20),
        ),
        roles=("workstation",),
        per_day=16,
        when="desk",
    ),
    Noise(
        story=_desktop(
            "smart screen",
            r"C:\Windows\System32\smartscreen.exe",
            r"C:\Windows\System32\smartscreen.exe -Embedding",
            "Medium",
            (60, 600),
        ),
        roles=("workstation",),
        per_day=6,
        when="desk",
    ),
    Noise(
        story=_desktop(
            "settings",
            _SETTINGS,
            f'"{_SETTINGS}" -ServerName:microsoft.windows.immersivecontrolpanel',
            "AppContainer",
            (10, 300),
        ),
        roles=("workstation",),
        per_day=1,
        when="desk",
    ),
    Noise(
        story=Story(
            "local WMI query",
            (
                Start(
                    label="provider",
                    image=r"C:\Windows\System32\wbem\WmiPrvSE.exe",
                    command_line=r"C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding",
                    parent="dcomlaunch",
                    session="network service",
                    after=(0, 1),
                    lasts=(60, 100),
                ),
                OpenPipe(process="provider", pipe=r"\wkssvc", after=(0.1, 0.4)),
                OpenPipe(process="provider", pipe=r"\srvsvc", after=(0.005, 0.05)),
            ),
        ),
        roles=("workstation", *_SERVERS),
        per_day=14,
    ),
)
