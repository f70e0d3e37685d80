"""The logon that the movement used, and what followed in its session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tiercel.attribution.rows import account_of, aware, place_of, process_of
from tiercel.findings import Followed, Logon

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiercel.attribution.evidence import Subject

__all__ = ["MOST_FOLLOWED", "choose_logon", "followed_in_session"]

MOST_FOLLOWED: Final = 100
"""A finding shows at most so much of what followed: the first."""

_TIES: Final = ("session", "port", "time")


def choose_logon(subject: Subject, rows: Sequence[Mapping[str, Any]]) -> Logon | None:
    """The logon that is tied best: by session, by the caller's port, by time; people before machine accounts."""
    peer = subject.finding.peer_ip
    known = [(row, _tie(subject, row)) for row in rows if peer is None or row["RemoteIP"] in (peer, "")]
    if not known:
        return None
    row, tie = min(known, key=lambda each: _order(subject, *each))
    account, package = account_of(row), row["Package"] or None
    workstation = row["Workstation"] or None
    over = f" over {package}" if package else ""
    calling_itself = f", calling itself {workstation}" if workstation else ""
    return Logon(
        time=aware(row["Timestamp"]),
        text=f"{account or 'an unnamed account'} logged on{over} from {place_of(row['RemoteIP'], row['RemotePort'])}"
        f"{calling_itself}",
        account=account,
        logon_id=row["LogonId"],
        package=package,
        source_ip=row["RemoteIP"] or None,
        source_port=row["RemotePort"],
        workstation=workstation,
        tied_by=tie,
        table="DeviceLogonEvents",
        source=row["RecordedIn"] or None,
    )


def _tie(subject: Subject, row: Mapping[str, Any]) -> str:
    if row["IsSession"] or row["LogonId"] in subject.sessions:
        return "session"
    return "port" if row["RemotePort"] in subject.ports else "time"


def _order(subject: Subject, row: Mapping[str, Any], tie: str) -> tuple[int, int, bool, float, str]:
    session = list(subject.sessions).index(row["LogonId"]) if row["LogonId"] in subject.sessions else 99
    is_machine = row["AccountName"].endswith("$") or row["AccountName"].lower() == "anonymous logon"
    apart = abs((row["Timestamp"] - subject.first).total_seconds())
    return _TIES.index(tie), session if tie == "session" else 0, is_machine, apart, row["RecordedIn"]


def followed_in_session(rows: Sequence[Mapping[str, Any]], known: frozenset[int]) -> tuple[Followed, ...]:
    """What followed in the session, without the processes that the finding itself names (`known`, their ids)."""
    followed = []
    for row in rows:
        kind = row["Kind"]
        process = process_of(row) if kind == "process" or row["ProcessCommandLine"] else None
        if process is not None and process.pid in known:
            continue
        command = row["ProcessCommandLine"]
        match kind:
            case "process":
                text = f"{row['FileName']} ({row['ProcessId']}) started: {command or 'command line unknown'}"
            case "service":
                text = f"service {row['Name'] or 'without a name'} was installed: {command or row['FileName']}"
            case _:
                text = f"task {row['Name'] or 'without a name'} was made"
        followed.append(
            Followed(
                time=aware(row["Timestamp"]),
                kind=kind,
                text=text,
                tied_by="session",
                process=process if kind == "process" else None,
                account=account_of(row),
                table=row["Table"],
                source=row["RecordedIn"] or None,
            )
        )
    return tuple(followed[:MOST_FOLLOWED])
