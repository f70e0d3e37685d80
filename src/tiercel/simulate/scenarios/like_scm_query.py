"""The service manager is opened and asked; nothing is installed and nothing starts."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength, Variant
from tiercel.simulate.scenarios.parts import SMB_SESSION, SVCCTL_PIPE, TOOL, service_call
from tiercel.simulate.story import Connect, LogOn, Story

SCENARIO = Scenario(
    name="like-scm-query",
    title="Query of the service manager",
    description="sc.exe or a console asks for a service's state: 135, then services.exe; or the svcctl pipe.",
    techniques=(),
    strength=Strength.NONE,
    story=Story(
        "query of the service manager",
        (
            TOOL,
            Connect(label="endpoint mapper", by="tool", on="rpcss", port=135, after=(2, 9)),
            Connect(label="service manager", by="tool", on="services", after=(0.006, 0.02)),
            LogOn(label="session", over="service manager"),
            service_call("query call", "service manager", 6, "RQueryServiceStatus"),
        ),
    ),
    variants=(
        Variant(
            name="over-smb",
            description="Over the svcctl pipe instead.",
            told=Story(
                "query over SMB",
                (*SMB_SESSION, SVCCTL_PIPE, service_call("query call", "smb", 6, "RQueryServiceStatus")),
            ),
        ),
    ),
)
