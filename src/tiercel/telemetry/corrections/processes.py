"""Processes, one row an instance, put together from every event that names it.

Sysmon's ProcessGuid is the identity where there is one, and carries the start to the second. Without it an instance is
device, process id and the time from which that id was its own. Facts stand as some event wrote them; what is inferred
(the part of a svchost that its connections or its children show) is listed in `inferred`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.telemetry.corrections.sessions import infer_sessions
from tiercel.telemetry.mappings import Family

if TYPE_CHECKING:
    import duckdb

__all__ = ["gather_processes"]

_SLACK: Final = 2
"""Seconds by which two events of one process may differ: whole seconds in some Security logs, and two log writers."""
_UNKNOWN_START: Final = "TIMESTAMP '1900-01-01'"


def gather_processes(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `process`, and sets `uid`, the acting process, in every family's events and in `link`."""
    _match_starts(connection)
    _sight(connection)
    _create(connection)
    _add_by_id(connection)
    _resolve_actors(connection)
    _resolve_parents(connection)
    _infer(connection)
    infer_sessions(connection)
    _render(connection)


def _match_starts(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `created` and `audited`: starts as Sysmon and as Security tells them, the latter tied to the former."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE created AS
        SELECT event, device_id, moment, coalesce(uid, ProcessId || '-' || epoch_ms(moment), 'event-' || event) AS uid,
            number(ProcessId) AS pid, known(Image) AS image, CommandLine AS command_line,
            plain_guid(ParentProcessGuid) AS parent_uid, number(ParentProcessId) AS parent_pid,
            known(ParentImage) AS parent_image
        FROM event_sysmon_process_create"""
    )
    connection.execute(
        f"""UPDATE {Family.SYSMON.events} SET uid = c.uid FROM created c
        WHERE {Family.SYSMON.events}.uid IS NULL AND {Family.SYSMON.events}.event = c.event"""
    )
    nearest = """ORDER BY c.pid IS NULL, a.command_line IS DISTINCT FROM c.command_line,
        abs(epoch(a.moment) - epoch(c.moment)), c.event, a.event"""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE audited AS
        WITH audit AS (
            SELECT event, source, device_id, moment, number(NewProcessId) AS pid, NewProcessName AS image,
                CommandLine AS command_line, number(ProcessId) AS parent_pid, known(ParentProcessName) AS parent_image
            FROM event_security_process_create),
        pairs AS (
            SELECT a.event, c.event AS sysmon, c.uid, row_number() OVER (PARTITION BY a.event {nearest}) AS of_audit,
                row_number() OVER (PARTITION BY c.event {nearest}) AS of_sysmon
            FROM audit a JOIN created c ON c.device_id = a.device_id
                AND lower(base_name(c.image)) = lower(base_name(a.image))
                AND abs(epoch(a.moment) - epoch(c.moment)) <= {_SLACK} AND (c.pid = a.pid OR c.pid IS NULL))
        SELECT a.*, p.sysmon, coalesce(p.uid, a.pid || '-' || epoch_ms(a.moment), 'event-' || a.event) AS uid
        FROM audit a LEFT JOIN pairs p ON p.event = a.event AND of_audit = 1 AND of_sysmon = 1"""
    )


def _sight(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `sighted`: what all events together say of each ProcessGuid."""
    named = 'device_id, uid, number(ProcessId), known(Image), known("User"), NULL, moment'
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE sighted AS
        SELECT device_id, uid, max(pid) AS pid, min(image) AS image, min(account) AS account,
            min(command_line) AS command_line, min(moment) AS first_seen
        FROM (
            SELECT device_id, uid, pid, image, NULL AS account, command_line, moment FROM created
            UNION ALL SELECT {named} FROM {Family.IMAGE.events} WHERE uid IS NOT NULL
            UNION ALL SELECT {named} FROM {Family.SYSMON.events} WHERE uid IS NOT NULL AND event_id <> 1
            -- The clock of network events may be wrong still: it says nothing of when a process was there.
            UNION ALL SELECT device_id, uid, pid, image, account, NULL, NULL FROM link WHERE uid IS NOT NULL
            UNION ALL SELECT device_id, uid, pid, NULL, NULL, command_line, moment FROM audited WHERE sysmon IS NOT NULL
            UNION ALL SELECT device_id, uid, NULL, NULL, known("User"), NULL, moment FROM event_sysmon_process_create
            UNION ALL SELECT device_id, plain_guid(ParentProcessGuid), number(ParentProcessId), known(ParentImage),
                known(ParentUser), known(ParentCommandLine), moment FROM event_sysmon_process_create
                WHERE plain_guid(ParentProcessGuid) IS NOT NULL)
        GROUP BY device_id, uid"""
    )


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `process` from the sightings, the starts and the ends."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE process AS
        WITH sysmon AS (
            SELECT e.* EXCLUDE (uid), c.uid AS c_uid, c.parent_uid, c.parent_pid
            FROM event_sysmon_process_create e JOIN created c USING (event)
            QUALIFY row_number() OVER (PARTITION BY e.device_id, c.uid ORDER BY e.moment, e.event) = 1),
        security AS (
            SELECT e.* EXCLUDE (uid), a.uid AS a_uid, a.parent_pid
            FROM event_security_process_create e JOIN audited a USING (event)
            QUALIFY row_number() OVER (PARTITION BY e.device_id, a.uid ORDER BY e.moment, e.event) = 1),
        ended AS (
            SELECT device_id, uid, max(moment) AS ended FROM event_sysmon_process_end WHERE uid IS NOT NULL GROUP BY ALL),
        every AS (
            -- A start later than a sighting was written by another clock, as virtual machines have while they boot.
            SELECT device_id, uid, pid, image, account, command_line,
                CASE WHEN first_seen IS NULL OR guid_started(uid) <= first_seen + INTERVAL {_SLACK} SECOND
                    THEN guid_started(uid) END AS guid_start
            FROM sighted
            UNION ALL
            SELECT device_id, uid, pid, image, NULL, command_line, NULL FROM audited WHERE sysmon IS NULL)
        SELECT v.device_id, v.uid, coalesce(number(m.ProcessId), v.pid) AS pid,
            coalesce(m.moment, s.moment, v.guid_start) AS started, n.ended,
            coalesce(known(m.Image), v.image, s.NewProcessName) AS image,
            coalesce(m.CommandLine, v.command_line, s.CommandLine) AS command_line,
            coalesce(known(m."User"), v.account) AS account,
            CASE WHEN known(s.TargetUserName) IS NOT NULL THEN s.TargetUserName ELSE s.SubjectUserName END AS audit_name,
            CASE WHEN known(s.TargetUserName) IS NOT NULL THEN s.TargetDomainName ELSE s.SubjectDomainName END
                AS audit_domain,
            CASE WHEN s.TargetUserSid NOT IN ('S-1-0-0', '-') THEN s.TargetUserSid
                WHEN known(s.TargetUserName) IS NULL THEN s.SubjectUserSid END AS sid,
            coalesce(number(m.LogonId), nullif(number(s.TargetLogonId), 0), number(s.SubjectLogonId)) AS logon_id,
            coalesce(m.IntegrityLevel, CASE s.MandatoryLabel WHEN 'S-1-16-4096' THEN 'Low'
                WHEN 'S-1-16-8192' THEN 'Medium' WHEN 'S-1-16-8448' THEN 'MediumPlus' WHEN 'S-1-16-12288' THEN 'High'
                WHEN 'S-1-16-16384' THEN 'System' WHEN 'S-1-16-20480' THEN 'Protected' END) AS integrity,
            CASE s.TokenElevationType WHEN '%%1936' THEN 'TokenElevationTypeDefault'
                WHEN '%%1937' THEN 'TokenElevationTypeFull' WHEN '%%1938' THEN 'TokenElevationTypeLimited' END AS elevation,
            m.Hashes AS hashes, known(m.Company) AS company, known(m.Product) AS product, known(m.FileVersion) AS version,
            known(m.OriginalFileName) AS original_name, known(m.Description) AS description,
            number(m.TerminalSessionId) AS session, m.parent_uid, coalesce(m.parent_pid, s.parent_pid) AS parent_pid,
            coalesce(known(m.ParentImage), known(s.ParentProcessName)) AS parent_image,
            NULL::TIMESTAMP AS parent_started, NULL::VARCHAR[] AS inferred,
            coalesce(m.moment, s.moment, v.guid_start, {_UNKNOWN_START}) AS since
        FROM every v
        LEFT JOIN sysmon m ON m.device_id = v.device_id AND m.c_uid = v.uid
        LEFT JOIN security s ON s.device_id = v.device_id AND s.a_uid = v.uid
        LEFT JOIN ended n ON n.device_id = v.device_id AND n.uid = v.uid"""
    )
    # A 4689 names its process by id: it ends the instance that had the id by then.
    connection.execute(
        f"""UPDATE process SET ended = e.moment FROM (
            SELECT p.device_id, p.uid, max(x.moment) AS moment FROM (
                SELECT device_id, number(ProcessId) AS pid, moment FROM event_security_process_end) x
            ASOF JOIN process p ON p.device_id = x.device_id AND p.pid = x.pid
                AND p.since <= x.moment + INTERVAL {_SLACK} SECOND
            GROUP BY ALL) e
        WHERE process.ended IS NULL AND process.device_id = e.device_id AND process.uid = e.uid"""
    )


def _add_by_id(connection: duckdb.DuckDBPyConnection) -> None:
    """Adds the processes that are only ever named by id, with the image that those events give."""
    connection.execute(
        f"""INSERT INTO process BY NAME
        WITH named AS (SELECT DISTINCT * FROM (
            SELECT device_id, pid, image, moment FROM link WHERE uid IS NULL
            UNION ALL SELECT device_id, parent_pid, parent_image, moment FROM audited
            UNION ALL SELECT device_id, parent_pid, parent_image, moment FROM created WHERE parent_uid IS NULL
            UNION ALL SELECT device_id, number(ProcessId), known(ProcessName), moment FROM {Family.AUDIT.events}
                WHERE event_id IN (4624, 4625, 4648, 4689))
            WHERE pid > 0 AND image IS NOT NULL),
        homeless AS (
            SELECT n.* FROM named n ASOF LEFT JOIN process p ON p.device_id = n.device_id AND p.pid = n.pid
                AND p.since <= n.moment + INTERVAL {_SLACK} SECOND
            WHERE p.uid IS NULL OR p.ended < n.moment - INTERVAL {_SLACK} SECOND
                OR lower(base_name(p.image)) <> lower(base_name(n.image))),
        told AS (
            SELECT device_id, pid, arg_max(image, (contains(image, ':'), length(image), image)) AS image,
                min(moment) AS first_seen
            FROM homeless GROUP BY device_id, pid, lower(base_name(image)))
        SELECT device_id, pid, image, '?' || pid || '-' || epoch_ms(first_seen) AS uid,
            CASE WHEN row_number() OVER (PARTITION BY device_id, pid ORDER BY first_seen) = 1
                    AND NOT EXISTS (SELECT 1 FROM process p WHERE p.device_id = told.device_id AND p.pid = told.pid
                        AND p.since < told.first_seen)
                THEN {_UNKNOWN_START} ELSE first_seen END AS since
        FROM told"""
    )


def _resolve_actors(connection: duckdb.DuckDBPyConnection) -> None:
    """Sets the acting process of the events that name it by id alone."""
    actors = {
        Family.IMAGE.events: "SELECT event, device_id, number(ProcessId) AS pid, moment",
        Family.SYSMON.events: "SELECT event, device_id, CASE WHEN event_id IN (1, 19, 20, 21) THEN NULL"
        " ELSE number(ProcessId) END AS pid, moment",
        Family.AUDIT.events: "SELECT event, device_id, CASE WHEN event_id = 4697 THEN number(ClientProcessId)"
        " WHEN event_id BETWEEN 5857 AND 5861 THEN header_pid"
        " WHEN event_id IN (4624, 4625, 4648) THEN number(ProcessId) END AS pid, moment",
        "link": "SELECT link, device_id, pid, moment",
    }
    for table, named in actors.items():
        key = "link" if table == "link" else "event"
        connection.execute(
            f"""UPDATE {table} SET uid = a.uid FROM (
                SELECT x.{key} AS row, p.uid FROM ({named} FROM {table} WHERE uid IS NULL) x
                ASOF JOIN process p ON p.device_id = x.device_id AND p.pid = x.pid
                    AND p.since <= x.moment + INTERVAL {_SLACK} SECOND
                WHERE x.pid > 0 AND (p.ended IS NULL OR p.ended >= x.moment - INTERVAL {_SLACK} SECOND)
            ) a WHERE a.row = {table}.{key}"""
        )


def _resolve_parents(connection: duckdb.DuckDBPyConnection) -> None:
    """Ties each process to its parent's instance, and takes from there what the process's own events do not say."""
    connection.execute(
        f"""UPDATE process SET parent_uid = f.parent FROM (
            SELECT c.device_id, c.uid, p.uid AS parent
            FROM (SELECT * FROM process WHERE parent_uid IS NULL AND parent_pid > 0) c
            ASOF JOIN process p ON p.device_id = c.device_id AND p.pid = c.parent_pid
                AND p.since <= c.since + INTERVAL {_SLACK} SECOND
            WHERE (p.ended IS NULL OR p.ended >= c.since - INTERVAL {_SLACK} SECOND) AND p.uid <> c.uid
        ) f WHERE f.device_id = process.device_id AND f.uid = process.uid"""
    )
    connection.execute(
        """UPDATE process SET parent_image = coalesce(process.parent_image, p.image),
            parent_pid = coalesce(process.parent_pid, p.pid), parent_started = p.started
        FROM process p WHERE p.device_id = process.device_id AND p.uid = process.parent_uid"""
    )


def _infer(connection: duckdb.DuckDBPyConnection) -> None:
    """Gives a svchost whose command line no event tells the one that its part shows, and lists that as inferred.

    Who accepts at TCP 135 is RPCSS; who starts a COM server (`-Embedding`) is DcomLaunch; who logs WMI-Activity 5858 to
    5861 is Winmgmt.
    """
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE part AS
        SELECT DISTINCT * FROM (
            SELECT 'RPCSS' AS service, device_id, uid FROM link WHERE protocol = 'Tcp' AND NOT outbound
                AND event_id IN (3, 5156) AND own_port = 135
            UNION ALL SELECT 'DcomLaunch', device_id, parent_uid FROM process WHERE command_line ILIKE '%-embedding%'
            UNION ALL SELECT 'netsvcs -s Winmgmt', device_id, uid FROM {Family.AUDIT.events}
                WHERE event_id BETWEEN 5858 AND 5861)
        WHERE uid IS NOT NULL"""
    )
    connection.execute(
        """UPDATE process SET command_line = 'svchost.exe -k ' || t.service, inferred = ['CommandLine']
        FROM part t WHERE t.device_id = process.device_id AND t.uid = process.uid
            AND lower(base_name(process.image)) = 'svchost.exe' AND process.command_line IS NULL"""
    )


def _render(connection: duckdb.DuckDBPyConnection) -> None:
    """Adds to `process` its columns as the tables have them, once for all rows that show it."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE process AS
        SELECT *, base_name(image) AS file_name, lower(base_name(image)) AS lower_name, lower(image) AS lower_path,
            base_name(parent_image) AS parent_name, hash_of(hashes, 'SHA1') AS sha1, hash_of(hashes, 'SHA256') AS sha256,
            hash_of(hashes, 'MD5') AS md5,
            CASE WHEN account IS NOT NULL THEN account_domain(account)
                WHEN sid IN ('S-1-5-18', 'S-1-5-19', 'S-1-5-20') THEN 'nt authority' ELSE lower(audit_domain) END
                AS account_domain,
            CASE WHEN account IS NOT NULL THEN account_name(account) ELSE CASE sid WHEN 'S-1-5-18' THEN 'system'
                WHEN 'S-1-5-19' THEN 'local service' WHEN 'S-1-5-20' THEN 'network service'
                ELSE lower(audit_name) END END AS account_name,
            coalesce(sid, CASE lower(account) WHEN 'nt authority\\system' THEN 'S-1-5-18'
                WHEN 'nt authority\\local service' THEN 'S-1-5-19' WHEN 'nt authority\\network service' THEN 'S-1-5-20' END)
                AS account_sid,
            CASE WHEN NOT starts_with(uid, '?') THEN uid END AS unique_id,
            list_transform(coalesce(inferred, []), lambda x: 'InitiatingProcess' || x) AS inferred_of_initiating,
            list_transform(coalesce(inferred, []), lambda x: CASE x WHEN 'CommandLine' THEN 'ProcessCommandLine' ELSE x END)
                AS inferred_of_created
        FROM process"""
    )
