"""One finding in full: the plain sentence, the facts, the timeline drawn in text, the processes, what is not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tiercel.cli.overview import STYLES, short_name
from tiercel.cli.terminal import Line, Words, moment, plural, shown, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, timedelta

    from tiercel.findings import Finding, Process, TreeProcess
    from tiercel.rules import Rule

__all__ = ["show_finding", "show_findings", "show_response"]

_INDENT: Final = " " * 3
_LABEL: Final = 9
_LONGEST: Final = 240
"""Of a text, so many characters are shown to people; JSON and CSV hold all of it."""
_LONGEST_NAME: Final = 30
"""Longer than any name that Windows gives a host (15 characters), so that the timeline keeps its shape."""
_MOST: Final = 15
"""So many of the things that followed, and of the processes of a tree, are shown; the rest is counted."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """One line of the timeline."""

    time: datetime
    device: str | None
    what: str
    text: str
    source: str | None


def show_findings(words: Words, findings: Iterable[Finding]) -> None:
    """Print each finding in full."""
    for number, finding in enumerate(findings, 1):
        show_finding(words, finding, number)


def show_finding(words: Words, finding: Finding, number: int | None = None) -> None:
    """Print all that is known of a finding, each fact with the raw event that tells it."""
    words.print()
    head = Line(f"{number}. " if number is not None else "", "bold")
    head.append(finding.severity, STYLES.get(finding.severity, "bold"))
    head.append(f"  {shown(finding.title)}", "bold")
    words.print(head)
    told = finding.attribution
    words.print(wrapped(shown(told.sentence if told else finding.summary), _INDENT, _INDENT, words))
    for name, text in _facts(finding):
        if text:
            words.print(wrapped(_cut(text), f"{_INDENT}{name:<{_LABEL}}", _INDENT + " " * _LABEL, words))
    rules = shown(", ".join(finding.rules or (finding.rule_id,)))
    words.print(wrapped(rules, f"{_INDENT}{'rules':<{_LABEL}}", _INDENT + " " * _LABEL, words), style="dim")
    words.print(f"{_INDENT}{'id':<{_LABEL}}{finding.id}", style="dim")
    _show_timeline(words, finding)
    if told is None:
        return
    _show_tree(words, told.caller_tree, told.caller.device)
    _show_tree(words, told.tree, finding.device)
    for each in told.unknown:
        text = f"{each.text}. What would have told it: {each.setting}"
        words.print(wrapped(_cut(text, 600), f"{_INDENT}not known: ", _INDENT + " " * _LABEL, words))


def show_response(words: Words, rules: Iterable[Rule]) -> None:
    """Print what the rules' documents suggest to do."""
    for rule in rules:
        if rule.response:
            words.print()
            words.print(f"{_INDENT}what to do, by {shown(rule.id)}", style="bold")
            for line in rule.response.splitlines():
                words.print(wrapped(shown(line.rstrip()), _INDENT, _INDENT + "   ", words))


def _facts(finding: Finding) -> Iterator[tuple[str, str | None]]:
    told = finding.attribution
    yield "from", _from(finding)
    if told and told.caller.process:
        by = f" (known by {told.caller.process_known_by})" if told.caller.process_known_by != "connection" else ""
        run_by = f", run by {told.caller.account}" if told.caller.account else ""
        yield "by", f"{_process(told.caller.process)}{run_by}{by}"
    if told and told.logon:
        session = f", session {told.logon.logon_id:#x}" if told.logon.logon_id is not None else ""
        yield "account", f"{finding.account or told.logon.account}; {told.logon.package or 'logon'}{session}"
    else:
        yield "account", finding.account
    yield "attack", " ".join(finding.techniques)
    yield "seen", _certainty(finding)
    yield "recurs", _recurrence(finding)
    yield "server", _process(finding.server)
    yield "child", _process(finding.child)


def _from(finding: Finding) -> str | None:
    told = finding.attribution.caller if finding.attribution else None
    device = told.device if told and told.device else finding.peer_name
    if device and told and told.known_by == "logon":
        device = f"calls itself {device}"
    if finding.peer_ip and device:
        return f"{finding.peer_ip} ({device})"
    return finding.peer_ip or device


def _certainty(finding: Finding) -> str:
    """How far the attack was seen to go, what ties it to the caller, and how sure that makes us."""
    tied = f"tied by {', '.join(finding.links)}" if finding.links else ""
    return "; ".join(part for part in (finding.strength, tied, f"confidence {finding.confidence}") if part)


def _recurrence(finding: Finding) -> str:
    """How often this caller had the same program started, and on how many devices."""
    found = finding.recurring
    if found is None:
        return ""
    span = f"{moment(found.first_time)} to {moment(found.last_time)}"
    return f"{found.image}, {plural(found.times, 'time')} on {plural(found.devices, 'device')}, {span}"


def _process(process: Process | None) -> str:
    if process is None:
        return ""
    name = process.name or "unknown"
    pid = f" ({process.pid})" if process.pid is not None else ""
    return f"{name}{pid}  {process.command_line or ''}".rstrip()


def _show_timeline(words: Words, finding: Finding) -> None:
    """The events of both sides by time on one rail, with the gaps between them."""
    moments, left_out = _moments(finding)
    several = len({each.device for each in moments}) > 1
    for each, following in zip(moments, [*moments[1:], None], strict=True):
        where = f"{_host(each.device)}  " if several else ""
        first = f"{_INDENT}{moment(each.time)} -o- {where}"
        rail = "|" if following else " "
        gap = _gap(following.time - each.time) if following else ""
        rest = f"{_INDENT}{gap:>23}  {rail}  "
        words.print(wrapped(f"{shown(each.what)}  {_cut(each.text)}", first, rest, words))
        # unfolded: it is to be copied
        words.print(rest + shown(each.source or "raw event not found"), style="dim")
    if left_out:
        words.print(f"{_INDENT}{'':>23}     and {plural(left_out, 'more event')} that followed; all in --format jsonl")


def _moments(finding: Finding) -> tuple[list[_Moment], int]:
    """The timeline's lines by time, and how many of what followed are left out."""
    moments = [_Moment(step.time, step.device, step.step, step.text, step.source) for step in finding.evidence]
    told = finding.attribution
    left_out = 0
    if told is not None:
        seen = {step.source for step in finding.evidence if step.source}
        for mirror in told.mirrors:
            apart = f" (its clock: {mirror.apart:+.3f} s)" if abs(mirror.apart) > 1 else ""
            moments.append(_Moment(mirror.time, mirror.device, "caller", mirror.text + apart, mirror.source))
        if told.logon and told.logon.source not in seen:
            moments.append(_Moment(told.logon.time, finding.device, "logon", told.logon.text, told.logon.source))
        after = [each for each in told.followed if each.source not in seen]
        moments += [
            _Moment(each.time, finding.device, f"then {each.kind}", each.text, each.source) for each in after[:_MOST]
        ]
        left_out = len(after) - len(after[:_MOST])
    return sorted(moments, key=lambda each: each.time), left_out


def _gap(apart: timedelta) -> str:
    """How long it took to the next event, in the unit that shows it."""
    seconds = apart.total_seconds()
    if seconds < 1:
        return f"+{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"+{seconds:.1f} s"
    return f"+{seconds / 60:.0f} min" if seconds < 7200 else f"+{seconds / 3600:.1f} h"


def _show_tree(words: Words, tree: Sequence[TreeProcess], device: str | None) -> None:
    if not tree:
        return
    words.print(f"{_INDENT}processes on {_host(device)}", style="dim")
    for each in tree[:_MOST]:
        name = f"{each.name or 'unknown'}" + (f" ({each.pid})" if each.pid is not None else "")
        marks = {"caller": "the caller", "server": "the server", "child": "started by it"}
        mark = f"  <- {marks[each.role]}" if each.role in marks else ""
        account = f"  {each.account}" if each.account else ""
        branch = "   " * each.depth + ("`- " if each.depth else "")
        text = f"{name}{account}{mark}  {each.command_line or ''}".rstrip()
        words.print(wrapped(_cut(text), _INDENT + "  " + branch, _INDENT + "  " + " " * len(branch), words))
    if len(tree) > _MOST:
        words.print(f"{_INDENT}  and {plural(len(tree) - _MOST, 'more process', 'more processes')}")


def _host(device: str | None) -> str:
    return shown(short_name(device)[:_LONGEST_NAME])


def _cut(text: str, longest: int = _LONGEST) -> str:
    """The text, safe to show; a long one cut, with how much is left out."""
    left_out = len(text) - longest
    if left_out <= 0:
        return shown(text)
    return f"{shown(text[:longest])}... ({left_out:,} more characters; all of it with --format jsonl)"
