"""Switching on and logging on: every standing process starts, then a burst of services, then the desktop's servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from tiercel.simulate.noise.casting import Noise, cast_noise
from tiercel.simulate.standing import STANDING
from tiercel.simulate.story import Start, Story
from tiercel.simulate.telling import Cast, Telling

if TYPE_CHECKING:
    from tiercel.simulate.chance import Chance
    from tiercel.simulate.fleet import Fleet
    from tiercel.simulate.happenings import Happenings

__all__ = ["AFTER_BOOT", "AFTER_LOGON", "tell_beginnings"]

_SVCHOST = r"C:\Windows\System32\svchost.exe"
_EVERY_ROLE = ("workstation", "dc", "server", "files", "office", "print", "monitoring", "deployment", "backup")
_SYSTEM_APPS = "C:\\Windows\\SystemApps\\"
_START_MENU = f"{_SYSTEM_APPS}Microsoft.Windows.StartMenuExperienceHost_cw5n1h2txyewy\\StartMenuExperienceHost.exe"
_PACKAGES = ("App.AppXmtcan0h2tfbfy7k9kn8hbxb6dmzz1zh0.mca", "CortanaUI.AppXy7vb4pc2dr3kc93kfc509b1d0arkfb2x.mca")


def _services(*names: tuple[str, str, str]) -> tuple[Start, ...]:
    """Services in svchosts of their own, one after another within the first minute."""
    return tuple(
        Start(
            image=_SVCHOST,
            command_line=f"C:\\Windows\\system32\\svchost.exe -k {group} -p -s {service}",
            parent="services",
            session=session,
            after=(0.05, 1.9),
        )
        for group, service, session in names
    )


_FIRST_MINUTE = _services(
    ("LocalServiceNetworkRestricted", "lmhosts", "local service"),
    ("LocalSystemNetworkRestricted", "NcbService", "system"),
    ("LocalServiceNoNetwork", "CoreMessagingRegistrar", "local service"),
    ("LocalServiceNoNetworkFirewall", "mpssvc", "local service"),
    ("netsvcs", "UserManager", "system"),
    ("LocalService", "nsi", "local service"),
    ("LocalService", "EventSystem", "local service"),
    ("netsvcs", "SENS", "system"),
    ("LocalService", "FontCache", "local service"),
    ("LocalSystemNetworkRestricted", "SysMain", "system"),
    ("netsvcs", "ShellHWDetection", "system"),
    ("LocalServiceNetworkRestricted", "WinHttpAutoProxySvc", "local service"),
    ("appmodel", "StateRepository", "system"),
    ("NetworkService", "DoSvc", "network service"),
    ("utcsvc", "DiagTrack", "system"),
    ("LocalServiceNoNetworkFirewall", "BFE", "local service"),
    ("netsvcs", "IKEEXT", "system"),
    ("LocalSystemNetworkRestricted", "TrkWks", "system"),
    ("LocalService", "CDPSvc", "local service"),
    ("netsvcs", "TokenBroker", "system"),
)
_DELAYED = (
    Start(
        image=r"C:\Windows\System32\sppsvc.exe",
        command_line=r"C:\Windows\system32\sppsvc.exe",
        parent="services",
        session="network service",
        after=(60, 90),
    ),
    Start(
        image=_SVCHOST,
        command_line=r"C:\Windows\System32\svchost.exe -k netsvcs -p -s BITS",
        parent="services",
        session="system",
        after=(5, 30),
    ),
    Start(
        image=_SVCHOST,
        command_line=r"C:\Windows\system32\svchost.exe -k netsvcs -p -s wuauserv",
        parent="services",
        session="system",
        after=(5, 40),
    ),
    Start(
        image=r"C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe",
        command_line=r'"C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe" /svc',
        parent="services",
        session="system",
        after=(5, 60),
        lasts=(2, 9),
    ),
    Start(
        image=r"C:\Windows\System32\SgrmBroker.exe",
        command_line=r"C:\Windows\system32\SgrmBroker.exe",
        parent="services",
        session="system",
        after=(5, 60),
    ),
)

AFTER_BOOT = Noise(story=Story("boot", (*_FIRST_MINUTE, *_DELAYED)), roles=_EVERY_ROLE, when="boot")


def _broker(
    name: str, command_line: str | tuple[str, ...], integrity: str = "Medium", after: tuple[float, float] = (0.1, 2.5)
) -> Start:
    return Start(
        image=name, command_line=command_line, parent="dcomlaunch", session="desktop", integrity=integrity, after=after
    )


AFTER_LOGON = Noise(
    story=Story(
        "log-on",
        (
            Start(
                image=r"C:\Windows\System32\sihost.exe",
                command_line="sihost.exe",
                parent="services",
                session="desktop",
                integrity="Medium",
                after=(0.8, 1.6),
            ),
            Start(
                image=r"C:\Windows\System32\taskhostw.exe",
                command_line=r"taskhostw.exe {222A245B-E637-4AE9-A93F-A59CA119A75E}",
                parent="schedule",
                session="desktop",
                integrity="Medium",
                after=(0.1, 0.4),
            ),
            Start(
                image=r"C:\Windows\System32\gpscript.exe",
                command_line="gpscript.exe /Logon",
                parent="gpsvc",
                session="desktop",
                integrity="Medium",
                after=(0.5, 1.5),
                lasts=(0.4, 3),
            ),
            _broker(
                _START_MENU,
                f'"{_START_MENU}" -ServerName:App.AppXywbrabmsek0gm3tkwpr5kwzbs55tkqay.mca',
                "AppContainer",
            ),
            _broker(r"C:\Windows\System32\RuntimeBroker.exe", r"C:\Windows\System32\RuntimeBroker.exe -Embedding"),
            _broker(
                r"C:\Windows\SystemApps\Microsoft.Windows.Search_cw5n1h2txyewy\SearchApp.exe",
                r'"C:\Windows\SystemApps\Microsoft.Windows.Search_cw5n1h2txyewy\SearchApp.exe" '
                "-ServerName:CortanaUI.AppX8z9r6jm96hw4bsbneegw0kyxx296wr9t.mca",
                "AppContainer",
            ),
            _broker(r"C:\Windows\System32\RuntimeBroker.exe", r"C:\Windows\System32\RuntimeBroker.exe -Embedding"),
            _broker(r"C:\Windows\System32\SettingSyncHost.exe", r"C:\Windows\system32\SettingSyncHost.exe -Embedding"),
            _broker(
                r"C:\Windows\System32\backgroundTaskHost.exe",
                tuple(
                    f'"C:\\Windows\\system32\\backgroundTaskHost.exe" -ServerName:{package}' for package in _PACKAGES
                ),
                "AppContainer",
            ),
            _broker(r"C:\Windows\System32\smartscreen.exe", r"C:\Windows\System32\smartscreen.exe -Embedding"),
            Start(
                image=r"C:\Windows\System32\SecurityHealthSystray.exe",
                command_line=r'"C:\Windows\System32\SecurityHealthSystray.exe" ',
                parent="explorer",
                after=(1, 5),
            ),
            Start(
                image=r"C:\Program Files\Microsoft OneDrive\OneDrive.exe",
                command_line=r'"C:\Program Files\Microsoft OneDrive\OneDrive.exe" /background',
                parent="explorer",
                after=(1, 8),
            ),
            _broker(
                r"C:\Windows\System32\dllhost.exe",
                r"C:\Windows\system32\DllHost.exe /Processid:{973D20D7-562D-44B9-B70B-5A0F49CCDF3F}",
            ),
            _broker(r"C:\Windows\System32\mobsync.exe", r"C:\Windows\System32\mobsync.exe -Embedding"),
            _broker(r"C:\Windows\System32\CompPkgSrv.exe", r"C:\Windows\System32\CompPkgSrv.exe -Embedding"),
            _broker(
                r"C:\Windows\System32\dllhost.exe",
                r"C:\Windows\system32\DllHost.exe /Processid:{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5}",
            ),
            Start(
                image=r"C:\Program Files (x86)\Teams Installer\Teams.exe",
                command_line=r'"C:\Program Files (x86)\Teams Installer\Teams.exe" --checkInstall --source=PROPLUS',
                parent="explorer",
                after=(1, 6),
            ),
        ),
    ),
    roles=("workstation",),
    when="log-on",
)


def tell_beginnings(fleet: Fleet, chance: Chance, into: Happenings) -> None:
    """The boots and log-ons within the fleet's time: the start of every standing process, and the log-on itself."""
    roles = fleet.hosts.column("role").to_pylist()
    hosts = fleet.uptimes.column("host").to_pylist()
    for noise in (AFTER_BOOT, AFTER_LOGON):
        cast = cast_noise(noise, fleet, chance)
        if cast is None:
            continue
        for process in STANDING.values():
            if process.desktop == (noise is AFTER_BOOT) or process.name == "system":
                continue
            uptimes = [uptime for uptime in cast.actors["target"].to_pylist() if process.runs_on(roles[hosts[uptime]])]
            _tell_standing(process.name, uptimes, fleet, chance, into)
        if noise is AFTER_LOGON:
            _tell_logon(Telling(fleet, cast, chance, into), len(cast), into)


def _tell_standing(name: str, uptimes: list[int], fleet: Fleet, chance: Chance, into: Happenings) -> None:
    """The start of one standing process in those uptimes."""
    actors = {"target": pa.array(uptimes, pa.int32())}
    telling = Telling(fleet, Cast(actors["target"], actors), chance, into)
    process = telling.standing(name, "target")
    columns = process.columns("process", "parent", "grandparent")
    into.add("start", {"uptime": actors["target"], "time": process.start, **columns}, len(uptimes))


def _tell_logon(telling: Telling, n: int, into: Happenings) -> None:
    """The interactive log-on at each desktop."""
    session = telling.session("desktop", "target")
    columns = {
        "uptime": telling.cast.actors["target"],
        "time": session.logon_time,
        "logon_type": 2,
        "package": "Negotiate",
    }
    columns |= session.columns("session") | telling.standing("winlogon", "target").columns("process")
    into.add("logon", columns, n)
