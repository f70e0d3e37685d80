"""A scheduled task registered and run over the Task Scheduler's own RPC port."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import CMD, TOOL
from tiercel.simulate.story import CallRpc, Connect, LogOn, RegisterTask, Start, Story

_CONTENT = "<Task><Actions><Exec><Command>cmd.exe</Command><Arguments>/c whoami</Arguments></Exec></Actions></Task>"

SCENARIO = Scenario(
    name="task-rpc",
    title="Task Scheduler over RPC",
    description=(
        "Port 135, then the svchost of Schedule on its own port; a task is registered and run, and cmd.exe starts "
        "as a child of that svchost."
    ),
    techniques=("T1053.005",),
    strength=Strength.EXECUTION,
    server="schedule",
    child="child",
    rules=("rpc-chain-task", "inbound-remote-rpc-call"),
    story=Story(
        "task-rpc",
        (
            TOOL,
            Connect(label="endpoint mapper", by="tool", on="rpcss", port=135, after=(2, 9)),
            Connect(label="scheduler", by="tool", on="schedule", after=(0.006, 0.03)),
            LogOn(label="session", over="scheduler"),
            CallRpc(
                label="register call",
                over="scheduler",
                session="session",
                process="schedule",
                interface="86d35949-83c9-4044-b424-db363231fd0c",
                interface_name="ITaskSchedulerService",
                operation=1,
                operation_name="SchRpcRegisterTask",
                after=(0.05, 0.3),
            ),
            RegisterTask(label="task", session="session", task=r"\sync{number}", content=_CONTENT),
            Start(
                label="child",
                image=CMD,
                command_line="cmd.exe /c whoami",
                parent="schedule",
                session="system",
                after=(0.2, 1.5),
                lasts=(0.1, 0.6),
            ),
        ),
    ),
    blind={
        "sysmon-only": "Sysmon has no event of a task; needed is 4698, or Defender's ScheduledTaskCreated",
        "first-connection-lost": (
            "a lone connection to a service host names no service; needed is port 135, or InboundRemoteRpcCall"
        ),
        "no-connection": "the task names its author's account, not the address; needed is one connection with port 135",
    },
)
