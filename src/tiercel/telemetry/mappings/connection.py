"""The columns of a connection, from `link`: the device's side is Local, whatever the event called it."""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import ACTING, EVENT, additional, also_told, inferred, initiating

__all__ = ["CONNECTION", "JOINS", "blocked"]

# The Windows folder of a volume is on the system drive, which is C: but for rare installations; others stay as written.
_PATH: Final = (
    "regexp_replace(lower(coalesce(i.image, e.image)),"
    " '^\\\\device\\\\harddiskvolume\\d+\\\\windows\\\\', 'c:\\\\windows\\\\')"
)

_SIDES: Final[dict[str, str]] = {
    "LocalIP": "e.own_ip",
    "LocalPort": "e.own_port",
    "RemoteIP": "e.peer_ip",
    "RemotePort": "e.peer_port",
}
_PROCESS: Final[dict[str, str]] = {
    "InitiatingProcessId": "coalesce(e.pid, i.pid)",
    "InitiatingProcessFileName": "coalesce(i.lower_name, lower(base_name(e.image)))",
    "InitiatingProcessFolderPath": _PATH,
}
_INFERRED: Final = inferred(
    {
        "LocalIP": "starts_with(e.decided, 'guessed')",
        "InitiatingProcessId": "e.written_pid IS NULL AND coalesce(e.pid, i.pid) IS NOT NULL",
    },
    "i.inferred_of_initiating",
)

CONNECTION: Final[dict[str, str]] = {
    **EVENT,
    **initiating("DeviceNetworkEvents", _PROCESS),
    **_SIDES,
    "ActionType": "CASE WHEN e.outbound THEN 'ConnectionSuccess' ELSE 'InboundConnectionAccepted' END",
    "RemoteUrl": "e.peer_host",
    "Protocol": "e.protocol",
    "LocalIPType": "ip_type(e.own_ip)",
    "RemoteIPType": "ip_type(e.peer_ip)",
    "AdditionalFields": additional(
        UtcTimeAsWritten="CASE WHEN e.moment <> e.written_at THEN strftime(e.written_at, '%Y-%m-%dT%H:%M:%S.%gZ') END",
        Orientation="CASE WHEN starts_with(e.decided, 'guessed') THEN e.decided END",
        Inferred=_INFERRED,
        AlsoSource="also.source",
    ),
}
"""DeviceNetworkEvents of one event of `link`."""

JOINS: Final = f"{ACTING} {also_told('link', 'told_by', 'e.link')}"
"""What `CONNECTION` is told by, beside the event."""


def blocked() -> dict[str, str]:
    """DeviceEvents of a connection that the firewall did not let through."""
    return {
        **EVENT,
        **initiating("DeviceEvents", _PROCESS),
        **_SIDES,
        "ActionType": "CASE WHEN e.outbound THEN 'FirewallOutboundConnectionBlocked'"
        " ELSE 'FirewallInboundConnectionBlocked' END",
        "AdditionalFields": additional(Protocol="e.protocol", Inferred=_INFERRED),
    }
