"""What truly happened in an attack, and which of it was logged: the answer sheet beside the logs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tiercel.simulate.standing import STANDING
from tiercel.simulate.story import (
    AccessShare,
    CallRpc,
    Connect,
    InstallService,
    LoadImage,
    LogOn,
    OpenPipe,
    RegisterTask,
    SetValue,
    Start,
    Step,
    Subscribe,
)

if TYPE_CHECKING:
    from tiercel.simulate.attack import Place
    from tiercel.simulate.fleet import Fleet
    from tiercel.simulate.scenario import Scenario
    from tiercel.simulate.telling import Process, Telling

__all__ = ["describe"]

Written = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
"""The Sysmon events, the Security and System events, and the Defender rows that a step leaves where they are kept."""


def describe(
    scenario: Scenario, where: Place, told: Telling, fleet: Fleet, *, sources: frozenset[str], variant: str = ""
) -> dict[str, Any]:
    """The ground truth of one attack as plain values for JSON.

    `sources` are the ones that were written: `windows` (Sysmon, Security, System) and `defender`.
    """
    evidence = [_evidence(step, told, fleet, sources) for step in scenario.story.steps]
    times = sorted(entry["time"] for entry in evidence)
    return {
        "scenario": scenario.name,
        "variant": variant,
        "technique": scenario.title,
        "techniques": list(scenario.techniques),
        "look_alike": scenario.look_alike,
        "strength": str(scenario.strength),
        "expected_rules": list(scenario.rules),
        "target": _host(where.actors["target"], fleet, told.cast.family),
        "source": _host(where.actors["source"], fleet, told.cast.family) | {"process": _named("tool", "source", told)},
        "caller_ip": where.nat.get("source") or _first(fleet.column(told.cast.family, told.cast.actors["source"])),
        "first_time": times[0],
        "last_time": times[-1],
        "server": _named(scenario.server, "target", told),
        "child": _named(scenario.child, "target", told),
        "service": _service(scenario, told),
        "evidence": evidence,
    }


def _first(value: Any) -> Any:
    """The only value of a column over one occurrence; plain values as they are."""
    return value[0].as_py() if isinstance(value, pa.Array | pa.ChunkedArray) else value


def _time(micros: int) -> str:
    return (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros))
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def _host(uptime: int, fleet: Fleet, family: str) -> dict[str, Any]:
    rows = pa.array([uptime], pa.int32())
    return {"device": _first(fleet.column("fqdn", rows)), "ip": _first(fleet.column(family, rows))}


def _named(label: str, actor: str, told: Telling) -> dict[str, Any] | None:
    """The process of that label or standing name, or None where the scenario names none."""
    if not label or (label not in told.processes and label not in STANDING):
        return None
    return _process(told.process(label, actor))


def _process(process: Process) -> dict[str, Any]:
    image = _first(process.image)
    return {
        "name": image.rpartition("\\")[2],
        "path": image,
        "pid": _first(process.pid),
        "started": _time(_first(process.start)),
        "command_line": _first(process.command_line),
        "account": f"{_first(process.session.domain)}\\{_first(process.session.user)}",
        "logon_id": f"{_first(process.session.logon_id):#x}",
    }


def _service(scenario: Scenario, told: Telling) -> dict[str, Any] | None:
    """The installed service, as the log would name it."""
    if not scenario.service:
        return None
    step = scenario.story.step(scenario.service)
    if not isinstance(step, InstallService):
        return None
    return {
        "label": step.label,
        "name": _first(told.texts[step.label]),
        "installed": _time(_first(told.times[step.label])),
    }


def _leaves(step: Step) -> Written:
    """What a step leaves in each source."""
    match step:
        case Start():
            return ("sysmon:1",), ("security:4688",), ("DeviceProcessEvents",)
        case Connect():
            return ("sysmon:3",), ("security:5156",), ("DeviceNetworkEvents",)
        case LogOn():
            return (), ("security:4624",), ("DeviceLogonEvents",)
        case AccessShare() if step.writes:
            return ("sysmon:11",), ("security:5145",), ("DeviceFileEvents",)
        case AccessShare() if step.is_pipe:
            return ("sysmon:18",), ("security:5145",) if step.audited else (), ("DeviceEvents",)
        case AccessShare():
            return (), ("security:5145" if step.file else "security:5140",), ()
        case OpenPipe():
            return ("sysmon:17" if step.created else "sysmon:18",), (), ("DeviceEvents",)
        case InstallService():
            return ("sysmon:13",), ("security:4697", "system:7045"), ("DeviceEvents", "DeviceRegistryEvents")
        case LoadImage():
            return ("sysmon:7",), (), ("DeviceImageLoadEvents",)
        case SetValue():
            return ("sysmon:13",), (), ("DeviceRegistryEvents",)
        case Subscribe():
            return ("sysmon:19", "sysmon:20", "sysmon:21"), (), ("DeviceEvents",)
        case RegisterTask():
            return (), ("security:4698",), ("DeviceEvents",)
        case CallRpc():
            return (), (), ("DeviceEvents",)
        case _:
            raise TypeError(step)


def _evidence(step: Step, told: Telling, fleet: Fleet, sources: frozenset[str]) -> dict[str, Any]:
    """When and where a step happened, what was written of it and what was not."""
    sides = [step.at] if not isinstance(step, Connect) else _sides(step, told)
    written: list[str] = []
    absent: list[str] = []
    sysmon, security, defender = _leaves(step)
    for side in sides:
        uptime = told.cast.actors[side]
        device = _first(fleet.column("name", uptime))
        for names, sense, source in (
            (sysmon, "sysmon", "windows"),
            (security, "security", "windows"),
            (defender, "defender", "defender"),
        ):
            if source not in sources:
                continue
            kept = _first(fleet.column(sense, uptime)) and not step.withheld
            (written if kept else absent).extend(f"{device} {name}" for name in names)
    return {
        "step": step.label,
        "kind": type(step).__name__,
        "time": _time(_first(told.times[step.label])),
        "written": written,
        "withheld": absent,
    }


def _sides(step: Connect, told: Telling) -> list[str]:
    """The actors on whose hosts a connection is seen."""
    sides = [step.at] if step.on and step.at in told.cast.actors else []
    return sides + ([step.source] if step.by and step.source in told.cast.actors else [])
