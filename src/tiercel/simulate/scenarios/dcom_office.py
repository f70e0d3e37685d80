"""Office automation from a distance: Excel starts under DcomLaunch and runs the caller's macro."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength, Variant
from tiercel.simulate.scenarios.parts import ACTIVATION
from tiercel.simulate.story import Connect, Start, Story

_OFFICE = "C:\\Program Files\\Microsoft Office\\root\\Office16\\"


def _instead(program: str) -> Variant:
    """Another program of Office as the server."""
    image = f"{_OFFICE}{program}"
    name = program.partition(".")[0].lower()
    return Variant(
        name=name,
        description=f"{program} instead of EXCEL.EXE.",
        changes={"server": {"image": image, "command_line": f'"{image}" /automation -Embedding'}},
    )


SCENARIO = Scenario(
    name="dcom-office",
    title="DCOM Excel.Application and its kin",
    description=(
        "Excel starts with /automation -Embedding in the caller's session, accepts the caller 1 to 7 s later, and "
        "runs shellcode in its own process: the only child is a helper of Office's own."
    ),
    techniques=("T1021.003",),
    strength=Strength.ACTIVATION,
    server="server",
    rules=("rpc-chain-dcom", "remote-session-process", "inbound-remote-rpc-call"),
    story=Story(
        "dcom-office",
        (
            *ACTIVATION,
            Start(
                label="server",
                image=f"{_OFFICE}EXCEL.EXE",
                command_line=f'"{_OFFICE}EXCEL.EXE" /automation -Embedding',
                parent="dcomlaunch",
                session="session",
                integrity="High",
                after=(0.08, 0.3),
                since="activation",
                lasts=(60, 300),
            ),
            Connect(label="second connection", by="tool", on="server", after=(1, 7)),
            Start(
                label="helper",
                image=r"C:\Program Files\Microsoft Office\root\Client\AppVDllSurrogate64.exe",
                command_line=(
                    r'"C:\Program Files\Microsoft Office\root\Client\AppVDllSurrogate64.exe" '
                    "{0358B920-0AC7-461F-98F4-58E32CD89148} -Embedding"
                ),
                parent="server",
                after=(6, 12),
                lasts=(0.3, 0.8),
            ),
        ),
    ),
    variants=(
        _instead("WINWORD.EXE"),
        _instead("POWERPNT.EXE"),
        _instead("OUTLOOK.EXE"),
        _instead("VISIO.EXE"),
    ),
)
