"""A scheduled task registered over SMB's atsvc pipe, as atexec does."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import CMD, SMB_SESSION
from tiercel.simulate.story import AccessShare, RegisterTask, Start, Story

_CONTENT = "<Task><Actions><Exec><Command>cmd.exe</Command><Arguments>/C tasklist</Arguments></Exec></Actions></Task>"

SCENARIO = Scenario(
    name="task-smb",
    title="Task Scheduler over SMB",
    description=(
        "The pipe atsvc is opened over port 445, a task is registered and run at once; its output is fetched from "
        "ADMIN$. No process but System accepts a connection."
    ),
    techniques=("T1053.005",),
    strength=Strength.EXECUTION,
    child="child",
    rules=("inbound-remote-rpc-call",),
    story=Story(
        "task-smb",
        (
            *SMB_SESSION,
            AccessShare(label="atsvc pipe", over="smb", session="session", file="atsvc", mask="0x3"),
            RegisterTask(label="task", session="session", task=r"\CYAl{number}", content=_CONTENT, after=(0.05, 0.1)),
            Start(
                label="child",
                image=CMD,
                command_line=r"cmd.exe /C tasklist > C:\Windows\Temp\CYAl{number}.tmp 2>&1",
                parent="schedule",
                session="system",
                after=(0.005, 0.1),
                lasts=(0.1, 0.5),
            ),
            AccessShare(
                label="output",
                over="smb",
                session="session",
                share=r"\\*\ADMIN$",
                file=r"Temp\CYAl{number}.tmp",
                mask="0x1",
                after=(0.05, 3),
            ),
        ),
    ),
    blind={
        "sysmon-only": "Sysmon has no event of a task; needed is 4698, or Defender's ScheduledTaskCreated",
    },
)
