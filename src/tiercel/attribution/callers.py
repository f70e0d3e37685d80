"""Who called: chosen from the other end's records of the connection, the address's owner, and who meant the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tiercel.attribution.rows import account_of, aware, place_of, process_of, short_name
from tiercel.findings import Caller, Mirror

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiercel.findings import Finding, Logon

__all__ = ["choose_caller", "choose_mirrors", "intended"]

_RELAYS: Final = frozenset({"", "system", "ntoskrnl.exe", "svchost.exe", "lsass.exe"})
"""Processes that connect on behalf of others: the kernel for SMB, RPCSS for the question on port 135, LSASS."""

_INTENTIONS: Final = ("credentials", "another connection", "command line")

_SERVED: Final = 49152
"""From here on a port is a server's own: whoever connects to it speaks with that server."""


def choose_mirrors(rows: Sequence[Mapping[str, Any]], has_owner: bool) -> tuple[Mirror, ...]:
    """The records of the other end, by time: those whose four ends agree.

    Else, for an address that no device here holds, those behind address translation, if they are all one device's.
    """
    exact = [row for row in rows if row["IsExact"]]
    if exact:
        chosen = exact
    else:
        behind = {row["MirrorId"] for row in rows}
        chosen = list(rows) if len(behind) == 1 and not has_owner else []
    return tuple(_mirror(row) for row in chosen)


def _mirror(row: Mapping[str, Any]) -> Mirror:
    process = process_of(row, "ProcessStart")
    here, there = place_of(row["ThisIP"], row["ThisPort"]), place_of(row["ThatIP"], row["ThatPort"])
    name = f"{process.name or 'an unnamed process'}" + (f" ({process.pid})" if process.pid is not None else "")
    return Mirror(
        time=aware(row["Timestamp"]),
        text=f"{name} on {row['MirrorName']} connected from {here} to {there}",
        device=row["MirrorName"] or None,
        device_id=row["MirrorId"] or None,
        process=process,
        account=account_of(row),
        local_ip=row["ThisIP"] or None,
        local_port=row["ThisPort"],
        remote_ip=row["ThatIP"] or None,
        remote_port=row["ThatPort"],
        apart=round((row["Timestamp"] - row["At"]).total_seconds(), 6),
        is_exact=row["IsExact"],
        is_relay=(process.name or "").lower() in _RELAYS,
        table="DeviceNetworkEvents",
        source=row["RecordedIn"] or None,
    )


def choose_caller(
    finding: Finding, mirrors: Sequence[Mirror], owner: Mapping[str, Any] | None, logon: Logon | None
) -> Caller:
    """The caller as far as connections and addresses tell: its process is the one that spoke with the server itself."""
    speakers = [mirror for mirror in mirrors if not mirror.is_relay]
    if speakers:
        best = min(speakers, key=lambda each: ((each.remote_port or 0) < _SERVED, each.time))
        return Caller(
            ip=finding.peer_ip,
            device=best.device,
            device_id=best.device_id,
            known_by="mirror",
            process=best.process,
            process_known_by="connection",
            account=best.account,
            time=best.time,
            table=best.table,
            source=best.source,
        )
    if mirrors:
        best = mirrors[0]
        return Caller(
            ip=finding.peer_ip,
            device=best.device,
            device_id=best.device_id,
            known_by="mirror",
            time=best.time,
            table=best.table,
            source=best.source,
        )
    if owner is not None:
        return Caller(
            ip=finding.peer_ip,
            device=owner["OwnerName"] or None,
            device_id=owner["OwnerId"],
            known_by="address",
            time=aware(owner["Timestamp"]),
            table=owner["Table"],
            source=owner["RecordedIn"] or None,
        )
    claimed = logon.workstation if logon and logon.workstation else finding.peer_name
    if claimed and short_name(claimed) != short_name(finding.device):
        told = logon if logon and logon.workstation else None
        return Caller(
            ip=finding.peer_ip,
            device=claimed,
            known_by="logon",
            time=told.time if told else None,
            table=told.table if told else None,
            source=told.source if told else None,
        )
    return Caller(ip=finding.peer_ip)


def intended(rows: Sequence[Mapping[str, Any]], logon: Logon | None) -> Mapping[str, Any] | None:
    """The answer that tells best which process meant the target; of several the nearest in time.

    One that used the logon's credentials for it, else one that connected to it in its own name, else one that names it
    on its command line.
    """
    account = (logon.account or "").rpartition("\\")[2].lower() if logon else ""
    acting = [row for row in rows if row["FileName"].lower() not in _RELAYS]
    fitting = [row for row in acting if row["KnownBy"] != "credentials" or account in ("", row["UsedAccount"].lower())]
    return min(fitting, key=lambda row: (_INTENTIONS.index(row["KnownBy"]), row["Apart"]), default=None)
