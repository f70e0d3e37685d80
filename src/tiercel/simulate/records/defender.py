"""Happenings as rows of Defender's advanced hunting tables, column by column.

What Defender adds is there (hashes, version resources and the grandparent on every row, InboundRemoteRpcCall, the
address of a pipe's remote client); what it leaves out is absent (process ends, share listings, logon ids on network
rows). InitiatingProcess names are lower case, as in real records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tiercel.simulate.records.programs import Program, program
from tiercel.tables import TABLES, KustoType, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tiercel.simulate.fleet import Fleet
    from tiercel.simulate.happenings import Happenings

__all__ = ["defender_tables"]

_ARROW = {
    KustoType.STRING: pa.string(),
    KustoType.LONG: pa.int64(),
    KustoType.INT: pa.int32(),
    KustoType.BOOL: pa.bool_(),
    KustoType.DATETIME: pa.timestamp("us"),
    KustoType.DYNAMIC: pa.string(),
}
_LOGON_TYPES = {
    2: "Interactive",
    3: "Network",
    4: "Batch",
    5: "Service",
    7: "Unlock",
    10: "RemoteInteractive",
    11: "CachedInteractive",
}
Columns = dict[str, Any]


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
        kind = _ARROW[column.type]
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
        "Timestamp": _time(rows.column("time")),
        "DeviceId": fleet.column("device_id", uptimes),
        "DeviceName": pc.utf8_lower(fleet.column("fqdn", uptimes)),
    }


def _time(column: Any) -> Any:
    return column.cast(pa.timestamp("us"))


def _facts(images: Any, get: Callable[[Program], Any], kind: Any) -> Any:
    """A fact about each row's program, looked up once per program."""
    encoded = images.combine_chunks().dictionary_encode()
    known = pa.array([get(program(image)) for image in encoded.dictionary.to_pylist()], kind)
    return known.take(encoded.indices)


def _unique_id(rows: Any, prefix: str) -> Any:
    """A key of a process on its host: its start and its id in one number, as text."""
    start, pid = rows.column(f"{prefix}_start"), rows.column(f"{prefix}_pid")
    return pc.add(pc.multiply(pc.divide(start, 1_000), 100_000), pid).cast(pa.string())


def _program_columns(images: Any, stem: str, size: str) -> Columns:
    """Hashes and version resource of the programs, named with a stem (`InitiatingProcess` or nothing)."""
    version = f"{stem}VersionInfo" if stem else "ProcessVersionInfo"
    return {
        f"{stem}SHA1": _facts(images, lambda facts: facts.sha1, pa.string()),
        f"{stem}SHA256": _facts(images, lambda facts: facts.sha256, pa.string()),
        f"{stem}MD5": _facts(images, lambda facts: facts.md5, pa.string()),
        size: _facts(images, lambda facts: facts.size, pa.int64()),
        f"{version}CompanyName": _facts(images, lambda facts: facts.company, pa.string()),
        f"{version}ProductName": _facts(images, lambda facts: facts.product, pa.string()),
        f"{version}ProductVersion": _facts(images, lambda facts: facts.version, pa.string()),
        f"{version}InternalFileName": _facts(images, lambda facts: facts.base_name, pa.string()),
        f"{version}OriginalFileName": _facts(images, lambda facts: facts.base_name, pa.string()),
        f"{version}FileDescription": _facts(images, lambda facts: facts.description, pa.string()),
    }


def _initiating(rows: Any, prefix: str, parent: str = "") -> Columns:
    """The InitiatingProcess columns, from the process under a prefix and its parent."""
    image = rows.column(f"{prefix}_image")
    columns = {
        "InitiatingProcessFileName": pc.utf8_lower(_facts(image, lambda facts: facts.base_name, pa.string())),
        "InitiatingProcessFolderPath": pc.utf8_lower(image),
        "InitiatingProcessId": rows.column(f"{prefix}_pid"),
        "InitiatingProcessCommandLine": rows.column(f"{prefix}_command_line"),
        "InitiatingProcessCreationTime": _time(rows.column(f"{prefix}_start")),
        "InitiatingProcessIntegrityLevel": rows.column(f"{prefix}_integrity"),
        "InitiatingProcessTokenElevation": "TokenElevationTypeDefault",
        "InitiatingProcessAccountDomain": pc.utf8_lower(rows.column(f"{prefix}_domain")),
        "InitiatingProcessAccountName": pc.utf8_lower(rows.column(f"{prefix}_user")),
        "InitiatingProcessAccountSid": rows.column(f"{prefix}_sid"),
        "InitiatingProcessLogonId": rows.column(f"{prefix}_logon_id"),
        "InitiatingProcessSessionId": rows.column(f"{prefix}_number"),
        "InitiatingProcessUniqueId": _unique_id(rows, prefix),
        **_program_columns(image, "InitiatingProcess", "InitiatingProcessFileSize"),
    }
    if parent:
        grandparent = rows.column(f"{parent}_image")
        columns |= {
            "InitiatingProcessParentId": rows.column(f"{parent}_pid"),
            "InitiatingProcessParentCreationTime": _time(rows.column(f"{parent}_start")),
            "InitiatingProcessParentFileName": _facts(
                pc.fill_null(grandparent, ""), lambda facts: facts.base_name, pa.string()
            ),
        }
    return columns


def _created(rows: Any) -> Columns:
    image = rows.column("process_image")
    signed = _facts(rows.column("parent_image"), lambda facts: bool(facts.signer), pa.bool_())
    return {
        "ActionType": "ProcessCreated",
        "FileName": _facts(image, lambda facts: facts.base_name, pa.string()),
        "FolderPath": image,
        "ProcessId": rows.column("process_pid"),
        "ProcessCommandLine": rows.column("process_command_line"),
        "ProcessIntegrityLevel": rows.column("process_integrity"),
        "ProcessTokenElevation": "TokenElevationTypeDefault",
        "ProcessCreationTime": _time(rows.column("process_start")),
        "AccountDomain": pc.utf8_lower(rows.column("process_domain")),
        "AccountName": pc.utf8_lower(rows.column("process_user")),
        "AccountSid": rows.column("process_sid"),
        "LogonId": rows.column("process_logon_id"),
        "CreatedProcessSessionId": rows.column("process_number"),
        "ProcessUniqueId": _unique_id(rows, "process"),
        "InitiatingProcessSignatureStatus": pc.if_else(signed, "Valid", "Unknown"),
        "InitiatingProcessSignerType": pc.if_else(signed, "OsVendor", "Unknown"),
        **_program_columns(image, "", "FileSize"),
        **_initiating(rows, "parent", "grandparent"),
    }


def _ip_type(addresses: Any) -> Any:
    loopback = pc.or_(pc.starts_with(addresses, "127."), pc.equal(addresses, "::1"))
    private = pc.or_(
        pc.or_(pc.starts_with(addresses, "10."), pc.starts_with(addresses, "192.168.")), pc.starts_with(addresses, "f")
    )
    return pc.if_else(loopback, "Loopback", pc.if_else(private, "Private", "Public"))


def _connection(rows: Any) -> Columns:
    initiated = rows.column("initiated")
    return {
        "ActionType": pc.if_else(initiated, "ConnectionSuccess", "InboundConnectionAccepted"),
        "RemoteIP": rows.column("remote_ip"),
        "RemotePort": rows.column("remote_port"),
        "LocalIP": rows.column("local_ip"),
        "LocalPort": rows.column("local_port"),
        "Protocol": "Tcp",
        "LocalIPType": _ip_type(rows.column("local_ip")),
        "RemoteIPType": _ip_type(rows.column("remote_ip")),
        **_initiating(rows, "process", "parent"),
    }


def _session(rows: Any) -> Columns:
    return {
        "AccountDomain": pc.utf8_lower(rows.column("session_domain")),
        "AccountName": pc.utf8_lower(rows.column("session_user")),
        "AccountSid": rows.column("session_sid"),
    }


def _logon(rows: Any) -> Columns:
    types = rows.column("logon_type").to_pylist()
    remote = pc.fill_null(rows.column("remote_ip"), "")
    return {
        "ActionType": "LogonSuccess",
        "LogonType": pa.array([_LOGON_TYPES[value] for value in types], pa.string()),
        **_session(rows),
        "Protocol": rows.column("package"),
        "IsLocalAdmin": True,
        "LogonId": rows.column("session_logon_id"),
        "RemoteDeviceName": rows.column("workstation"),
        "RemoteIP": remote,
        "RemoteIPType": pc.if_else(pc.equal(remote, ""), "", _ip_type(remote)),
        "RemotePort": rows.column("remote_port"),
        "AdditionalFields": '{"IsLocalLogon":false}',
        **_process_if_any(rows),
    }


def _process_if_any(rows: Any) -> Columns:
    """InitiatingProcess columns of rows whose process may be unknown."""
    if rows.column("process_image").null_count:
        return {}
    return _initiating(rows, "process")


def _joined(*parts: Any) -> Any:
    """Text columns and plain texts, one after another."""
    return pc.binary_join_element_wise(*parts, "")


def _escaped(column: Any) -> Any:
    """Text that can stand between the quotes of a JSON string."""
    return pc.replace_substring(pc.replace_substring(column, "\\", "\\\\"), '"', '\\"')


def _pipe(rows: Any) -> Columns:
    fields = _joined(
        '{"PipeName":"\\\\Device\\\\NamedPipe',
        _escaped(rows.column("pipe")),
        '","FileOperation":"',
        pc.if_else(rows.column("created"), "File created", "File opened"),
        '","NamedPipeEnd":"',
        pc.if_else(rows.column("created"), "Server", "Client"),
        '"}',
    )
    return {"ActionType": "NamedPipeEvent", "AdditionalFields": fields, **_initiating(rows, "process", "parent")}


def _remote_pipe(rows: Any) -> Columns:
    fields = _joined(
        '{"PipeName":"\\\\Device\\\\NamedPipe\\\\',
        _escaped(rows.column("file")),
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
        **_session(rows),
        "LogonId": rows.column("session_logon_id"),
    }


def _service(rows: Any) -> Columns:
    path = rows.column("image_path")
    start_type = pc.if_else(pc.equal(rows.column("start_type"), "auto start"), "2", "3")
    fields = _joined(
        '{"ServiceName":"',
        _escaped(rows.column("service")),
        '","ServiceAccount":"',
        rows.column("account"),
        '","ServiceStartType":',
        start_type,
        ',"ServiceType":16}',
    )
    return {
        "ActionType": "ServiceInstalled",
        "FileName": _facts(path, lambda facts: facts.base_name.split('"')[0].split(" ")[0], pa.string()),
        "FolderPath": path,
        "ProcessCommandLine": path,
        "AdditionalFields": fields,
        **_session(rows),
        **_initiating(rows, "process"),
        "InitiatingProcessAccountDomain": pc.utf8_lower(rows.column("session_domain")),
        "InitiatingProcessAccountName": pc.utf8_lower(rows.column("session_user")),
        "InitiatingProcessAccountSid": rows.column("session_sid"),
        "InitiatingProcessLogonId": rows.column("session_logon_id"),
    }


def _task(rows: Any) -> Columns:
    fields = _joined(
        '{"TaskName":"', _escaped(rows.column("task")), '","TaskContent":"', _escaped(rows.column("content")), '"}'
    )
    return {
        "ActionType": "ScheduledTaskCreated",
        "AdditionalFields": fields,
        **_session(rows),
        "LogonId": rows.column("session_logon_id"),
        **_initiating(rows, "process"),
    }


def _call(rows: Any) -> Columns:
    fields = _joined(
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
        **_session(rows),
        **_initiating(rows, "process"),
    }


def _image(rows: Any) -> Columns:
    image = rows.column("image")
    return {
        "ActionType": "ImageLoaded",
        "FileName": _facts(image, lambda facts: facts.base_name, pa.string()),
        "FolderPath": image,
        "SHA1": _facts(image, lambda facts: facts.sha1, pa.string()),
        "SHA256": _facts(image, lambda facts: facts.sha256, pa.string()),
        "MD5": _facts(image, lambda facts: facts.md5, pa.string()),
        **_initiating(rows, "process", "parent"),
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
        **_initiating(rows, "process", "parent"),
    }


def _file(rows: Any) -> Columns:
    path = rows.column("path")
    return {
        "ActionType": "FileCreated",
        "FileName": _facts(path, lambda facts: facts.base_name, pa.string()),
        "FolderPath": path,
        "SHA1": _facts(path, lambda facts: facts.sha1, pa.string()),
        "RequestProtocol": "SMB",
        "RequestSourceIP": rows.column("remote_ip"),
        "RequestSourcePort": rows.column("remote_port"),
        "RequestAccountDomain": pc.utf8_lower(rows.column("session_domain")),
        "RequestAccountName": pc.utf8_lower(rows.column("session_user")),
        "RequestAccountSid": rows.column("session_sid"),
        "ShareName": pc.replace_substring(rows.column("share"), "\\\\*\\", ""),
        **_initiating(rows, "process"),
    }


def _subscription(rows: Any) -> Columns:
    fields = _joined(
        '{"Filter":"', _escaped(rows.column("name")), '","Consumer":"', _escaped(rows.column("name")), '"}'
    )
    return {
        "ActionType": "WmiBindEventFilterToConsumer",
        "AdditionalFields": fields,
        **_session(rows),
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
    first = first.filter(_facts(first.column("process_image"), lambda facts: bool(facts.signer), pa.bool_()))
    first = first.filter(fleet.column("defender", first.column("uptime").combine_chunks()))
    if not first.num_rows:
        return None
    image = first.column("process_image")
    signer = _facts(image, lambda facts: facts.signer, pa.string())
    microsoft = pc.starts_with(signer, "Microsoft")
    columns = {
        **_device(first, fleet),
        "SHA1": _facts(image, lambda facts: facts.sha1, pa.string()),
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
    addresses = _joined(
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
