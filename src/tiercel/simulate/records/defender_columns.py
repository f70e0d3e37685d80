"""Columns that several of Defender's tables share: the initiating process, program files, accounts, addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tiercel.simulate.records.programs import Program, program

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Columns",
    "account",
    "escaped",
    "facts",
    "initiating",
    "initiating_if_any",
    "ip_type",
    "joined",
    "program_columns",
    "time_of",
    "unique_id",
]

Columns = dict[str, Any]


def time_of(column: Any) -> Any:
    """A column of microseconds as times."""
    return column.cast(pa.timestamp("us"))


def facts(images: Any, get: Callable[[Program], Any], kind: Any) -> Any:
    """A fact about each row's program, looked up once per program."""
    encoded = images.combine_chunks().dictionary_encode()
    known = pa.array([get(program(image)) for image in encoded.dictionary.to_pylist()], kind)
    return known.take(encoded.indices)


def unique_id(rows: Any, prefix: str) -> Any:
    """A key of a process on its host: its start and its id in one number, as text."""
    start, pid = rows.column(f"{prefix}_start"), rows.column(f"{prefix}_pid")
    return pc.add(pc.multiply(pc.divide(start, 1_000), 100_000), pid).cast(pa.string())


def program_columns(images: Any, stem: str, size: str) -> Columns:
    """Hashes and version resource of the programs, named with a stem (`InitiatingProcess` or nothing)."""
    version = f"{stem}VersionInfo" if stem else "ProcessVersionInfo"
    return {
        f"{stem}SHA1": facts(images, lambda known: known.sha1, pa.string()),
        f"{stem}SHA256": facts(images, lambda known: known.sha256, pa.string()),
        f"{stem}MD5": facts(images, lambda known: known.md5, pa.string()),
        size: facts(images, lambda known: known.size, pa.int64()),
        f"{version}CompanyName": facts(images, lambda known: known.company, pa.string()),
        f"{version}ProductName": facts(images, lambda known: known.product, pa.string()),
        f"{version}ProductVersion": facts(images, lambda known: known.version, pa.string()),
        f"{version}InternalFileName": facts(images, lambda known: known.base_name, pa.string()),
        f"{version}OriginalFileName": facts(images, lambda known: known.base_name, pa.string()),
        f"{version}FileDescription": facts(images, lambda known: known.description, pa.string()),
    }


def initiating(rows: Any, prefix: str, parent: str = "") -> Columns:
    """The InitiatingProcess columns, from the process under a prefix and its parent."""
    image = rows.column(f"{prefix}_image")
    columns = {
        "InitiatingProcessFileName": pc.utf8_lower(facts(image, lambda known: known.base_name, pa.string())),
        "InitiatingProcessFolderPath": pc.utf8_lower(image),
        "InitiatingProcessId": rows.column(f"{prefix}_pid"),
        "InitiatingProcessCommandLine": rows.column(f"{prefix}_command_line"),
        "InitiatingProcessCreationTime": time_of(rows.column(f"{prefix}_start")),
        "InitiatingProcessIntegrityLevel": rows.column(f"{prefix}_integrity"),
        "InitiatingProcessTokenElevation": "TokenElevationTypeDefault",
        "InitiatingProcessAccountDomain": pc.utf8_lower(rows.column(f"{prefix}_domain")),
        "InitiatingProcessAccountName": pc.utf8_lower(rows.column(f"{prefix}_user")),
        "InitiatingProcessAccountSid": rows.column(f"{prefix}_sid"),
        "InitiatingProcessLogonId": rows.column(f"{prefix}_logon_id"),
        "InitiatingProcessSessionId": rows.column(f"{prefix}_number"),
        "InitiatingProcessUniqueId": unique_id(rows, prefix),
        **program_columns(image, "InitiatingProcess", "InitiatingProcessFileSize"),
    }
    if parent:
        grandparent = rows.column(f"{parent}_image")
        columns |= {
            "InitiatingProcessParentId": rows.column(f"{parent}_pid"),
            "InitiatingProcessParentCreationTime": time_of(rows.column(f"{parent}_start")),
            "InitiatingProcessParentFileName": facts(
                pc.fill_null(grandparent, ""), lambda known: known.base_name, pa.string()
            ),
        }
    return columns


def joined(*parts: Any) -> Any:
    """Text columns and plain texts, one after another."""
    return pc.binary_join_element_wise(*parts, "")


def escaped(column: Any) -> Any:
    """Text that can stand between the quotes of a JSON string."""
    return pc.replace_substring(pc.replace_substring(column, "\\", "\\\\"), '"', '\\"')


def account(rows: Any) -> Columns:
    """The acting session's account."""
    return {
        "AccountDomain": pc.utf8_lower(rows.column("session_domain")),
        "AccountName": pc.utf8_lower(rows.column("session_user")),
        "AccountSid": rows.column("session_sid"),
    }


def ip_type(addresses: Any) -> Any:
    """Defender's name for the kind of each address."""
    loopback = pc.or_(pc.starts_with(addresses, "127."), pc.equal(addresses, "::1"))
    private = pc.or_(
        pc.or_(pc.starts_with(addresses, "10."), pc.starts_with(addresses, "192.168.")), pc.starts_with(addresses, "f")
    )
    return pc.if_else(loopback, "Loopback", pc.if_else(private, "Private", "Public"))


def initiating_if_any(rows: Any) -> Columns:
    """InitiatingProcess columns of rows whose process may be unknown."""
    if rows.column("process_image").null_count:
        return {}
    return initiating(rows, "process")
