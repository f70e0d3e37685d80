"""`DeviceFromIP`, `AssignedIPAddresses`, `SeenBy`: what Defender asks its service, answered from the own tables."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from tiercel.errors import Severity
from tiercel.kql import Source, parse, syntax
from tiercel.plan.compiler import OPEN
from tiercel.plan.literals import EPOCH_TICKS, TICKS_PER_SECOND, constant
from tiercel.plan.relation import Field, Relation
from tiercel.plan.scope import ScalarBinding, Scope, TableBinding, did_you_mean
from tiercel.plan.statements import run
from tiercel.plan.values import Broken, Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from tiercel.plan.context import Context

__all__ = ["assigned_addresses", "device_from_ip", "seen_by"]

_SOURCES: Final = ("DeviceNetworkInfo", "DeviceNetworkEvents")

_LATEST: Final = EPOCH_TICKS + 253_402_300_799 * TICKS_PER_SECOND
"""9999-12-31 23:59:59: no row is later."""

_ADDRESSES: Final = r"""
let Addresses = union
    (DeviceNetworkInfo
    | mv-expand Address = todynamic(IPAddresses)
    | project Timestamp, DeviceId, DeviceName, IPAddress = tostring(Address.IPAddress), NetworkAdapterType,
        ConnectedNetworks),
    (DeviceNetworkEvents
    | project Timestamp, DeviceId, DeviceName, IPAddress = LocalIP, NetworkAdapterType = "", ConnectedNetworks = "")
| where isnotempty(IPAddress) and IPAddress !startswith "127." and IPAddress != "::1" and Timestamp <= AsOf
| where IPAddress !startswith "ff" and not(IPAddress matches regex @"^(22[4-9]|2[345]\d)\.");
"""

_DEVICE_FROM_IP: Final = (
    _ADDRESSES
    + """
T
| distinct IP
| join kind=inner (Addresses | summarize arg_max(Timestamp, DeviceId) by IPAddress) on $left.IP == $right.IPAddress
| project IP, DeviceId
"""
)

_ASSIGNED: Final = (
    _ADDRESSES
    + """
Addresses
| where DeviceId == Device or DeviceName =~ Device
| summarize arg_max(Timestamp, NetworkAdapterType, ConnectedNetworks) by IPAddress
| project Timestamp, IPAddress, IPType = iff(ipv4_is_private(IPAddress) or IPAddress startswith "fe80:", "Private",
    "Public"), NetworkAdapterType, ConnectedNetworks
"""
)

_SEEN_BY: Final = (
    _ADDRESSES
    + """
T
| distinct Seen = DeviceId
| join kind=inner (Addresses | distinct DeviceId, IPAddress) on $left.Seen == $right.DeviceId
| project Seen, IPAddress
| join kind=inner (DeviceNetworkEvents | distinct DeviceId, RemoteIP) on $left.IPAddress == $right.RemoteIP
| where DeviceId != Seen
| distinct DeviceId
"""
)


@cache
def _statements(text: str) -> tuple[syntax.Statement, ...]:
    query = parse(Source(text, path="own devices")).query
    return query.statements if query is not None else ()


def device_from_ip(context: Context, rows: Relation, call: syntax.Call) -> Relation:
    """`invoke DeviceFromIP()`: the device that had each address of the column `IP` last: `IP`, `DeviceId`.

    A first argument names another column, a second the time up to which is looked.

    Where we differ: Defender asks its own service; here DeviceNetworkInfo and the local addresses of
    DeviceNetworkEvents tell, and a warning says so.
    """
    return _piped(context, rows, call, "IP", _DEVICE_FROM_IP)


def seen_by(context: Context, rows: Relation, call: syntax.Call) -> Relation:
    """`invoke SeenBy()`: the devices that talked to one of those in the column `DeviceId`: `DeviceId`.

    Where we differ: Defender asks its own discovery; here the connections in DeviceNetworkEvents tell, and a warning
    says so.
    """
    return _piped(context, rows, call, "DeviceId", _SEEN_BY)


def assigned_addresses(context: Context, call: syntax.Call) -> Relation:
    """`AssignedIPAddresses("ws6.example.org", ago(1d))`: a device's addresses, each with when it was last seen.

    Where we differ: Defender asks its own service; here DeviceNetworkInfo and the local addresses of
    DeviceNetworkEvents tell, and a warning says so. NetworkAdapterType is the text that DeviceNetworkInfo holds.
    """
    if not 1 <= len(call.arguments) <= 2:
        raise Refusal("kql-argument-count", f"`{call.name}` takes a device and a time, found {len(call.arguments)}")
    device = _scalar(context, call, 0, KustoType.STRING)
    scope = Scope()
    scope.own["Device"] = ScalarBinding(device)
    return _answer(context, scope, call, _ASSIGNED)


def _piped(context: Context, rows: Relation, call: syntax.Call, column: str, text: str) -> Relation:
    if rows.is_open:
        return OPEN
    rows = context.compiler.seal(rows)
    name = column
    if call.arguments:
        first = call.arguments[0]
        if not isinstance(first, syntax.Name):
            raise Refusal("kql-argument-type", "the first argument is a column's name", region=first.region)
        name = first.text
    found = rows.find(name)
    if found is None:
        hint = did_you_mean(name, rows.names) or f"`{call.name}` reads it: `| project {column} = ...` before it"
        raise Refusal("kql-unknown-column", f"no column here is called `{name}`", hint, call.region)
    scope = Scope()
    scope.own["T"] = TableBinding(context.compiler.seal(rows.with_fields([_renamed(found, column)])))
    return _answer(context, scope, call, text)


def _renamed(field: Field, name: str) -> Field:
    return replace(field, name=name)


def _answer(context: Context, scope: Scope, call: syntax.Call, text: str) -> Relation:
    compiler = context.compiler
    missing = [name for name in _SOURCES if name not in compiler.tables]
    if missing:
        raise Refusal("kql-unsupported", f"`{call.name}` is not supported here: it reads {' and '.join(missing)}")
    until = constant(_LATEST, KustoType.DATETIME)
    if len(call.arguments) > 1:
        until = _scalar(context, call, 1, KustoType.DATETIME)
    scope.own["AsOf"] = ScalarBinding(until)
    result = run(context.within(scope), _statements(text))
    message = f"`{call.name}` is answered from the own tables; Defender asks its own service"
    compiler.report("kql-local-data", message, call.name_region, "", Severity.WARNING)
    return result if isinstance(result, Relation) else OPEN


def _scalar(context: Context, call: syntax.Call, at: int, kind: KustoType) -> Typed:
    value = context.over(None).lower(call.arguments[at])  # type: ignore[arg-type]  # refused by `lower` otherwise
    if not isinstance(value, Broken) and value.type is not kind:
        message = f"argument {at + 1} of `{call.name}` is a {kind}, found a {value.type}"
        raise Refusal("kql-argument-type", message, region=call.arguments[at].region)
    return value
