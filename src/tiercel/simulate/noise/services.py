"""Services that start and stop all day: triggered, scheduled, or because someone opened a settings page."""

from __future__ import annotations

from tiercel.simulate.noise.casting import Noise
from tiercel.simulate.story import LoadImage, Start, Story

__all__ = ["NOISES"]

_SVCHOST = r"C:\Windows\System32\svchost.exe"
_GROUPS = (
    ("netsvcs -p -s wlidsvc", "system"),
    ("netsvcs -p -s gpsvc", "system"),
    ("netsvcs -p -s NetSetupSvc", "system"),
    ("netsvcs -p -s BITS", "system"),
    ("netsvcs -p -s wuauserv", "system"),
    ("netsvcs -p -s UsoSvc", "system"),
    ("netsvcs -p -s seclogon", "system"),
    ("wusvcs -p -s WaaSMedicSvc", "system"),
    ("wsappx -p -s AppXSvc", "system"),
    ("wsappx -p -s ClipSVC", "system"),
    ("appmodel -p -s camsvc", "system"),
    ("LocalSystemNetworkRestricted -p -s WdiSystemHost", "system"),
    ("LocalSystemNetworkRestricted -p -s fhsvc", "system"),
    ("WerSvcGroup", "system"),
    ("LocalServiceAndNoImpersonation -p -s SSDPSRV", "local service"),
    ("NetworkService -p -s DoSvc", "network service"),
)


def _trigger_started(session: str) -> Story:
    lines = tuple(f"C:\\Windows\\system32\\svchost.exe -k {group}" for group, account in _GROUPS if account == session)
    start = Start(
        label="svchost",
        image=_SVCHOST,
        command_line=lines,
        parent="services",
        session=session,
        after=(0, 1),
        lasts=(30, 1800),
    )
    return Story(f"trigger-started service ({session})", (start,))


def _own_process(
    name: str, image: str, command_line: str, session: str = "system", lasts: tuple[float, float] = (20, 600)
) -> Story:
    start = Start(
        label="service",
        image=image,
        command_line=command_line,
        parent="services",
        session=session,
        after=(0, 1),
        lasts=lasts,
    )
    return Story(name, (start, LoadImage(process="service", image=image)))


_SERVERS = ("dc", "server", "files", "office", "print", "monitoring", "deployment", "backup")
_ALL = ("workstation", *_SERVERS)
_TIWORKER = (
    r"C:\Windows\winsxs\amd64_microsoft-windows-servicingstack_31bf3856ad364e35_10.0.19041.1940_none_7dd80d767cb5c7b0"
    r"\TiWorker.exe"
)

NOISES = (
    Noise(story=_trigger_started("system"), roles=_ALL, per_day=22),
    Noise(story=_trigger_started("local service"), roles=_ALL, per_day=2),
    Noise(story=_trigger_started("network service"), roles=_ALL, per_day=2),
    Noise(
        story=_own_process(
            "software protection",
            r"C:\Windows\System32\sppsvc.exe",
            r"C:\Windows\system32\sppsvc.exe",
            "network service",
        ),
        roles=_ALL,
        per_day=5,
    ),
    Noise(
        story=_own_process(
            "search index",
            r"C:\Windows\System32\SearchIndexer.exe",
            r"C:\Windows\system32\SearchIndexer.exe /Embedding",
        ),
        roles=("workstation",),
        per_day=1,
    ),
    Noise(
        story=_own_process("shadow copy", r"C:\Windows\System32\vssvc.exe", r"C:\Windows\system32\vssvc.exe"),
        roles=_SERVERS,
        per_day=2,
    ),
    Noise(
        story=_own_process(
            "installer service", r"C:\Windows\System32\msiexec.exe", r"C:\Windows\system32\msiexec.exe /V"
        ),
        roles=_ALL,
        per_day=1.5,
    ),
    Noise(
        story=_own_process(
            "browser update",
            r"C:\Program Files (x86)\Google\Update\GoogleUpdate.exe",
            r'"C:\Program Files (x86)\Google\Update\GoogleUpdate.exe" /svc',
        ),
        roles=("workstation",),
        per_day=2,
    ),
    Noise(
        story=Story(
            "servicing",
            (
                Start(
                    image=r"C:\Windows\servicing\TrustedInstaller.exe",
                    command_line=r"C:\Windows\servicing\TrustedInstaller.exe",
                    parent="services",
                    session="system",
                    after=(0, 1),
                    lasts=(120, 900),
                ),
                Start(
                    image=_TIWORKER,
                    command_line=f"{_TIWORKER} -Embedding",
                    parent="dcomlaunch",
                    session="system",
                    after=(0.1, 0.8),
                    lasts=(120, 900),
                ),
            ),
        ),
        roles=_ALL,
        per_day=1.5,
    ),
)
