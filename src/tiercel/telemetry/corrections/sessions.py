"""The session that a process runs in, where the event of its start tells only that of its creator."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

__all__ = ["infer_sessions"]


def infer_sessions(connection: duckdb.DuckDBPyConnection) -> None:
    """Gives such a process the session and account that its own children's 4688 name as their creator's.

    Windows before 10 and Server 2016 writes 4688 without a Target section: its Subject is who created the process, not
    who it runs as. The Subject of its children's 4688 is who it runs as (Microsoft Learn, event 4688).
    """
    connection.execute(
        """UPDATE process
        SET logon_id = told.logon_id, audit_name = told.name, audit_domain = told.domain, sid = told.sid,
            inferred = list_concat(process.inferred, ['LogonId', 'AccountName', 'AccountDomain', 'AccountSid'])
        FROM (
            SELECT c.device_id, c.parent_uid AS uid, min(number(e.SubjectLogonId)) AS logon_id,
                min(e.SubjectUserName) AS name, min(e.SubjectDomainName) AS domain,
                min(e.SubjectUserSid) AS sid
            FROM process c
            JOIN audited a ON a.device_id = c.device_id AND a.uid = c.uid
            JOIN event_security_process_create e ON e.event = a.event
            WHERE c.parent_uid IS NOT NULL
            GROUP BY c.device_id, c.parent_uid HAVING count(DISTINCT number(e.SubjectLogonId)) = 1) told,
            (SELECT a.device_id, a.uid FROM audited a JOIN event_security_process_create e ON e.event = a.event
            WHERE a.sysmon IS NULL AND coalesce(number(e.TargetLogonId), 0) = 0) silent
        WHERE process.device_id = told.device_id AND process.uid = told.uid AND silent.device_id = process.device_id
            AND silent.uid = process.uid AND process.logon_id <> told.logon_id"""
    )
