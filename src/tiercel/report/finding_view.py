"""One finding as the page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.report.context import Axis, Fact, FindingView, FollowedView, Pin, Process, Step, Technique, Unknown
from tiercel.report.links import links_of
from tiercel.report.words import clock_time, day, duration, naive, text
from tiercel.shown import moment, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from tiercel import findings
    from tiercel.report.events import Events, Told
    from tiercel.report.hosts import Hosts
    from tiercel.rules import Rule
    from tiercel.telemetry.report import Clock

__all__ = ["LEVELS", "rank_of", "view_finding"]

LEVELS: Final = ("critical", "high", "medium", "low", "informational")
_GAPS: Final = (1, 10, 60, 600, 3600)
"""Seconds at which the space between two steps grows."""
_NEAR: Final = 3.0
"""Percent of the axis within which a second step has no room for its label."""
_MOST_FOLLOWED: Final = 40
_MOST_MIRRORS: Final = 2
_MOST_TREE: Final = 60
_SHORT: Final = 160
_NETWORK: Final = "DeviceNetworkEvents"
_STRENGTH: Final = {
    "execution": "something was run on the target",
    "activation": "a server process was started for the caller, nothing was seen to run from it",
    "access": "the caller reached the server process, nothing was seen to run",
}
_KNOWN_BY: Final = {
    "mirror": "its own record of the connection",
    "address": "the address is the device's own",
    "logon": "the name that the caller gave for itself",
    "connection": "it made the connection",
    "another connection": "it had just connected to the target",
    "command line": "its command line names the target",
    "credentials": "it used other credentials for the target",
    "session": "what was started runs in this session",
    "port": "it came over a connection of the evidence",
    "time": "same caller, same moment",
    "tree": "it descends from what was started",
}


def view_finding(
    finding: findings.Finding,
    rules: Mapping[str, Rule],
    names: Mapping[str, str],
    *,
    clocks: Sequence[Clock],
    hosts: Hosts,
    events: Events,
    longest: int,
) -> FindingView:
    """The finding, ready to be read. `names` are ATT&CK's, by id; `longest` is the room for one text of an event."""
    told = [rules[rule_id] for rule_id in finding.rules or (finding.rule_id,) if rule_id in rules]
    attribution = finding.attribution
    started = finding.child or finding.server
    axis, steps = _steps(finding, clocks, events, longest)
    return FindingView(
        id=text(finding.id, _SHORT),
        severity=text(finding.severity, _SHORT),
        confidence=text(finding.confidence, _SHORT),
        certainty=_certainty(finding),
        title=text(finding.title, _SHORT),
        sentence=text(_sentence_of(finding)),
        time=moment(finding.first_time)[:-4],
        when=int(finding.first_time.timestamp() * 1000) if finding.first_time else 0,
        source=hosts.caller_of(finding),
        target=hosts.named(finding.device or finding.device_id),
        account=text(finding.account, _SHORT),
        has_run=finding.strength == "execution" or finding.child is not None,
        started=text(started.name, _SHORT) if started else "",
        marks=_marks(finding),
        techniques=tuple(_technique(each, names) for each in finding.techniques),
        tactics=text(", ".join(finding.tactics), _SHORT),
        rules=tuple(text(each, _SHORT) for each in finding.rules or (finding.rule_id,)),
        who=tuple(_who(finding, events)),
        steps=steps,
        axis=axis,
        clocks=tuple(_clock(each) for each in clocks if each.device in _devices(finding)),
        links=links_of(finding),
        target_tree=_tree(attribution.tree, events, longest) if attribution else _short_tree(finding, longest),
        caller_tree=_tree(attribution.caller_tree, events, longest) if attribution else (),
        followed=_followed(attribution.followed, events, longest) if attribution else (),
        unknown=tuple(
            Unknown(text(each.what, _SHORT), text(each.text), text(each.setting)) for each in attribution.unknown
        )
        if attribution
        else (),
        left_out=_left_out(attribution) if attribution else "",
        response_of=next((text(rule.id, _SHORT) for rule in told if rule.response), ""),
    )


def _sentence_of(finding: findings.Finding) -> str:
    """What happened, in one sentence."""
    return finding.attribution.sentence if finding.attribution else finding.summary


def _technique(attack_id: str, names: Mapping[str, str]) -> Technique:
    """A technique with its name and its page at MITRE."""
    place = "/".join(part for part in attack_id.split(".") if part.isalnum())
    return Technique(
        text(attack_id, _SHORT), text(names.get(attack_id), _SHORT), f"https://attack.mitre.org/techniques/{place}/"
    )


def rank_of(severity: str) -> int:
    """The place of a severity, 0 being the worst."""
    return LEVELS.index(severity) if severity in LEVELS else len(LEVELS)


def _certainty(finding: findings.Finding) -> str:
    told = _STRENGTH.get(finding.strength or "")
    how = f"{finding.strength}: {told}" if told else (finding.strength or "how far it went is not known")
    return text(f"{how[:1].upper()}{how[1:]}. Confidence is {finding.confidence}.")


def _marks(finding: findings.Finding) -> tuple[str, ...]:
    """What else is to be known at a glance."""
    if finding.recurring is None:
        return ()
    devices = plural(finding.recurring.devices, "host")
    return (text(f"recurs: {finding.recurring.times:,} times on {devices}", _SHORT),)


def _devices(finding: findings.Finding) -> set[str | None]:
    return {finding.device, *(step.device for step in finding.evidence)}


def _who(finding: findings.Finding, events: Events) -> Iterable[Fact]:
    """Who called from where, by which logon, and what served him."""
    attribution = finding.attribution
    if attribution is None:
        address = " ".join(part for part in (finding.peer_name, finding.peer_ip) if part)
        yield Fact("caller", text(address or "unknown"))
        yield Fact("account", text(finding.account or "unknown"))
    else:
        caller = attribution.caller
        named = " ".join(part for part in (caller.device, caller.ip) if part)
        yield Fact(
            "caller",
            text(named or finding.peer_ip or "unknown"),
            _known(caller.known_by),
            events.number(caller.source),
            events.place(caller.source),
        )
        if caller.process:
            yield Fact("its process", _process(caller.process), _known(caller.process_known_by))
        if caller.account:
            yield Fact("running as", text(caller.account))
        if finding.account:
            yield Fact("account used", text(finding.account))
        if logon := attribution.logon:
            session = "" if logon.logon_id is None else f", session 0x{logon.logon_id:x}"
            what = f"{logon.account or 'unknown'}{session}{f', {logon.package}' if logon.package else ''}"
            yield Fact(
                "logon", text(what), _known(logon.tied_by), events.number(logon.source), events.place(logon.source)
            )
        for mirror in sorted(attribution.mirrors, key=lambda each: (each.is_relay, not each.is_exact))[:_MOST_MIRRORS]:
            note = f"its clock and the target's {abs(mirror.apart):.3f} s apart"
            yield Fact(
                "seen from there", text(mirror.text), note, events.number(mirror.source), events.place(mirror.source)
            )
    yield Fact("target", text(finding.device or finding.device_id or "unknown"))
    if finding.server:
        yield Fact("server", _process(finding.server))
    if finding.child:
        yield Fact("it started", _process(finding.child))


def _known(how: str) -> str:
    return text(f"known by: {_KNOWN_BY.get(how, how)}", _SHORT) if how else ""


def _process(process: findings.Process) -> str:
    pid = f" ({process.pid})" if process.pid is not None else ""
    return text(f"{process.name or 'unknown'}{pid}", _SHORT)


def _steps(
    finding: findings.Finding, clocks: Sequence[Clock], events: Events, longest: int
) -> tuple[Axis | None, tuple[Step, ...]]:
    """The steps with the gaps between them, and the axis that shows them true to scale."""
    evidence = sorted(finding.evidence, key=lambda step: step.time)
    steps = []
    before: datetime | None = None
    for number, step in enumerate(evidence, 1):
        gap = (step.time - before).total_seconds() if before else 0.0
        told = events.told(step.source)
        steps.append(
            Step(
                number=number,
                time=clock_time(step.time),
                date=day(step.time) if before is None or naive(before).date() != naive(step.time).date() else "",
                gap=f"+{duration(gap)}" if before else "",
                width=sum(gap >= limit for limit in _GAPS),
                name=text(step.step, _SHORT),
                text=text(step.text, longest),
                command_line=text(step.command_line, longest)
                if step.command_line and step.command_line not in step.text
                else "",
                details=tuple(_details(step, finding)),
                told_by=text(told.by, _SHORT),
                clock=_written(step, told, clocks),
                table=text(step.table, _SHORT),
                source=events.place(step.source),
                event=events.number(step.source),
            )
        )
        before = step.time
    return _axis(evidence), tuple(steps)


def _written(step: findings.Step, told: Told, clocks: Sequence[Clock]) -> str:
    """The step's time as its event has it, and by how much Sysmon's clock of connections was set right."""
    offset = next(
        (
            each.offset
            for each in clocks
            if each.device == step.device and "network" in each.clock and step.table == _NETWORK and told.is_sysmon
        ),
        None,
    )
    is_same = told.written.replace("T", " ").rstrip("Z").startswith(moment(step.time))
    written = f"written {text(told.written, 40)}" if told.written and not is_same else ""
    corrected = f"this clock was set right by {offset:+.2f} s" if offset else ""
    return "; ".join(part for part in (written, corrected) if part)


def _details(step: findings.Step, finding: findings.Finding) -> Iterable[Fact]:
    if step.device and step.device != finding.device:
        yield Fact("on", text(step.device, _SHORT))
    if step.process:
        pid = f" ({step.process_id})" if step.process_id is not None else ""
        yield Fact("process", text(f"{step.process}{pid}", _SHORT))
    if step.account:
        yield Fact("account", text(step.account, _SHORT))


def _axis(evidence: Sequence[findings.Step]) -> Axis | None:
    """The axis; None where there is nothing between a first and a last step."""
    if len(evidence) < 2 or evidence[0].time == evidence[-1].time:
        return None
    first, last = evidence[0].time, evidence[-1].time
    length = (last - first).total_seconds()
    places = [(step.time - first).total_seconds() / length * 100 for step in evidence]
    pins = []
    labelled = -_NEAR
    for number, place in enumerate(places, 1):
        has_room = place - labelled >= _NEAR
        pins.append(Pin(f"{2 + place * 0.96:.2f}", str(number) if has_room else ""))
        labelled = place if has_room else labelled
    return Axis(tuple(pins), clock_time(first), duration(length))


def _clock(clock: Clock) -> str:
    told = f"{clock.device}: {clock.clock}: the clock was set right by {clock.offset:+.2f} s"
    return text(f"{told}, known from {clock.known_from}")


def _tree(tree: Sequence[findings.TreeProcess], events: Events, longest: int) -> tuple[Process, ...]:
    return tuple(
        Process(
            indent=min(each.depth, 9),
            role=text(each.role, _SHORT),
            name=text(each.name or "unknown", _SHORT),
            pid="" if each.pid is None else str(each.pid),
            command_line=text(each.command_line, longest),
            start=clock_time(each.start),
            account=text(each.account, _SHORT),
            source=events.place(each.source),
            event=events.number(each.source),
        )
        for each in tree[:_MOST_TREE]
    )


def _short_tree(finding: findings.Finding, longest: int) -> tuple[Process, ...]:
    """Server and child, where no more of the tree was looked up."""
    rows = [(role, each) for role, each in (("server", finding.server), ("child", finding.child)) if each]
    return tuple(
        Process(
            indent=indent,
            role=role,
            name=text(each.name or "unknown", _SHORT),
            pid="" if each.pid is None else str(each.pid),
            command_line=text(each.command_line, longest),
            start=clock_time(each.start),
            account="",
            source="",
            event=None,
        )
        for indent, (role, each) in enumerate(rows)
    )


def _left_out(attribution: findings.Attribution) -> str:
    """How much is not shown."""
    more = [
        (len(attribution.tree) + len(attribution.caller_tree) - 2 * _MOST_TREE, "processes"),
        (len(attribution.followed) - _MOST_FOLLOWED, "more of what followed"),
        (len(attribution.mirrors) - _MOST_MIRRORS, "more connections as the caller saw them"),
    ]
    told = [f"{count:,} {what}" for count, what in more if count > 0]
    return f"{' and '.join(told)} stand in the saved result alone." if told else ""


def _followed(followed: Sequence[findings.Followed], events: Events, longest: int) -> tuple[FollowedView, ...]:
    return tuple(
        FollowedView(
            time=clock_time(each.time),
            kind=text(each.kind, _SHORT),
            text=text(each.text, longest),
            tied_by=text(_KNOWN_BY.get(each.tied_by, each.tied_by), _SHORT),
            source=events.place(each.source),
            event=events.number(each.source),
        )
        for each in followed[:_MOST_FOLLOWED]
    )
