"""The processes that every Windows host runs from boot on, in the order in which they start.

Names, command lines and accounts are those of Windows 10 and Server 2019 as seen in public captures; the times are
seconds after boot, as a host of that age takes them.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["STANDING", "Standing"]

_SYSTEM32 = "C:\\Windows\\System32\\"
_SVCHOST = _SYSTEM32 + "svchost.exe"


@dataclass(frozen=True, slots=True)
class Standing:
    """A process that runs from boot to shutdown. `rpc` says that it listens on a dynamic RPC port of its own.

    `pid` 0 means drawn per boot; `on` names the roles that run it, empty for all; `desktop` that it starts with the
    log-on.
    """

    name: str
    image: str
    command_line: str
    parent: str
    session: str
    after_boot: float
    rpc: bool = False
    pid: int = 0
    on: tuple[str, ...] = ()
    desktop: bool = False

    def runs_on(self, role: str) -> bool:
        """Whether a host of that role runs it."""
        return not self.on or role in self.on


def _service(
    name: str, group: str, service: str, session: str, after_boot: float, *, rpc: bool = False, on: tuple[str, ...] = ()
) -> Standing:
    """A service that runs in a svchost of its own, as they do on hosts with more than 3.5 GB of memory."""
    protected = " -p" if group != "NetworkService -s TermService" else ""
    suffix = f" -s {service}" if service else ""
    command_line = f"C:\\Windows\\system32\\svchost.exe -k {group}{protected}{suffix}"
    return Standing(name, _SVCHOST, command_line, "services", session, after_boot, rpc=rpc, on=on)


STANDING: dict[str, Standing] = {
    process.name: process
    for process in (
        Standing("system", "System", "", "", "system", 0.0, pid=4),
        Standing("smss", _SYSTEM32 + "smss.exe", r"\SystemRoot\System32\smss.exe", "system", "system", 0.4),
        Standing("wininit", _SYSTEM32 + "wininit.exe", "wininit.exe", "smss", "system", 3.1, rpc=True),
        Standing("winlogon", _SYSTEM32 + "winlogon.exe", "winlogon.exe", "smss", "system", 3.4),
        Standing(
            "services",
            _SYSTEM32 + "services.exe",
            r"C:\Windows\system32\services.exe",
            "wininit",
            "system",
            3.6,
            rpc=True,
        ),
        Standing(
            "lsass", _SYSTEM32 + "lsass.exe", r"C:\Windows\system32\lsass.exe", "wininit", "system", 3.7, rpc=True
        ),
        _service("dcomlaunch", "DcomLaunch", "", "system", 4.2),
        _service("rpcss", "RPCSS", "", "network service", 4.5),
        _service("lsm", "DcomLaunch", "LSM", "system", 4.6),
        _service("eventlog", "LocalServiceNetworkRestricted", "EventLog", "local service", 5.3, rpc=True),
        _service("profsvc", "netsvcs", "ProfSvc", "system", 5.5),
        _service("gpsvc", "netsvcs", "gpsvc", "system", 5.6),
        _service("nlasvc", "NetworkService", "NlaSvc", "network service", 6.4),
        _service("dnscache", "NetworkService", "Dnscache", "network service", 6.5),
        _service("dhcp", "LocalServiceNetworkRestricted", "Dhcp", "local service", 6.6),
        _service("schedule", "netsvcs", "Schedule", "system", 6.9, rpc=True),
        _service("winmgmt", "netsvcs", "Winmgmt", "system", 7.4, rpc=True),
        _service("themes", "netsvcs", "Themes", "system", 7.5),
        _service("sessionenv", "netsvcs", "SessionEnv", "system", 7.7, rpc=True),
        _service("termservice", "NetworkService -s TermService", "", "network service", 7.9),
        _service("cryptsvc", "NetworkService", "CryptSvc", "network service", 8.3),
        Standing(
            "spooler",
            _SYSTEM32 + "spoolsv.exe",
            r"C:\Windows\System32\spoolsv.exe",
            "services",
            "system",
            8.8,
            rpc=True,
        ),
        _service("lanmanserver", "netsvcs", "LanmanServer", "system", 9.4),
        _service("lanmanworkstation", "NetworkService", "LanmanWorkstation", "network service", 9.5),
        _service("w32time", "LocalService", "W32Time", "local service", 9.8),
        _service("winrm", "NetworkService", "WinRM", "network service", 10.4),
        Standing(
            "defender",
            r"C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.2211.5-0\MsMpEng.exe",
            r'"C:\ProgramData\Microsoft\Windows Defender\Platform\4.18.2211.5-0\MsMpEng.exe"',
            "services",
            "system",
            11.2,
        ),
        Standing("sysmon", r"C:\Windows\Sysmon64.exe", r"C:\Windows\Sysmon64.exe", "services", "system", 5.9),
        Standing(
            "searchindexer",
            _SYSTEM32 + "SearchIndexer.exe",
            r"C:\Windows\system32\SearchIndexer.exe /Embedding",
            "services",
            "system",
            45.0,
            on=("workstation",),
        ),
        Standing(
            "dns",
            _SYSTEM32 + "dns.exe",
            r"C:\Windows\system32\dns.exe",
            "services",
            "system",
            14.0,
            rpc=True,
            on=("dc",),
        ),
        Standing(
            "dfsrs",
            _SYSTEM32 + "dfsrs.exe",
            r"C:\Windows\system32\DFSRs.exe",
            "services",
            "system",
            15.0,
            rpc=True,
            on=("dc",),
        ),
        Standing(
            "adws",
            r"C:\Windows\ADWS\Microsoft.ActiveDirectory.WebServices.exe",
            r"C:\Windows\ADWS\Microsoft.ActiveDirectory.WebServices.exe",
            "services",
            "system",
            18.0,
            on=("dc",),
        ),
        Standing(
            "userinit",
            _SYSTEM32 + "userinit.exe",
            r"C:\Windows\system32\userinit.exe",
            "winlogon",
            "desktop",
            1.9,
            desktop=True,
        ),
        Standing(
            "explorer",
            r"C:\Windows\explorer.exe",
            r"C:\Windows\Explorer.EXE",
            "userinit",
            "desktop",
            2.6,
            rpc=True,
            desktop=True,
        ),
    )
}
"""Every standing process by its name in stories."""
