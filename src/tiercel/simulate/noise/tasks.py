"""Scheduled tasks and agents: what runs by the clock, on every host."""

from __future__ import annotations

from tiercel.simulate.noise.casting import Noise
from tiercel.simulate.story import Connect, Start, Story

__all__ = ["NOISES"]

_SERVERS = ("dc", "server", "files", "office", "print", "monitoring", "deployment", "backup")
_ALL = ("workstation", *_SERVERS)
_UPDATES = ("192.0.2.120", "192.0.2.121", "198.51.100.9")


def _task(name: str, image: str, command_line: str | tuple[str, ...], session: str = "system") -> Story:
    start = Start(
        image=image,
        command_line=command_line,
        parent="schedule",
        session=session,
        after=(0, 1),
        lasts=(1, 40),
        integrity="Medium" if session == "desktop" else "",
    )
    return Story(name, (start,))


_CLICK_TO_RUN = r"C:\Program Files\Common Files\Microsoft Shared\ClickToRun\OfficeC2RClient.exe"
_AGENT = r"C:\Program Files\Microsoft Monitoring Agent\Agent\MonitoringHost.exe"

NOISES = (
    Noise(
        story=_task("error reporting", r"C:\Windows\System32\wermgr.exe", r"C:\Windows\system32\wermgr.exe -upload"),
        roles=_ALL,
        per_day=4,
    ),
    Noise(
        story=_task(
            "office update", _CLICK_TO_RUN, f'"{_CLICK_TO_RUN}" /frequentupdate SCHEDULEDTASK displaylevel=False'
        ),
        roles=("workstation",),
        per_day=3,
    ),
    Noise(
        story=_task(
            "device registration",
            r"C:\Windows\System32\dsregcmd.exe",
            r"C:\Windows\System32\dsregcmd.exe $(Arg0) $(Arg1) $(Arg2)",
        ),
        roles=_ALL,
        per_day=3,
    ),
    Noise(
        story=_task("policy task", r"C:\Windows\System32\gpupdate.exe", "gpupdate.exe /target:computer"),
        roles=_ALL,
        per_day=1,
    ),
    Noise(
        story=_task(
            "push registration",
            r"C:\Windows\System32\sc.exe",
            r"C:\Windows\system32\sc.exe start pushtoinstall registration",
        ),
        roles=("workstation",),
        per_day=1,
    ),
    Noise(
        story=_task(
            "user task",
            r"C:\Windows\System32\taskhostw.exe",
            ("taskhostw.exe Install $(Arg0)", "taskhostw.exe"),
            "desktop",
        ),
        roles=("workstation",),
        per_day=4,
        when="desk",
    ),
    Noise(
        story=Story(
            "agent script",
            (
                Start(
                    label="agent",
                    image=_AGENT,
                    command_line=f'"{_AGENT}" -Embedding',
                    parent="services",
                    session="system",
                    after=(0, 1),
                    lasts=(300, 900),
                ),
                Start(
                    label="script",
                    image=r"C:\Windows\System32\cscript.exe",
                    command_line=r'"C:\Windows\system32\cscript.exe" /nologo "MonitorKnowledgeDiscovery.vbs"',
                    parent="agent",
                    after=(1, 30),
                    lasts=(1, 9),
                ),
                Start(
                    image=r"C:\Windows\System32\conhost.exe",
                    command_line=r"\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1",
                    parent="script",
                    after=(0.005, 0.03),
                    lasts=(1, 9),
                ),
            ),
        ),
        roles=_SERVERS,
        per_day=6,
    ),
    Noise(
        story=Story(
            "update check",
            (Connect(source="target", at="target", by="cryptsvc", address=_UPDATES, port=443, after=(0, 1)),),
        ),
        roles=_ALL,
        per_day=12,
    ),
)
