"""WMI-Activity 5857, 5860 and 5861: DeviceEvents.

5861, a permanent subscription, is Defender's WmiBindEventFilterToConsumer (unless Sysmon 21 told of it). For a provider
that was started (5857) and a temporary subscription (5860) Defender has no ActionType; WmiProviderStarted and
WmiTemporaryEventSubscription are Tiercel's own. Who logs 5858 to 5861 is the svchost that hosts Winmgmt, which is why
those are read too.
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import ACTING, EVENT, additional, initiating
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

_FIRST: Final = "trim(split_part(e.{0}, ';', 1))"

KIND: Final = Kind(
    name="wmi_activity",
    family=Family.AUDIT,
    channel=Channel.WMI,
    event_ids=(5857, 5858, 5859, 5860, 5861),
    fields=(
        "ProviderName",
        "HostProcess",
        "ProviderPath",
        "NamespaceName",
        "Namespace",
        "Query",
        "User",
        "ClientMachine",
        "ESS",
        "CONSUMER",
        "PossibleCause",
    ),
    in_message={
        "HostProcess": "HostProcess = ",
        "ProviderPath": "ProviderPath = ",
        "Namespace": "Namespace = ",
        "ESS": "Eventfilter = ",
        "CONSUMER": "Consumer = ",
        "PossibleCause": "PossibleCause = ",
    },
    user_data=True,
    rows=(
        Rows(
            table="DeviceEvents",
            values={
                **EVENT,
                **initiating("DeviceEvents", {"InitiatingProcessId": "coalesce(i.pid, e.header_pid)"}),
                "ActionType": "CASE e.event_id WHEN 5857 THEN 'WmiProviderStarted'"
                " WHEN 5860 THEN 'WmiTemporaryEventSubscription' ELSE 'WmiBindEventFilterToConsumer' END",
                "AccountDomain": 'account_domain(known(e."User"))',
                "AccountName": 'account_name(known(e."User"))',
                "RemoteDeviceName": "lower(known(e.ClientMachine))",
                "AdditionalFields": additional(
                    ProviderName="e.ProviderName",
                    HostProcess=_FIRST.format("HostProcess"),
                    ProviderPath=_FIRST.format("ProviderPath"),
                    Namespace=f"coalesce(e.NamespaceName, {_FIRST.format('Namespace')})",
                    Query="e.Query",
                    Filter=_FIRST.format("ESS"),
                    Consumer=_FIRST.format("CONSUMER"),
                    PossibleCause="e.PossibleCause",
                ),
            },
            where="e.event_id IN (5857, 5860, 5861) AND e.event NOT IN (SELECT activity FROM binding_twin)",
            joins=ACTING,
        ),
    ),
)
