"""Office automation: scripts and line-of-business programs that start Excel and Word through COM, on the same host.

The source of the DCOM hunt counts over a thousand such starts a day; each looks like a remote activation but for the
caller.
"""

from __future__ import annotations

from tiercel.simulate.noise.casting import Noise
from tiercel.simulate.story import Connect, Start, Step, Story

__all__ = ["NOISES"]

_OFFICE = "C:\\Program Files\\Microsoft Office\\root\\Office16\\"


def _automation(program: str, caller: Start, *more: Step) -> Story:
    return Story(
        f"{program} automation from {caller.label}",
        (
            caller,
            Start(
                label="office",
                image=f"{_OFFICE}{program}",
                command_line=f'"{_OFFICE}{program}" /automation -Embedding',
                parent="dcomlaunch",
                session=caller.session,
                integrity=caller.integrity or "High",
                after=(0.2, 1.5),
                lasts=(8, 90),
            ),
            *more,
        ),
    )


_REPORT = Start(
    label="report",
    image=r"C:\Windows\System32\cscript.exe",
    command_line=(
        r'"C:\Windows\System32\cscript.exe" //nologo D:\Reports\daily_{number}.vbs',
        r'"C:\Windows\System32\cscript.exe" //nologo D:\Reports\stock.vbs {number}',
    ),
    parent="schedule",
    session="system",
    integrity="System",
    after=(0, 1),
    lasts=(20, 120),
)
_ERP = Start(
    label="erp",
    image=r"C:\Program Files (x86)\Northwind ERP\erpclient.exe",
    command_line=r'"C:\Program Files (x86)\Northwind ERP\erpclient.exe" /export:{number}',
    parent="explorer",
    session="desktop",
    integrity="Medium",
    after=(0, 1),
    lasts=(30, 600),
)
_LICENSE_CALL = Connect(
    source="target",
    at="target",
    by="office",
    address=("52.109.12.20", "52.109.6.5", "52.113.194.132"),
    port=443,
    after=(1, 5),
)
_PRINTS = Start(
    image=r"C:\Windows\splwow64.exe",
    command_line=r"C:\Windows\splwow64.exe 12288",
    parent="office",
    after=(2, 7),
    lasts=(10, 90),
)

NOISES = (
    Noise(story=_automation("EXCEL.EXE", _REPORT), roles=("office",), per_fleet=420),
    Noise(story=_automation("WINWORD.EXE", _REPORT, _PRINTS), roles=("office",), per_fleet=140),
    Noise(
        story=_automation("EXCEL.EXE", _ERP, _LICENSE_CALL),
        roles=("workstation",),
        per_day=4,
        per_fleet=460,
        when="desk",
    ),
    Noise(story=_automation("OUTLOOK.EXE", _ERP), roles=("workstation",), per_day=1, per_fleet=80, when="desk"),
)
