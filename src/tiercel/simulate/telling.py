"""A story told for many occurrences at once: every step becomes columns of happenings, one row an occurrence.

The cast says, per occurrence, when the story begins, which uptime plays which actor, and whose account acts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tiercel.simulate.fleet import DOMAIN, NETBIOS, SECOND, Fleet
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
    Story,
    Subscribe,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiercel.simulate.chance import Chance
    from tiercel.simulate.happenings import Happenings

__all__ = ["Cast", "Process", "Session", "Telling", "tell"]

_WELL_KNOWN = {
    "system": ("SYSTEM", "S-1-5-18", 0x3E7),
    "network service": ("NETWORK SERVICE", "S-1-5-20", 0x3E4),
    "local service": ("LOCAL SERVICE", "S-1-5-19", 0x3E5),
}


@dataclass(frozen=True, slots=True)
class Session:
    """A logon session, as columns."""

    domain: Any
    user: Any
    sid: Any
    logon_id: Any
    number: Any
    logon_time: Any

    def columns(self, prefix: str) -> dict[str, Any]:
        """The session under a prefix of happenings.KINDS."""
        return {f"{prefix}_{name}": getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Process:
    """A process, as columns, with its parent as far back as it is known."""

    pid: Any
    start: Any
    image: Any
    command_line: Any
    integrity: Any
    session: Session
    parent: Process | None = None

    def columns(self, *prefixes: str) -> dict[str, Any]:
        """The process under the first prefix, its parent under the second, and so on."""
        columns: dict[str, Any] = {}
        process: Process | None = self
        for prefix in prefixes:
            if process is None:
                break
            for name in ("pid", "start", "image", "command_line", "integrity"):
                columns[f"{prefix}_{name}"] = getattr(process, name)
            columns |= process.session.columns(prefix)
            process = process.parent
        return columns


@dataclass(frozen=True, slots=True)
class Line:
    """A connection, as columns: its ends and when it was made."""

    time: Any
    source_ip: Any
    source_port: Any
    target_ip: Any
    target_port: Any
    source: str


@dataclass(frozen=True)
class Cast:
    """Who plays a story, when: `actors` name an uptime per occurrence, `begins` a time in microseconds.

    `texts` are columns for the placeholders in steps. `caller` is the acting account as (name, SID) columns; by
    default the user at the source's desktop.
    """

    begins: Any
    actors: Mapping[str, Any]
    texts: Mapping[str, Any] = field(default_factory=dict)
    caller: tuple[Any, Any] | None = None
    family: str = "ip"
    moments: Mapping[str, Any] = field(default_factory=dict)
    nat: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.begins)


def tell(
    story: Story,
    cast: Cast,
    fleet: Fleet,
    chance: Chance,
    into: Happenings,
    *,
    known: Mapping[str, Process] | None = None,
) -> Telling:
    """Every step of the story told for the whole cast; what happened is added to `into`.

    `known` are processes that began in another story, by the names that this one's steps have for them.
    """
    telling = Telling(fleet, cast, chance.named(story.name), into)
    telling.processes.update(known or {})
    if len(cast):
        for step in story.steps:
            telling.tell(step)
    return telling


class Telling:
    """A story in the telling: what its labels stand for so far, as columns over the cast."""

    def __init__(self, fleet: Fleet, cast: Cast, chance: Chance, into: Happenings) -> None:
        self.fleet = fleet
        self.cast = cast
        self.times: dict[str, Any] = dict(cast.moments)
        self.processes: dict[str, Process] = {}
        self.sessions: dict[str, Session] = {}
        self.lines: dict[str, Line] = {}
        self.texts: dict[str, Any] = {}
        self._chance = chance
        self._into = into
        self._n = len(cast)
        self._last = cast.begins
        self._first_pid = chance.whole(self._n, 700, 3_999)
        self._first_port = chance.whole(self._n, 50_000, 64_000)
        self._first_logon = chance.whole(self._n, 0x500000, 0x3FFFFFF)
        self._pids = 0
        self._ports = 0
        self._logons = 0
        self._standing: dict[tuple[str, str], Process] = {}

    # -- what names stand for ---------------------------------------------------------------------------------------

    def process(self, name: str, actor: str) -> Process:
        """The process of that label, or the standing process of that name on the actor's host."""
        if name in self.processes:
            return self.processes[name]
        return self.standing(name, actor)

    def standing(self, name: str, actor: str) -> Process:
        """A process that the host runs anyway."""
        if (name, actor) not in self._standing:
            standing = STANDING[name]
            uptimes = self.cast.actors[actor]
            self._standing[name, actor] = Process(
                self.fleet.column(f"{name}_pid", uptimes),
                self.fleet.column(f"{name}_start", uptimes),
                standing.image,
                standing.command_line,
                "Medium" if standing.session == "desktop" else "System",
                self.session(standing.session, actor),
                self.standing(standing.parent, actor) if standing.parent in STANDING else None,
            )
        return self._standing[name, actor]

    def session(self, name: str, actor: str) -> Session:
        """The session of that label, or one that the actor's host has anyway."""
        if name in self.sessions:
            return self.sessions[name]
        uptimes = self.cast.actors[actor]
        if name in _WELL_KNOWN:
            user, sid, logon_id = _WELL_KNOWN[name]
            boot = self.fleet.column("boot", uptimes)
            return Session("NT AUTHORITY", user, sid, logon_id, 0, pc.add(boot, 4 * SECOND))
        if name == "desktop":
            return Session(
                NETBIOS,
                self.fleet.column("user", uptimes),
                self.fleet.column("user_sid", uptimes),
                self.fleet.column("desktop_logon_id", uptimes),
                self.fleet.column("desktop_number", uptimes),
                self.fleet.column("logged_on", uptimes),
            )
        raise KeyError(name)

    def text(self, choice: str | tuple[str, ...]) -> Any:
        """A text per occurrence; a plain one stays plain."""
        if isinstance(choice, tuple):
            column = self._chance.pick(self._n, choice)
            return column if not any("{" in text for text in choice) else self._filled(column.to_pylist())
        return self._filled([choice] * self._n) if self._has_placeholder(choice) else choice

    def _has_placeholder(self, text: str) -> bool:
        return any("{" + name + "}" in text for name in self.cast.texts)

    def _filled(self, texts: Sequence[str]) -> Any:
        """The texts with each placeholder replaced by its occurrence's value."""
        filled = list(texts)
        for name, column in self.cast.texts.items():
            marker = "{" + name + "}"
            if any(marker in text for text in filled):
                filled = [text.replace(marker, value) for text, value in zip(filled, column.to_pylist(), strict=True)]
        return pa.array(filled, pa.string())

    # -- steps ------------------------------------------------------------------------------------------------------

    def tell(self, step: Step) -> None:
        """One step: when, then what."""
        since = self.times[step.since] if step.since else self._last
        time = pc.add(since, self._chance.span(self._n, *step.after))
        self._last = time
        if step.label:
            self.times[step.label] = time
        match step:
            case Start():
                self._start(step, time)
            case Connect():
                self._connect(step, time)
            case LogOn():
                self._log_on(step, time)
            case _:
                self._other(step, time)

    def _add(self, kind: str, step: Step, time: Any, columns: dict[str, Any], actor: str = "") -> None:
        """One happening per occurrence, unless the step is withheld from every log."""
        if not step.withheld:
            where = {"uptime": self.cast.actors[actor or step.at], "time": time}
            self._into.add(kind, where | columns, self._n)

    def _start(self, step: Start, time: Any) -> None:
        parent = self.process(step.parent, step.at)
        session = self.session(step.session, step.at) if step.session else parent.session
        pid = self._next_pid()
        integrity = step.integrity or ("System" if step.session in _WELL_KNOWN else parent.integrity)
        process = Process(pid, time, self.text(step.image), self.text(step.command_line), integrity, session, parent)
        if step.label:
            self.processes[step.label] = process
        logged = process
        if step.claimed_parent:
            claimed = self.process(step.claimed_parent, step.at)
            logged = Process(pid, time, process.image, process.command_line, integrity, session, claimed)
        self._add("start", step, time, logged.columns("process", "parent", "grandparent"))
        if step.lasts:
            over = pc.add(time, self._chance.span(self._n, *step.lasts))
            self._add("end", step, over, process.columns("process"))

    def _next_pid(self) -> Any:
        """A process id that no other process of this story has: a multiple of four, as Windows hands them out."""
        moved = pc.add(self._first_pid, 7 * self._pids)
        self._pids += 1
        wrapped = pc.subtract(moved, pc.multiply(pc.divide(pc.subtract(moved, 700), 3_300), 3_300))
        return pc.multiply(wrapped, 4)

    def _address(self, actor: str, step: Connect) -> Any:
        if actor in self.cast.actors:
            if step.loopback:
                return "::1" if self.cast.family == "ipv6" else "127.0.0.1"
            return self.fleet.column(self.cast.family, self.cast.actors[actor])
        return self.text(step.address)

    def _connect(self, step: Connect, time: Any) -> None:
        """Both ends of a connection. The listening end of an RPC server is that process's own port."""
        if step.address and step.source not in self.cast.actors:
            source_ip, target_ip = self.text(step.address), self._address(step.at, step)
        elif step.address:
            source_ip, target_ip = self._address(step.source, step), self.text(step.address)
        else:
            source_ip, target_ip = self._address(step.source, step), self._address(step.at, step)
        source_port = pc.add(self._first_port, self._ports)
        self._ports += 1
        target_port = step.port or self._own_port(step)
        seen_as = self.cast.nat.get(step.source, source_ip)
        if step.label:
            self.lines[step.label] = Line(time, seen_as, source_port, target_ip, target_port, step.source)
        if step.on and step.at in self.cast.actors:
            columns = {"initiated": False, "local_ip": target_ip, "local_port": target_port}
            columns |= {"remote_ip": seen_as, "remote_port": source_port}
            self._add("connection", step, time, columns | self.process(step.on, step.at).columns("process", "parent"))
        if step.by and step.source in self.cast.actors:
            columns = {"initiated": True, "local_ip": source_ip, "local_port": source_port}
            columns |= {"remote_ip": target_ip, "remote_port": target_port}
            columns |= self.process(step.by, step.source).columns("process", "parent")
            # the caller's own clock: a packet takes a millisecond or so
            self._add(
                "connection", step, pc.subtract(time, self._chance.span(self._n, 0.0003, 0.002)), columns, step.source
            )

    def _own_port(self, step: Connect) -> Any:
        """The dynamic port that a process listens on for RPC; a process of the story opens one at its start."""
        if step.on in STANDING:
            return self.fleet.column(f"{step.on}_port", self.cast.actors[step.at])
        key = f"port of {step.on}"
        if key not in self.lines:
            port = self._chance.whole(self._n, 49_800, 49_999)
            self.lines[key] = Line(self._last, None, None, None, port, "")
        return self.lines[key].target_port

    def _account(self, step: LogOn) -> tuple[Any, Any, Any]:
        """Domain, name and SID of the account that logs on."""
        if step.account == "machine":
            source = self.cast.actors[self.lines[step.over].source]
            name = pc.binary_join_element_wise(self.fleet.column("name", source), "$", "")
            return DOMAIN.upper(), name, self.fleet.column("machine_sid", source)
        if step.account == "desktop":
            uptimes = self.cast.actors[step.at]
            return NETBIOS, self.fleet.column("user", uptimes), self.fleet.column("user_sid", uptimes)
        if self.cast.caller:
            return NETBIOS, *self.cast.caller
        source = self.cast.actors[self.lines[step.over].source if step.over else "source"]
        return NETBIOS, self.fleet.column("user", source), self.fleet.column("user_sid", source)

    def _log_on(self, step: LogOn, time: Any) -> None:
        domain, user, sid = self._account(step)
        logon_id = pc.add(self._first_logon, 37 * self._logons + 11)
        self._logons += 1
        number = 0 if step.logon_type == 3 else self._chance.whole(self._n, 2, 5)
        session = Session(domain, user, sid, logon_id, number, time)
        if step.label:
            self.sessions[step.label] = session
        columns = {"logon_type": step.logon_type, "package": step.package, **session.columns("session")}
        if step.over:
            line = self.lines[step.over]
            columns |= {"remote_ip": line.source_ip, "remote_port": line.source_port}
            if step.package == "NTLM" and line.source in self.cast.actors:
                columns["workstation"] = self.fleet.column("name", self.cast.actors[line.source])
        if step.process:
            columns |= self.process(step.process, step.at).columns("process")
        self._add("logon", step, time, columns)

    def _other(self, step: Step, time: Any) -> None:
        """The steps that are one row and name nothing new."""
        match step:
            case AccessShare():
                self._access_share(step, time)
            case OpenPipe():
                columns = {"pipe": self.text(step.pipe), "created": step.created, "remote": False}
                self._add(
                    "pipe", step, time, columns | self.process(step.process, step.at).columns("process", "parent")
                )
            case InstallService():
                self._install_service(step, time)
            case Subscribe():
                self._subscribe(step, time)
            case SetValue():
                columns = {"key": self.text(step.key), "value": self.text(step.value), "data": self.text(step.data)}
                writer = self.process(step.process, step.at).columns("process", "parent")
                self._add("registry", step, time, columns | writer)
            case LoadImage():
                columns = {"image": self.text(step.image), "signature": step.signature}
                self._add(
                    "image", step, time, columns | self.process(step.process, step.at).columns("process", "parent")
                )
            case RegisterTask():
                columns = {"task": self.text(step.task), "content": self.text(step.content)}
                columns |= self.session(step.session, step.at).columns("session")
                self._add("task", step, time, columns | self.standing("schedule", step.at).columns("process"))
            case CallRpc():
                line = self.lines[step.over]
                columns = {"interface": step.interface, "interface_name": step.interface_name}
                columns |= {"operation": step.operation, "operation_name": step.operation_name}
                columns |= {"local_ip": line.target_ip, "local_port": line.target_port, **self._peer(step.over)}
                columns |= self.session(step.session, step.at).columns("session")
                self._add("call", step, time, columns | self.process(step.process, step.at).columns("process"))
            case _:
                raise TypeError(step)

    def _access_share(self, step: AccessShare, time: Any) -> None:
        session = self.session(step.session, step.at).columns("session")
        file = self.text(step.file) if step.file else None
        columns = {"share": step.share, "mask": step.mask, "file": file, **self._peer(step.over), **session}
        if step.audited:
            self._add("share", step, time, columns)
        if step.is_pipe and file is not None:
            self._open_remotely(step, file, time)
        if step.writes:
            folder = "C:\\Windows\\" if step.share.endswith("ADMIN$") else "C:\\"
            path = f"{folder}{file}" if isinstance(file, str) else pc.binary_join_element_wise(folder, file, "")
            columns = {"path": path, "share": step.share, **self._peer(step.over), **session}
            self._add("file", step, time, columns | self.standing("system", step.at).columns("process"))

    def _open_remotely(self, step: AccessShare, file: Any, time: Any) -> None:
        """What Sysmon sees of a pipe that a remote client opens: System does; svcctl goes by ntsvcs (captures)."""
        name = "ntsvcs" if file == "svcctl" else file
        pipe = f"\\{name}" if isinstance(name, str) else pc.binary_join_element_wise("\\", name, "")
        opened = pc.add(time, self._chance.span(self._n, 0.002, 0.02))
        columns = {"pipe": pipe, "created": False, "remote": True}
        self._add("pipe", step, opened, columns | self.standing("system", step.at).columns("process", "parent"))

    def _install_service(self, step: InstallService, time: Any) -> None:
        self.texts[step.label] = service = self.text(step.service)
        image_path = self.text(step.image_path)
        manager = self.standing("services", step.at)
        columns = {"service": service, "image_path": image_path, "start_type": step.start_type, "account": step.account}
        columns |= self.session(step.session, step.at).columns("session")
        self._add("service", step, time, columns | manager.columns("process"))
        base = "HKLM\\System\\CurrentControlSet\\Services\\"
        key = f"{base}{service}" if isinstance(service, str) else pc.binary_join_element_wise(base, service, "")
        start = "DWORD (0x00000002)" if step.start_type == "auto start" else "DWORD (0x00000003)"
        for value, data in (("Start", start), ("ImagePath", image_path)):
            columns = {"key": key, "value": value, "data": data}
            written = pc.subtract(time, self._chance.span(self._n, 0.001, 0.004))
            self._add("registry", step, written, columns | manager.columns("process", "parent"))

    def _subscribe(self, step: Subscribe, time: Any) -> None:
        session = self.session(step.session, step.at).columns("session")
        name = self.text(step.name)
        for number, (part, text) in enumerate((("filter", step.query), ("consumer", step.script), ("binding", ""))):
            columns = {"part": part, "name": name, "text": text, **session}
            self._add("subscription", step, pc.add(time, 40_000 * number), columns)

    def _peer(self, over: str) -> dict[str, Any]:
        line = self.lines[over]
        return {"remote_ip": line.source_ip, "remote_port": line.source_port}
