"""InternetExplorer.Application: the second connection lands on a tab, a child of the server that was started."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import ACTIVATION
from tiercel.simulate.story import Connect, Start, Story

_IEXPLORE = r"C:\Program Files\Internet Explorer\iexplore.exe"

SCENARIO = Scenario(
    name="dcom-iexplore",
    title="DCOM InternetExplorer.Application",
    description=(
        "ielowutil.exe starts and accepts the caller, then iexplore.exe with a child that was planted as a library's "
        "payload; the browser's own second connection is accepted by its tab process, a child of the server."
    ),
    techniques=("T1021.003",),
    strength=Strength.EXECUTION,
    server="server",
    child="child",
    rules=("dcom-remote-activation", "rpc-chain-dcom", "remote-session-process", "inbound-remote-rpc-call"),
    story=Story(
        "dcom-iexplore",
        (
            *ACTIVATION,
            Start(
                label="helper",
                image=r"C:\Program Files (x86)\Internet Explorer\ielowutil.exe",
                command_line=(
                    r'"C:\Program Files (x86)\Internet Explorer\ielowutil.exe" '
                    "-CLSID:{0002DF01-0000-0000-C000-000000000046} -Embedding"
                ),
                parent="dcomlaunch",
                session="session",
                integrity="High",
                after=(0.1, 0.3),
                since="activation",
                lasts=(30, 60),
            ),
            Connect(label="helper's connection", by="tool", on="helper", after=(0.2, 0.5)),
            Start(
                label="server",
                image=_IEXPLORE,
                command_line=f'"{_IEXPLORE}" -Embedding',
                parent="dcomlaunch",
                session="session",
                integrity="High",
                after=(0.05, 0.2),
                lasts=(60, 300),
            ),
            Start(
                label="child",
                image=r"C:\Windows\System32\notepad.exe",
                command_line=r"c:\windows\system32\notepad.exe",
                parent="server",
                after=(0.04, 0.1),
                lasts=(60, 300),
            ),
            Start(
                label="tab",
                image=r"C:\Program Files (x86)\Internet Explorer\iexplore.exe",
                command_line=(
                    r'"C:\Program Files (x86)\Internet Explorer\IEXPLORE.EXE" SCODEF:{number} CREDAT:17410 /prefetch:2'
                ),
                parent="server",
                after=(0.2, 0.5),
                lasts=(60, 200),
            ),
            Connect(label="second connection", by="tool", on="tab", after=(0.8, 1.4)),
        ),
    ),
)
