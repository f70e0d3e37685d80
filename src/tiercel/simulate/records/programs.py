"""What is known of a program file: its hashes, its version resource, and who signed it.

Hashes are digests of the file's name, so that one program has one hash on every host; a name that differs per host or
per occurrence (a dropped payload) has a hash of its own. Version resources are those of the real programs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

__all__ = ["Program", "program"]


@dataclass(frozen=True, slots=True)
class Program:
    """A program file. `signer` is empty when nobody signed it."""

    base_name: str
    md5: str
    sha1: str
    sha256: str
    imphash: str
    size: int
    company: str
    product: str
    description: str
    version: str
    signer: str


_WINDOWS = ("Microsoft Corporation", "Microsoft® Windows® Operating System", "10.0.19041.2311", "Microsoft Windows")
_OFFICE = ("Microsoft Corporation", "Microsoft Office", "16.0.15601.20142", "Microsoft Corporation")

_DESCRIPTIONS = {
    "svchost.exe": "Host Process for Windows Services",
    "services.exe": "Services and Controller app",
    "lsass.exe": "Local Security Authority Process",
    "cmd.exe": "Windows Command Processor",
    "powershell.exe": "Windows PowerShell",
    "mmc.exe": "Microsoft Management Console",
    "wmiprvse.exe": "WMI Provider Host",
    "dllhost.exe": "COM Surrogate",
    "runtimebroker.exe": "Runtime Broker",
    "backgroundtaskhost.exe": "Background Task Host",
    "explorer.exe": "Windows Explorer",
    "rundll32.exe": "Windows host process (Rundll32)",
    "msiexec.exe": "Windows® installer",
    "conhost.exe": "Console Window Host",
    "excel.exe": "Microsoft Excel",
    "winword.exe": "Microsoft Word",
    "outlook.exe": "Microsoft Outlook",
    "msedge.exe": "Microsoft Edge",
    "iexplore.exe": "Internet Explorer",
    "psexesvc.exe": "PsExec Service",
}
_OFFICE_NAMES = frozenset(
    {"excel.exe", "winword.exe", "outlook.exe", "powerpnt.exe", "visio.exe", "officec2rclient.exe", "sdxhelper.exe"}
)
_PUBLISHERS = {
    "psexesvc.exe": ("Sysinternals - www.sysinternals.com", "Sysinternals PsExec", "2.2", "Microsoft Corporation"),
    "deployrunner-1.exe": ("Northwind Traders", "Northwind Deploy", "5.2.11", "Northwind Traders"),
    "erpclient.exe": ("Northwind Traders", "Northwind ERP", "11.4", "Northwind Traders"),
    "erpagent.exe": ("Northwind Traders", "Northwind ERP", "11.4", "Northwind Traders"),
    "googleupdate.exe": ("Google LLC", "Google Update", "1.3.36.152", "Google LLC"),
    "msedge.exe": ("Microsoft Corporation", "Microsoft Edge", "108.0.1462.54", "Microsoft Corporation"),
    "onedrive.exe": ("Microsoft Corporation", "Microsoft OneDrive", "22.238.1114.0002", "Microsoft Corporation"),
    "teams.exe": ("Microsoft Corporation", "Microsoft Teams", "1.5.00.31168", "Microsoft Corporation"),
}
_TRUSTED_FOLDERS = ("c:\\windows\\", "c:\\program files\\", "c:\\program files (x86)\\", "c:\\programdata\\microsoft\\")


@cache
def program(path: str) -> Program:
    """What is known of the program at a path; one that no installer puts there is unsigned."""
    lowered = path.lower()
    name = lowered.rpartition("\\")[2]
    base = path.rpartition("\\")[2]

    def digest(algorithm: str) -> str:
        return hashlib.new(algorithm, f"{lowered} 1.0".encode(), usedforsecurity=False).hexdigest()

    company, product, version, signer = _publisher(lowered, name)
    description = _DESCRIPTIONS.get(name, base.removesuffix(".exe") if company else "")
    size = 20_000 + int(digest("md5")[:6], 16)
    return Program(
        base,
        digest("md5"),
        digest("sha1"),
        digest("sha256"),
        digest("md5")[::-1],
        size,
        company,
        product,
        description,
        version,
        signer,
    )


def _publisher(lowered: str, name: str) -> tuple[str, str, str, str]:
    """Company, product, version and signer of a program, empty for one that nobody signed."""
    if name in _PUBLISHERS:
        return _PUBLISHERS[name]
    if name in _OFFICE_NAMES:
        return _OFFICE
    if lowered == "system" or (lowered.startswith(_TRUSTED_FOLDERS) and not _dropped(lowered)):
        return _WINDOWS
    return "", "", "", ""


def _dropped(lowered: str) -> bool:
    """Whether no installer puts a file there: straight below the Windows folder, or in a scratch folder."""
    folder, _, name = lowered.rpartition("\\")
    if folder == "c:\\windows":
        return name not in {"explorer.exe", "sysmon64.exe", "regedit.exe", "notepad.exe"}
    return folder.endswith("\\temp") or "\\appdata\\" in folder
