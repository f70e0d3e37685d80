"""Sysmon 17 and 18, pipe created and connected: DeviceEvents, ActionType NamedPipeEvent.

What a remote client opens shows here as opened by System, without its address; the Security 5145 of the same pipe
carries that, so that row stands for both.
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import ACTING, EVENT, additional, initiating
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

_FIELDS: Final = (
    "UtcTime",
    "ProcessGuid",
    "ProcessId",
    "Image",
    "PipeName",
    "User",
)

_PIPE: Final = "replace(replace(replace(e.PipeName, '&lt;', '<'), '&gt;', '>'), '&amp;', '&')"

KIND: Final = Kind(
    name="sysmon_pipe",
    family=Family.SYSMON,
    channel=Channel.SYSMON,
    event_ids=(17, 18),
    fields=_FIELDS,
    in_message=Kind.sysmon_text(*_FIELDS),
    parsed_if="UtcTime",
    dropped=("ProcessId",),
    rows=(
        Rows(
            table="DeviceEvents",
            values={
                **EVENT,
                **initiating("DeviceEvents"),
                "ActionType": "'NamedPipeEvent'",
                "AdditionalFields": additional(
                    PipeName=f"CASE WHEN starts_with(e.PipeName, '\\') THEN '\\Device\\NamedPipe' ELSE '' END || {_PIPE}",
                    FileOperation="CASE e.event_id WHEN 17 THEN 'File created' ELSE 'File opened' END",
                    NamedPipeEnd="CASE e.event_id WHEN 17 THEN 'Server' ELSE 'Client' END",
                ),
            },
            where="e.event NOT IN (SELECT sysmon FROM pipe_twin)",
            joins=ACTING,
        ),
    ),
)
