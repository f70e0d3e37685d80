"""Columns that many rows have in common: SQL over `e` (the event), `i` (the acting process), `p` (the created one)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ACTING",
    "CREATED",
    "EVENT",
    "additional",
    "also_told",
    "inferred",
    "initiating",
    "removed_quotes",
    "subject",
]

EVENT: Final[dict[str, str]] = {
    "Timestamp": "e.moment",
    "DeviceId": "e.device_id",
    "DeviceName": "e.device_name",
    "ReportId": "e.report_id",
    "_Source": "e.source",
}
"""Whose event it is and where it stands."""

ACTING: Final = "LEFT JOIN process i ON i.device_id = e.device_id AND i.uid = e.uid"
"""The acting process of the event."""


_WELL_KNOWN: Final = {"S-1-5-18": "system", "S-1-5-19": "local service", "S-1-5-20": "network service"}


def _versions(alias: str, prefix: str) -> dict[str, str]:
    return {
        f"{prefix}VersionInfoCompanyName": f"{alias}.company",
        f"{prefix}VersionInfoProductName": f"{alias}.product",
        # Sysmon gives the file's version, Defender the product's: near, and said so in the documentation.
        f"{prefix}VersionInfoProductVersion": f"{alias}.version",
        f"{prefix}VersionInfoOriginalFileName": f"{alias}.original_name",
        f"{prefix}VersionInfoFileDescription": f"{alias}.description",
    }


_INITIATING: Final[dict[str, str]] = {
    "InitiatingProcessSHA1": "i.sha1",
    "InitiatingProcessSHA256": "i.sha256",
    "InitiatingProcessMD5": "i.md5",
    "InitiatingProcessFileName": "i.lower_name",
    "InitiatingProcessFolderPath": "i.lower_path",
    **_versions("i", "InitiatingProcess"),
    "InitiatingProcessId": "i.pid",
    "InitiatingProcessCommandLine": "i.command_line",
    "InitiatingProcessCreationTime": "i.started",
    "InitiatingProcessParentId": "i.parent_pid",
    "InitiatingProcessParentFileName": "i.parent_name",
    "InitiatingProcessParentCreationTime": "i.parent_started",
    "InitiatingProcessAccountDomain": "i.account_domain",
    "InitiatingProcessAccountName": "i.account_name",
    "InitiatingProcessAccountSid": "i.account_sid",
    "InitiatingProcessLogonId": "i.logon_id",
    "InitiatingProcessIntegrityLevel": "i.integrity",
    "InitiatingProcessTokenElevation": "i.elevation",
    "InitiatingProcessSessionId": "i.session",
    "InitiatingProcessUniqueId": "i.unique_id",
}

CREATED: Final[dict[str, str]] = {
    "ActionType": "'ProcessCreated'",
    "FileName": "p.file_name",
    "FolderPath": "p.image",
    "SHA1": "p.sha1",
    "SHA256": "p.sha256",
    "MD5": "p.md5",
    **_versions("p", "Process"),
    "ProcessId": "p.pid",
    "ProcessCommandLine": "p.command_line",
    "ProcessIntegrityLevel": "p.integrity",
    "ProcessTokenElevation": "p.elevation",
    "ProcessCreationTime": "p.started",
    "AccountDomain": "p.account_domain",
    "AccountName": "p.account_name",
    "AccountSid": "p.account_sid",
    "LogonId": "p.logon_id",
    "CreatedProcessSessionId": "p.session",
    "ProcessUniqueId": "p.unique_id",
}
"""A process that was created."""


def initiating(table: str, overrides: Mapping[str, str] | None = None) -> dict[str, str]:
    """The acting process, in those columns that the table has, with `overrides` where the event itself knows better."""
    columns = TABLES[table].by_name
    return {name: sql for name, sql in {**_INITIATING, **(overrides or {})}.items() if name in columns}


def additional(**members: str) -> str:
    """JSON text of the members that are known, each given as SQL."""
    pairs = ", ".join(f"'{name}', {sql}" for name, sql in members.items())
    return f"nullif(CAST(json_merge_patch('{{}}', json_object({pairs})) AS VARCHAR), '{{}}')"


def also_told(table: str, by: str, event: str = "e.event") -> str:
    """The join that gives `also.source`: where the event of another channel stands that tells of the same thing.

    A join, since DuckDB takes as long to plan a subquery that looks back at its row as all the rest of the mapping.
    """
    return f"LEFT JOIN (SELECT {by} AS told, min(source) AS source FROM {table} GROUP BY 1) also ON also.told = {event}"


def inferred(columns: Mapping[str, str], *lists: str) -> str:
    """SQL for the inferred columns: each of `columns` whose condition holds, and the SQL lists; null if none."""
    named = ", ".join(f"CASE WHEN {condition} THEN '{column}' END" for column, condition in columns.items())
    joined = " || ".join([f"[{named}]::VARCHAR[]", *(f"coalesce({names}, [])" for names in lists)])
    return f"nullif(list_filter({joined}, lambda x: x IS NOT NULL), [])"


def subject(prefix: str = "InitiatingProcessAccount") -> dict[str, str]:
    """Domain, name and SID of a Security event's Subject; well-known accounts by their own names, not the machine's."""
    names = " ".join(f"WHEN '{sid}' THEN '{name}'" for sid, name in _WELL_KNOWN.items())
    sids = ", ".join(f"'{sid}'" for sid in _WELL_KNOWN)
    return {
        f"{prefix}Domain": f"CASE WHEN e.SubjectUserSid IN ({sids}) THEN 'nt authority'"
        " ELSE lower(known(e.SubjectDomainName)) END",
        f"{prefix}Name": f"CASE e.SubjectUserSid {names} ELSE lower(known(e.SubjectUserName)) END",
        f"{prefix}Sid": "nullif(e.SubjectUserSid, 'S-1-0-0')",
    }


def removed_quotes(command: str) -> str:
    """SQL for the program of the command line in SQL `command`, without quotes and arguments."""
    return (
        f"CASE WHEN starts_with({command}, '\"') THEN regexp_extract({command}, '^\"([^\"]*)', 1)"
        f" WHEN regexp_matches({command}, '(?i)^[^\"]*?\\.(exe|sys|com|bat|cmd|dll)(\\s|$)')"
        f" THEN regexp_extract({command}, '(?i)^([^\"]*?\\.(?:exe|sys|com|bat|cmd|dll))(?:\\s|$)', 1)"
        f" ELSE split_part({command}, ' ', 1) END"
    )
