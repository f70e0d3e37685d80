"""Happenings as rows of Defender's advanced hunting tables, column by column.

What Defender adds is there (hashes, version resources and the grandparent on every row, InboundRemoteRpcCall, the
address of a pipe's remote client); what it leaves out is absent (process ends, share listings, logon ids on network
rows). InitiatingProcess names are lower case, as in real records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tiercel.simulate.records.defender_columns import (
    Columns,
    account,
    escaped,
    facts,
    initiating,
    initiating_if_any,
    ip_type,
    joined,
    program_columns,
    time_of,
    unique_id,
)
from tiercel.tables import TABLES, Table
from tiercel.tables.arrow import ARROW_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tiercel.simulate.fleet import Fleet
    from tiercel.simulate.happenings import Happenings

__all__ = ["defender_tables"]

_LOGON_TYPES = {
    2: "Interactive",
    3: "Network",
    4: "Batch",
    5: "Service",
    7: "Unlock",
    10: "RemoteInteractive",
    11: "CachedInteractive",
}


def defender_tables(happenings: Happenings, fleet: Fleet, hosts: Sequence[int]) -> dict[str, Any]:
    """The rows of every table that has any, by table name, in the order of device and time.

    Args:
        happenings: what happened on some of the fleet's hosts.
        fleet: the whole fleet.
        hosts: which hosts these are, whose adapters are listed as well.

    """
    parts: dict[str, list[Any]] = {}
    for kind, (name, mapping) in _MAPPINGS.items():
        rows = happenings.table(kind)
        watched = fleet.column("defender", rows.column("uptime").combine_chunks())
        rows = rows.filter(watched)
        if kind == "pipe":  # the share's row tells of it, with the caller's address
            rows = rows.filter(pc.invert(rows.column("remote")))
        if kind == "subscription":  # Defender tells of the binding alone
            rows = rows.filter(pc.equal(rows.column("part"), "binding"))
        if kind == "share":  # a pipe below IPC$; shares and their files are no rows of these tables
            rows = rows.filter(
                pc.fill_null(
                    pc.and_(pc.equal(rows.column("share"), "\\\\*\\IPC$"), pc.is_valid(rows.column("file"))), False
                )
            )
        if rows.num_rows:
            parts.setdefault(name, []).append(_table(TABLES[name], mapping(rows) | _device(rows, fleet), rows.num_rows))
    certificates = _certificates(happenings, fleet)
    if certificates is not None:
        parts["DeviceFileCertificateInfo"] = [certificates]
    networks = _network_info(fleet, hosts)
    if networks is not None:
        parts["DeviceNetworkInfo"] = [networks]
    return {name: _numbered(pa.concat_tables(tables)) for name, tables in parts.items()}


def _numbered(table: Any) -> Any:
    """The table in the order of device and time, with a ReportId per row."""
    ordered = table.combine_chunks().sort_by([("DeviceId", "ascending"), ("Timestamp", "ascending")])
    index = ordered.schema.get_field_index("ReportId")
    return ordered.set_column(index, "ReportId", pa.array(range(1, ordered.num_rows + 1), pa.int64()))


def _table(table: Table, columns: Columns, n: int) -> Any:
    """The rows as a table of the catalogue; a column that is not given is empty."""
    arrays, names = [], []
    for column in table.columns:
        kind = ARROW_TYPES[column.type]
        value = columns.get(column.name)
        if value is None:
            array = pa.repeat(pa.scalar("", kind), n) if kind == pa.string() else pa.nulls(n, kind)
        elif isinstance(value, pa.ChunkedArray | pa.Array):
            array = value.cast(kind) if value.type != kind else value
            array = pc.fill_null(array, "") if kind == pa.string() else array
        else:
            array = pa.repeat(pa.scalar(value, kind), n)
        arrays.append(array)
        names.append(column.name)
    return pa.table(arrays, names=names)


def _device(rows: Any, fleet: Fleet) -> Columns:
    uptimes = rows.column("uptime").combine_chunks()
    return {
        "Timestamp": time_of(rows.column("time")),
        "DeviceId": fleet.column("device_id", uptimes),
        "DeviceName": pc.utf8_lower(fleet.column("fqdn", uptimes)),
    }


def _created(rows: Any) -> Columns:
    image = rows.column("process_image")
    signed = facts(rows.column("parent_image"), lambda known: bool(known.signer), pa.bool_())
    return {
        "ActionType": "ProcessCreated",
        "FileName": facts(image, lambda known: known.base_name, pa.string()),
        "FolderPath": image,
        "ProcessId": rows.column("process_pid"),
        "ProcessCommandLine": rows.column("process_command_line"),
        "ProcessIntegrityLevel": rows.column("process_integrity"),
        "ProcessTokenElevation": "TokenElevationTypeDefault",
        "ProcessCreationTime": time_of(rows.column("process_start")),
        "AccountDomain": pc.utf8_lower(rows.column("process_domain")),
        "AccountName": pc.utf8_lower(rows.column("process_user")),
        "AccountSid": rows.column("process_sid"),
        "LogonId": rows.column("process_logon_id"),
        "CreatedProcessSessionId": rows.column("process_number"),
        "ProcessUniqueId": unique_id(rows, "process"),
        "InitiatingProcessSignatureStatus": pc.if_else(signed, "Valid", "Unknown"),
        "InitiatingProcessSignerType": pc.if_else(signed, "OsVendor", "Unknown"),
        **program_columns(image, "", "FileSize"),
        **initiating(rows, "parent", "grandparent"),
    }


def _connection(rows: Any) -> Columns:
    initiated = rows.column("initiated")
    return {
        "ActionType": pc.if_else(initiated, "ConnectionSuccess", "InboundConnectionAccepted"),
        "RemoteIP": rows.column("remote_ip"),
        "RemotePort": rows.column("remote_port"),
        "LocalIP": rows.column("local_ip"),
        "LocalPort": rows.column("local_port"),
        "Protocol": "Tcp",
        "LocalIPType": ip_type(rows.column("local_ip")),
        "RemoteIPType": ip_type(rows.column("remote_ip")),
        **initiating(rows, "process", "parent"),
    }


def _logon(rows: Any) -> Columns:
    types = rows.column("logon_type").to_pylist()
    remote = pc.fill_null(rows.column("remote_ip"), "")
    return {
        "ActionType": "LogonSuccess",
        "LogonType": pa.array([_LOGON_TYPES[value] for value in types], pa.string()),
        **account(rows),
        "Protocol": rows.column("package"),
        "IsLocalAdmin": True,
        "LogonId": rows.column("session_logon_id"),
        "RemoteDeviceName": rows.column("workstation"),
        "RemoteIP": remote,
        "RemoteIPType": pc.if_else(pc.equal(remote, ""), "", ip_type(remote)),
        "RemotePort": rows.column("remote_port"),
        "AdditionalFields": '{"IsLocalLogon":false}',
        **initiating_if_any(rows),
    }


def _pipe(rows: Any) -> Columns:
    fields = joined(
        '{"PipeName":"\\\\Device\\\\NamedPipe',
        escaped(rows.column("pipe")),
        '","FileOperation":"',
        pc.if_else(rows.column("created"), "File created", "File opened"),
        '","NamedPipeEnd":"',
        pc.if_else(rows.column("created"), "Server", "Client"),
        '"}',
    )
    return {"ActionType": "NamedPipeEvent", "AdditionalFields": fields, **initiating(rows, "process", "parent")}


def _remote_pipe(rows: Any) -> Columns:
    fields = joined(
        '{"PipeName":"\\\\Device\\\\NamedPipe\\\\',
        escaped(rows.column("file")),
        '","FileOperation":"File opened","NamedPipeEnd":"Server"',
        ',"RemoteClientsAccess":"AcceptRemote","ShareName":"IPC$"}',
    )
    return {
        "ActionType": "NamedPipeEvent",
        "RemoteIP": rows.column("remote_ip"),
        "RemotePort": rows.column("remote_port"),
        "AdditionalFields": fields,
        "InitiatingProcessFileName": "system",
        "InitiatingProcessId": 4,
        **account(rows),
        "LogonId": rows.column("session_logon_id"),
    }


def _service(rows: Any) -> Columns:
    path = rows.column("image_path")
    start_type = pc.if_else(pc.equal(rows.column("start_type"), "auto start"), "2", "3")
    fields = joined(
        '{"ServiceName":"',
        escaped(rows.column("service")),
        '","ServiceAccount":"',
        rows.column("account"),
        '","ServiceStartType":',
        start_type,
        ',"ServiceType":16}',
    )
    return {
        "ActionType": "ServiceInstalled",
        "FileName": facts(path, lambda known: known.base_name.split('"')[0].split(" ")[0], pa.string()),
        "FolderPath": path,
        "ProcessCommandLine": path,
        "AdditionalFields": fields,
        **account(rows),
        **initiating(rows, "process"),
        "InitiatingProcessAccountDomain": pc.utf8_lower(rows.column("session_domain")),
        "InitiatingProcessAccountName": pc.utf8_lower(rows.column("session_user")),
        "InitiatingProcessAccountSid": rows.column("session_sid"),
        "InitiatingProcessLogonId": rows.column("session_logon_id"),
    }


def _task(rows: Any) -> Columns:
    fields = joined(
        '{"TaskName":"', escaped(rows.column("task")), '","TaskContent":"', escaped(rows.column("content")), '"}'
    )
    return {
        "ActionType": "ScheduledTaskCreated",
        "AdditionalFields": fields,
        **account(rows),
        "LogonId": rows.column("session_logon_id"),
        **initiating(rows, "process"),
    }


def _call(rows: Any) -> Columns:
    fields = joined(
        '{"RpcInterfaceUuid":"',
        rows.column("interface"),
        '","RpcInterfaceName":"',
        rows.column("interface_name"),
        '","RpcOpNum":',
        rows.column("operation").cast(pa.string()),
        ',"RpcOperationName":"',
        rows.column("operation_name"),
        '","AuthenticationType":"Negotiate"}',
    )
    return {
        "ActionType": "InboundRemoteRpcCall",
        "LocalIP": rows.column("local_ip"),
        "LocalPort": rows.column("local_port"),
        "RemoteIP": rows.column("remote_ip"),
        "RemotePort": rows.column("remote_port"),
        "AdditionalFields": fields,
        **account(rows),
        **initiating(rows, "process"),
    }


def _image(rows: Any) -> Columns:
    image = rows.column("image")
    return {
        "ActionType": "ImageLoaded",
        "FileName": facts(image, lambda known: known.base_name, pa.string()),
        "FolderPath": image,
        "SHA1": facts(image, lambda known: known.sha1, pa.string()),
        "SHA256": facts(image, lambda known: known.sha256, pa.string()),
        "MD5": facts(image, lambda known: known.md5, pa.string()),
        **initiating(rows, "process", "parent"),
    }


def _registry(rows: Any) -> Columns:
    key = pc.replace_substring(
        rows.column("key"), "HKLM\\System\\CurrentControlSet", "HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001"
    )
    data = rows.column("data")
    number = pc.starts_with(data, "DWORD (")
    return {
        "ActionType": "RegistryValueSet",
        "RegistryKey": key,
        "RegistryValueName": rows.column("value"),
        "RegistryValueType": pc.if_else(number, "Dword", "ExpandString"),
        "RegistryValueData": pc.if_else(number, pc.utf8_slice_codeunits(data, 16, 17), data),
        **initiating(rows, "process", "parent"),
    }


def _file(rows: Any) -> Columns:
    path = rows.column("path")
    return {
        "ActionType": "FileCreated",
        "FileName": facts(path, lambda known: known.base_name, pa.string()),
        "FolderPath": path,
        "SHA1": facts(path, lambda known: known.sha1, pa.string()),
        "RequestProtocol": "SMB",
        "RequestSourceIP": rows.column("remote_ip"),
        "RequestSourcePort": rows.column("remote_port"),
        "RequestAccountDomain": pc.utf8_lower(rows.column("session_domain")),
        "RequestAccountName": pc.utf8_lower(rows.column("session_user")),
        "RequestAccountSid": rows.column("session_sid"),
        "ShareName": pc.replace_substring(rows.column("share"), "\\\\*\\", ""),
        **initiating(rows, "process"),
    }


def _subscription(rows: Any) -> Columns:
    fields = joined('{"Filter":"', escaped(rows.column("name")), '","Consumer":"', escaped(rows.column("name")), '"}')
    return {
        "ActionType": "WmiBindEventFilterToConsumer",
        "AdditionalFields": fields,
        **account(rows),
        "InitiatingProcessFileName": "wmiprvse.exe",
    }


_MAPPINGS: dict[str, tuple[str, Callable[[Any], Columns]]] = {
    "start": ("DeviceProcessEvents", _created),
    "connection": ("DeviceNetworkEvents", _connection),
    "logon": ("DeviceLogonEvents", _logon),
    "pipe": ("DeviceEvents", _pipe),
    "share": ("DeviceEvents", _remote_pipe),
    "service": ("DeviceEvents", _service),
    "task": ("DeviceEvents", _task),
    "call": ("DeviceEvents", _call),
    "image": ("DeviceImageLoadEvents", _image),
    "registry": ("DeviceRegistryEvents", _registry),
    "file": ("DeviceFileEvents", _file),
    "subscription": ("DeviceEvents", _subscription),
}
"""Which table a kind of happening becomes, and how."""


def _certificates(happenings: Happenings, fleet: Fleet) -> Any | None:
    """One row for each signed program that started on a device, at its first start there."""
    starts = happenings.table("start").select(["uptime", "time", "process_image"])
    images = (
        happenings.table("image")
        .select(["uptime", "time", "image"])
        .rename_columns(["uptime", "time", "process_image"])
    )
    seen = pa.concat_tables([starts, images])
    host = fleet.uptimes.column("host").combine_chunks().take(seen.column("uptime").combine_chunks())
    seen = seen.append_column("host", host)
    first = seen.group_by(["host", "process_image"]).aggregate([("time", "min"), ("uptime", "min")])
    first = first.rename_columns({"time_min": "time", "uptime_min": "uptime"})
    first = first.filter(facts(first.column("process_image"), lambda known: bool(known.signer), pa.bool_()))
    first = first.filter(fleet.column("defender", first.column("uptime").combine_chunks()))
    if not first.num_rows:
        return None
    image = first.column("process_image")
    signer = facts(image, lambda known: known.signer, pa.string())
    microsoft = pc.starts_with(signer, "Microsoft")
    columns = {
        **_device(first, fleet),
        "SHA1": facts(image, lambda known: known.sha1, pa.string()),
        "IsSigned": True,
        "SignatureType": "Catalog",
        "Signer": signer,
        "Issuer": pc.if_else(
            microsoft, "Microsoft Windows Production PCA 2011", "DigiCert Trusted G4 Code Signing CA1"
        ),
        "IsTrusted": True,
        "IsRootSignerMicrosoft": microsoft,
    }
    return _table(TABLES["DeviceFileCertificateInfo"], columns, first.num_rows)


def _network_info(fleet: Fleet, rows: Sequence[int]) -> Any | None:
    """One row an adapter: the addresses of each device, once."""
    hosts = fleet.hosts.take(pa.array(rows, pa.int64()))
    hosts = hosts.filter(hosts.column("defender"))
    if not hosts.num_rows:
        return None
    addresses = joined(
        '[{"IPAddress":"',
        hosts.column("ip"),
        '","SubnetPrefix":16,"AddressType":"Private"},{"IPAddress":"',
        hosts.column("ipv6"),
        '","SubnetPrefix":64,"AddressType":"Private"}]',
    )
    columns = {
        "Timestamp": pa.repeat(pa.scalar(fleet.start, pa.int64()), hosts.num_rows).cast(pa.timestamp("us")),
        "DeviceId": hosts.column("device_id"),
        "DeviceName": pc.utf8_lower(hosts.column("fqdn")),
        "NetworkAdapterName": "Ethernet0",
        "NetworkAdapterType": "Ethernet",
        "NetworkAdapterStatus": "Up",
        "IPAddresses": addresses,
    }
    return _table(TABLES["DeviceNetworkInfo"], columns, hosts.num_rows)
