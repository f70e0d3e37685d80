"""All findings of a hunt attributed: the questions in their order, and each finding with its answers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tiercel.attribution.callers import choose_caller, choose_mirrors, intended
from tiercel.attribution.evidence import Subject, naive, subjects
from tiercel.attribution.questions import Asking
from tiercel.attribution.rows import account_of, aware, process_of, short_name
from tiercel.attribution.sessions import MOST_FOLLOWED, choose_logon, followed_in_session
from tiercel.attribution.trees import SHARED, Forest, Node, printed
from tiercel.attribution.wording import sentence, unknowns
from tiercel.findings import Attribution, Caller, Finding, Followed, Logon, Mirror, Process

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tiercel.engines.engine import Engine
    from tiercel.engines.kept import KeptStatements

__all__ = ["attribute"]

_REACH: Final = timedelta(minutes=10)
"""What follows within this time in the session, or below what was started, belongs to the finding."""

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_AGE: Final = timedelta(days=7)
"""How old a process may be whose start is looked for."""


def attribute(findings: Iterable[Finding], engine: Engine, kept: KeptStatements) -> tuple[Finding, ...]:
    """The findings, each with its `Attribution`; one that names no device or time has none.

    A dozen queries for all of them, however many they are. Raises RuleError and EngineError.
    """
    several = tuple(findings)
    known = subjects(several, engine)
    if not known:
        return several
    whole = _Attributing(known, Asking(engine, kept))
    told = {id(subject.finding): attributed for subject, attributed in whole.run()}
    return tuple(told.get(id(each), each) for each in several)


@dataclass(slots=True)
class _Case:
    """One finding while its answers come in."""

    subject: Subject
    logon: Logon | None = None
    mirrors: tuple[Mirror, ...] = ()
    has_connection: bool = False
    caller: Caller = field(default_factory=Caller)
    calling: Node | None = None
    server: Node | None = None
    child: Node | None = None
    followed: tuple[Followed, ...] = ()


class _Attributing:
    """The questions in their order: each needs what the ones before told."""

    def __init__(self, known: Sequence[Subject], asking: Asking) -> None:
        self._cases = [_Case(subject) for subject in known]
        self._asking = asking
        self._first = min(subject.first for subject in known)
        self._last = max(subject.last for subject in known)
        self._forest = Forest(asking, self._first - _AGE, self._last + _REACH)

    def run(self) -> Iterable[tuple[Subject, Finding]]:
        """Every finding with what is known of it."""
        self._find_logons()
        self._find_callers()
        self._find_intentions()
        self._grow_trees()
        self._find_what_followed()
        for case in self._cases:
            yield case.subject, _attributed(case)

    def _ask(
        self, question: str, rows: Sequence[Mapping[str, Any]], before: timedelta, after: timedelta
    ) -> dict[Any, list[dict[str, Any]]]:
        """The answers by the finding that they belong to."""
        answers: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for row in self._asking.ask(question, rows, self._first - before, self._last + after):
            answers[row["FindingId"]].append(row)
        return answers

    def _find_logons(self) -> None:
        asked = [
            {
                "FindingId": _id(case),
                "DeviceId": case.subject.finding.device_id,
                "PeerIP": case.subject.finding.peer_ip,
                "LogonId": session,
                "Start": case.subject.first,
                "End": case.subject.last,
            }
            for case in self._cases
            for session in (*case.subject.sessions, None)
        ]
        answers = self._ask("logons", asked, _DAY, _HOUR)
        for case in self._cases:
            case.logon = choose_logon(case.subject, answers[_id(case)])
            if case.logon is not None and case.logon.source_port:
                case.subject.ports.setdefault(case.logon.source_port, naive(case.logon.time))

    def _find_callers(self) -> None:
        asked = [row for case in self._cases for row in _connections(case.subject)]
        answers = self._ask("mirrors", asked, _HOUR, _HOUR)
        others = {finding: [row for row in rows if not row["IsOwn"]] for finding, rows in answers.items()}
        for case in self._cases:
            own = [row for row in answers[_id(case)] if row["IsOwn"]]
            case.has_connection = bool(case.subject.connections or own)
        lost = [case for case in self._cases if not any(row["IsExact"] for row in others.get(_id(case), []))]
        owners = self._find_owners(lost)
        for case in self._cases:
            finding = case.subject.finding
            owner = owners.get((finding.peer_ip, case.subject.first, finding.device_id))
            case.mirrors = choose_mirrors(others.get(finding.id, []), has_owner=owner is not None)
            case.caller = choose_caller(finding, case.mirrors, owner, case.logon)

    def _find_owners(self, lost: Sequence[_Case]) -> dict[tuple[str | None, datetime, str | None], Mapping[str, Any]]:
        asked = {(case.subject.finding.peer_ip, case.subject.first) for case in lost if case.subject.finding.peer_ip}
        rows = self._asking.ask(
            "owners", [{"Address": ip, "At": at} for ip, at in sorted(asked)], self._first - _DAY, self._last + _DAY
        )
        owners: dict[tuple[str | None, datetime, str | None], Mapping[str, Any]] = {}
        for case in lost:
            finding = case.subject.finding
            for row in rows:  # the nearest in time stands first
                if (row["Address"], row["At"]) == (finding.peer_ip, case.subject.first) and (
                    row["OwnerId"] != finding.device_id
                ):
                    owners.setdefault((finding.peer_ip, case.subject.first, finding.device_id), row)
        return owners

    def _find_intentions(self) -> None:
        asked = [
            {"FindingId": _id(case), "DeviceId": case.caller.device_id, "Target": target, "At": at}
            for case in self._cases
            if case.caller.process is None and case.caller.device_id
            for at in [naive(case.caller.time) if case.mirrors and case.caller.time else case.subject.first]
            for target in _names(case)
        ]
        answers = self._ask("intentions", asked, _HOUR, _HOUR)
        for case in self._cases:
            row = intended(answers[_id(case)], case.logon) if case.caller.process is None else None
            if row is not None:
                case.caller = replace(
                    case.caller,
                    process=process_of(row, "ProcessStart"),
                    process_known_by=row["KnownBy"],
                    account=account_of(row),
                    time=aware(row["Timestamp"]),
                    table=row["Table"],
                    source=row["RecordedIn"] or None,
                )

    def _grow_trees(self) -> None:
        for case in self._cases:
            finding = case.subject.finding
            case.server = _node(finding.device_id, finding.server, case.subject.last, "server")
            case.child = _node(finding.device_id, finding.child, case.subject.last, "child")
            at = naive(case.caller.time) if case.caller.time else case.subject.first
            case.calling = _node(case.caller.device_id, case.caller.process, at, "caller")
            if case.server and case.child and _is_one(case.server, case.child):
                case.server = None
        nodes = [node for case in self._cases for node in (case.server, case.child, case.calling) if node]
        for case in self._cases:
            if case.server and case.child:
                # The server is the child's parent by the finding itself; what the child claims is not asked.
                case.child.parent = case.server
                case.server.children.append(case.child)
        self._forest.grow_upward(nodes)
        roots = []
        for case in self._cases:
            until = case.subject.last + _REACH
            if case.server and case.server.name and case.server.name.lower() not in SHARED:
                roots.append((case.server, case.subject.first, until))
            elif case.child:
                roots.append((case.child, case.subject.first, until))
        self._forest.grow_downward(roots)

    def _find_what_followed(self) -> None:
        asked = [
            {
                "FindingId": _id(case),
                "DeviceId": case.subject.finding.device_id,
                "LogonId": session,
                "Start": case.subject.first,
                "End": case.subject.last + _REACH,
            }
            for case in self._cases
            for session in _sessions(case)
        ]
        answers = self._ask("followed", asked, _HOUR, _REACH)
        for case in self._cases:
            finding = case.subject.finding
            own = frozenset(node.pid for node in (case.server, case.child) if node)
            told = followed_in_session(answers[finding.id], own)
            seen = {each.source for each in told}
            below = [each for each in _below(case) if each.source not in seen]
            case.followed = tuple(sorted([*told, *below], key=lambda each: each.time)[:MOST_FOLLOWED])


def _connections(subject: Subject) -> Iterable[dict[str, Any]]:
    """The connections to be asked for: those of the evidence, and the ports that only a logon or a pipe names."""
    common = {"FindingId": subject.finding.id, "DeviceId": subject.finding.device_id, "PeerIP": subject.finding.peer_ip}
    told = set()
    for row in subject.connections:
        told.add(row["RemotePort"])
        yield {
            **common,
            "At": row["Timestamp"],
            "PeerPort": row["RemotePort"],
            "OwnIP": row["LocalIP"],
            "OwnPort": row["LocalPort"],
        }
    if subject.finding.peer_ip:
        for port, at in subject.ports.items():
            if port not in told:
                yield {**common, "At": at, "PeerPort": port, "OwnIP": "", "OwnPort": None}


def _id(case: _Case) -> str:
    return case.subject.finding.id


def _sessions(case: _Case) -> list[int]:
    """The sessions that the evidence names, and the logon's where it is more than a guess."""
    told = case.logon.logon_id if case.logon and case.logon.tied_by != "time" else None
    return sorted({*case.subject.sessions, *([told] if told is not None else [])})


def _names(case: _Case) -> tuple[str, ...]:
    """What a command line can call the target: its name, and the addresses that the caller connected to."""
    name = short_name(case.subject.finding.device)
    seen = [each.remote_ip for each in case.mirrors]
    return tuple(dict.fromkeys(each for each in (name, *case.subject.own_addresses, *seen) if each))


def _node(device_id: str | None, process: Process | None, alive: datetime, role: str) -> Node | None:
    if process is None or process.pid is None or not device_id:
        return None
    start = naive(process.start) if process.start else None
    return Node(
        device_id=device_id,
        pid=process.pid,
        name=process.name or "",
        alive=max(alive, start) if start else alive,
        start=start,
        command_line=process.command_line,
        role=role,
    )


def _is_one(server: Node, child: Node) -> bool:
    return server.pid == child.pid and server.name.lower() == child.name.lower()


def _below(case: _Case) -> Iterable[Followed]:
    """What server and child started, the child itself excepted."""
    waiting = [node for node in (case.server or case.child,) if node]
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.role == "descendant" and node.start is not None and node.source:
            yield Followed(
                time=aware(node.start),
                kind="process",
                text=f"{node.name} ({node.pid}) started: {node.command_line or 'command line unknown'}",
                tied_by="tree",
                process=Process(node.name, node.pid, node.command_line, aware(node.start)),
                account=node.account,
                table="DeviceProcessEvents",
                source=node.source,
            )


def _account(finding: Finding, logon: Logon | None) -> str | None:
    """The account that the caller used: the tied logon's before any that a process on the target runs as."""
    if logon is None or not logon.account:
        return finding.account
    return logon.account if logon.tied_by != "time" or not finding.account else finding.account


def _attributed(case: _Case) -> Finding:
    """The finding with what is known of it; the caller's name and account are set right."""
    finding, caller = case.subject.finding, case.caller
    if case.calling is not None and caller.process is not None:
        start = caller.process.start or (aware(case.calling.start) if case.calling.start else None)
        caller = replace(
            caller,
            process=replace(
                caller.process, command_line=caller.process.command_line or case.calling.command_line, start=start
            ),
            account=caller.account or case.calling.account,
            logon_id=case.calling.logon_id,
        )
    trees = [printed(node.root) if node else () for node in (case.server or case.child, case.calling)]
    attribution = Attribution(
        sentence=sentence(finding, caller, _account(finding, case.logon)),
        caller=caller,
        logon=case.logon,
        mirrors=case.mirrors,
        followed=case.followed,
        tree=trees[0],
        caller_tree=trees[1],
        unknown=tuple(unknowns(finding, caller, case.logon, case.mirrors, has_connection=case.has_connection)),
    )
    return replace(
        finding,
        peer_name=finding.peer_name or (caller.device if caller.known_by in {"mirror", "address"} else None),
        account=_account(finding, case.logon),
        attribution=attribution,
    )
