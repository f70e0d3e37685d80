"""Somebody logs on while a peer reaches port 135: a burst of COM servers within two seconds of a remote call."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.story import Connect, LogOn, Start, Step, Story

_SERVERS = (
    (r"C:\Windows\System32\RuntimeBroker.exe", r"C:\Windows\System32\RuntimeBroker.exe -Embedding"),
    (r"C:\Windows\System32\SettingSyncHost.exe", r"C:\Windows\system32\SettingSyncHost.exe -Embedding"),
    (r"C:\Windows\System32\CompPkgSrv.exe", r"C:\Windows\System32\CompPkgSrv.exe -Embedding"),
    (
        r"C:\Windows\System32\dllhost.exe",
        r"C:\Windows\system32\DllHost.exe /Processid:{973D20D7-562D-44B9-B70B-5A0F49CCDF3F}",
    ),
    (r"C:\Windows\System32\mobsync.exe", r"C:\Windows\System32\mobsync.exe -Embedding"),
    (r"C:\Windows\System32\smartscreen.exe", r"C:\Windows\System32\smartscreen.exe -Embedding"),
)


def _burst() -> tuple[Step, ...]:
    """The servers, one after another, in the desktop user's session."""
    return tuple(
        Start(
            label=f"server {number}",
            image=image,
            command_line=command_line,
            parent="dcomlaunch",
            session="desktop",
            integrity="Medium",
            after=(0.05, 0.4),
            lasts=(5, 200),
        )
        for number, (image, command_line) in enumerate(_SERVERS, 1)
    )


SCENARIO = Scenario(
    name="like-logon-burst",
    title="Log-on burst beside a peer's RPC",
    description="Six COM servers start for the desktop; a peer asks the endpoint mapper in the same second.",
    techniques=(),
    strength=Strength.NONE,
    story=Story(
        "log-on burst",
        (
            Connect(label="endpoint mapper", by="spooler", on="rpcss", port=135, after=(0.2, 0.6)),
            LogOn(label="machine session", account="machine", over="endpoint mapper"),
            *_burst(),
        ),
    ),
)
