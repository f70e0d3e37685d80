"""Findings as rules give them, for the tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tiercel.findings import Finding, Process, Step
from tiercel.findings.fingerprint import fingerprint
from tiercel.findings.shapes import iso

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)
STARTED = NOON - timedelta(hours=5)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def finding(
    second=0.0,
    *,
    rule="scm-remote-service",
    device="ws6.example.org",
    peer="10.0.0.5",
    server=("services.exe", 704),
    child=None,
    family="scm",
    strength=None,
    severity="high",
    techniques=("T1569.002",),
    source="a.jsonl",
    **more,
) -> Finding:
    """A connection at a second after noon; with `child` = (name, pid) its start half a second later."""
    steps = [
        Step(
            "connection",
            at(second),
            f"{peer} connected",
            "connection",
            device,
            peer=peer,
            source=f"{source}#{second}-{rule}",
        ),
    ]
    started = Process(child[0], child[1], f"{child[0]} /c whoami", at(second + 0.5)) if child else None
    if child:
        name, pid = child
        steps.append(
            Step(
                "child",
                at(second + 0.5),
                f"{name} started",
                "child",
                device,
                name,
                pid,
                source=f"{source}#{second}-{rule}-child",
            )
        )
    served = Process(*server, start=STARTED) if server else None
    parts = [rule, device, peer]
    for process in (served, started):
        parts += [process.name if process else None, str(process.pid) if process else None]
    start = started.start if started else served.start if served else None
    parts.append(iso(start) if start else None)
    given = Finding(
        id=fingerprint(parts),
        rule_id=rule,
        title=f"Found by {rule}",
        techniques=techniques,
        tactics=("Lateral Movement",),
        severity=severity,
        confidence="medium",
        summary=f"{peer} reached {server[0] if server else 'a process'} on {device}",
        device=device,
        device_id=device,
        peer_ip=peer,
        peer_name=None,
        account=None,
        first_time=steps[0].time,
        last_time=steps[-1].time,
        server=served,
        child=started,
        evidence=tuple(steps),
        family=family,
        strength=strength or ("execution" if child else "access"),
        links=("call", "child") if child else ("call",),
        rules=(rule,),
        columns={"DeviceName": device, "Timestamp": iso(steps[0].time)},
    )
    return replace(given, **more)
