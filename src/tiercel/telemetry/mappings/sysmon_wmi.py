"""Sysmon 19, 20 and 21, WMI event filter, consumer, and their binding: DeviceEvents.

The binding is Defender's WmiBindEventFilterToConsumer. For filter and consumer Defender has no ActionType;
WmiEventFilterActivity and WmiEventConsumerActivity are Tiercel's own. The events name the account, not the process.
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import EVENT, additional
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

KIND: Final = Kind(
    name="sysmon_wmi",
    family=Family.SYSMON,
    channel=Channel.SYSMON,
    event_ids=(19, 20, 21),
    fields=(
        "UtcTime",
        "Operation",
        "User",
        "EventNamespace",
        "Name",
        "Query",
        "Type",
        "Destination",
        "Consumer",
        "Filter",
    ),
    rows=(
        Rows(
            table="DeviceEvents",
            values={
                **EVENT,
                "ActionType": "CASE e.event_id WHEN 19 THEN 'WmiEventFilterActivity'"
                " WHEN 20 THEN 'WmiEventConsumerActivity' ELSE 'WmiBindEventFilterToConsumer' END",
                "InitiatingProcessAccountDomain": 'account_domain(known(e."User"))',
                "InitiatingProcessAccountName": 'account_name(known(e."User"))',
                "AdditionalFields": additional(
                    Operation="e.Operation",
                    Namespace="trim(e.EventNamespace, ' \"')",
                    Name="trim(e.Name, ' \"')",
                    Query="trim(e.Query, ' \"')",
                    Type="e.Type",
                    Destination="trim(e.Destination, ' \"')",
                    Consumer="trim(e.Consumer, ' \"')",
                    Filter="trim(e.Filter, ' \"')",
                ),
            },
        ),
    ),
)
