"""Processes: one row a process instance, put together from every event that names it, so that each event can show all of its process.

Sysmon's ProcessGuid is the identity where there is one, and carries the start to the second. Without it an instance is device, process id and the time
from which that id was its own. Facts stand as some event wrote them; the three command lines that are inferred are marked in `inferred`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from tiercel.telemetry.mappings import Kind

__all__ = ["gather_processes"]

_SLACK: Final = 2
"""Seconds by which two events of one process may differ: whole seconds in some Security logs, and two log writers."""
_BY_ID: Final = ("security_logon", "security_explicit_logon", "security_process_create", "security_service_install")
"""Security kinds that name the acting process by id."""
_ID_FIELDS: Final = {"security_service_install": "ClientProcessId"}


def gather_processes(connection: duckdb.DuckDBPyConnection, kinds: Sequence[Kind]) -> None:
    """Makes `process`, and sets `uid`, the acting process, in every event table and in `link`."""
    by_guid = [kind for kind in kinds if "ProcessGuid" in kind.fields]
    for kind in by_guid:
        connection.execute(f"UPDATE {kind.events} SET uid = plain_guid(ProcessGuid)")
    _match_created(connection)
    _sight(connection, by_guid)
    _create(connection)
    _resolve(connection, by_guid)
    _infer(connection)


def _match_created(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `created` and `audited`: starts told by Sysmon and by Security, the latter with the Sysmon event of the same start."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE created AS
        SELECT e.rowid AS event, file, record, device_id, moment, coalesce(plain_guid(ProcessGuid), ProcessId || '-' || epoch_ms(moment)) AS uid,
            number(ProcessId) AS pid, known(Image) AS image, CommandLine AS command_line,
            plain_guid(ParentProcessGuid) AS parent_uid, number(ParentProcessId) AS parent_pid, known(ParentImage) AS parent_image
        FROM event_sysmon_process_create e"""
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE audited AS
        WITH audit AS (
            SELECT e.rowid AS event, file, record, device_id, moment, precise, number(NewProcessId) AS pid,
                NewProcessName AS image, CommandLine AS command_line, number(ProcessId) AS parent_pid,
                known(ParentProcessName) AS parent_image
            FROM event_security_process_create e),
        pairs AS (
            SELECT a.event, c.event AS sysmon, c.uid, row_number() OVER (PARTITION BY a.event ORDER BY
                    c.pid IS NULL, a.command_line IS DISTINCT FROM c.command_line, abs(epoch(a.moment) - epoch(c.moment))) AS rank_a,
                row_number() OVER (PARTITION BY c.event ORDER BY
                    c.pid IS NULL, a.command_line IS DISTINCT FROM c.command_line, abs(epoch(a.moment) - epoch(c.moment))) AS rank_c
            FROM audit a JOIN created c ON c.device_id = a.device_id
                AND abs(epoch(a.moment) - epoch(c.moment)) <= {_SLACK} AND lower(base_name(c.image)) = lower(base_name(a.image))
                AND (c.pid = a.pid OR c.pid IS NULL))
        SELECT a.*, p.sysmon, coalesce(p.uid, a.pid || '-' || epoch_ms(a.moment)) AS uid
        FROM audit a LEFT JOIN pairs p ON p.event = a.event AND rank_a = 1 AND rank_c = 1"""
    )


def _sight(connection: duckdb.DuckDBPyConnection, by_guid: Sequence[Kind]) -> None:
    """Makes `sighted`: what all events together say of each ProcessGuid."""
    parts = [
        f'SELECT device_id, uid, number(ProcessId) AS pid, known(Image) AS image, known("User") AS account,'
        f" NULL AS command_line, moment FROM {kind.events} WHERE uid IS NOT NULL"
        for kind in by_guid
        if kind.name not in {"sysmon_process_create", "sysmon_network_connection"}
    ]
    parts += [
        "SELECT device_id, uid, pid, image, account, NULL, moment FROM link WHERE uid IS NOT NULL",
        "SELECT device_id, uid, pid, image, NULL, command_line, moment FROM created",
        "SELECT device_id, uid, pid, NULL, NULL, command_line, moment FROM audited WHERE sysmon IS NOT NULL",
        'SELECT device_id, uid, NULL, NULL, known("User"), NULL, moment FROM event_sysmon_process_create WHERE uid IS NOT NULL',
        "SELECT device_id, plain_guid(ParentProcessGuid), number(ParentProcessId), known(ParentImage), known(ParentUser),"
        " known(ParentCommandLine), moment FROM event_sysmon_process_create WHERE plain_guid(ParentProcessGuid) IS NOT NULL",
    ]
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE sighted AS
        SELECT device_id, uid, max(pid) AS pid, any_value(image) AS image, any_value(account) AS account,
            any_value(command_line) AS command_line, min(moment) AS first_seen, max(moment) AS last_seen
        FROM ({" UNION ALL ".join(parts)}) GROUP BY device_id, uid"""
    )


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `process` from the sightings, the starts and the ends."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE process AS
        WITH sysmon AS (
            SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY device_id, c_uid ORDER BY moment) AS nth FROM (
                SELECT e.* EXCLUDE (uid), c.uid AS c_uid, c.parent_uid, c.parent_pid
                FROM event_sysmon_process_create e JOIN created c ON c.event = e.rowid))
            WHERE nth = 1),
        security AS (
            SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY device_id, a_uid ORDER BY moment) AS nth FROM (
                SELECT e.* EXCLUDE (uid), a.uid AS a_uid, a.sysmon, a.parent_pid
                FROM event_security_process_create e JOIN audited a ON a.event = e.rowid))
            WHERE nth = 1),
        ended AS (SELECT device_id, uid, max(moment) AS ended FROM event_sysmon_process_end WHERE uid IS NOT NULL GROUP BY ALL),
        every AS (
            SELECT device_id, uid, pid, image, account, command_line, first_seen FROM sighted
            UNION ALL
            SELECT device_id, uid, pid, image, NULL, command_line, moment FROM audited WHERE sysmon IS NULL)
        SELECT v.device_id, v.uid, coalesce(number(m.ProcessId), v.pid) AS pid,
            coalesce(m.moment, s.moment, guid_started(v.uid)) AS started,
            m.moment IS NOT NULL OR s.moment IS NOT NULL AS start_seen,
            n.ended, coalesce(known(m.Image), v.image, s.NewProcessName) AS image,
            coalesce(m.CommandLine, v.command_line, s.CommandLine) AS command_line,
            coalesce(known(m."User"), v.account) AS account,
            CASE WHEN known(s.TargetUserName) IS NOT NULL THEN s.TargetUserName ELSE s.SubjectUserName END AS audit_name,
            CASE WHEN known(s.TargetUserName) IS NOT NULL THEN s.TargetDomainName ELSE s.SubjectDomainName END AS audit_domain,
            CASE WHEN s.TargetUserSid NOT IN ('S-1-0-0', '-') THEN s.TargetUserSid
                WHEN known(s.TargetUserName) IS NULL THEN s.SubjectUserSid END AS sid,
            coalesce(number(m.LogonId), nullif(number(s.TargetLogonId), 0), number(s.SubjectLogonId)) AS logon_id,
            coalesce(m.IntegrityLevel, CASE s.MandatoryLabel WHEN 'S-1-16-4096' THEN 'Low' WHEN 'S-1-16-8192' THEN 'Medium'
                WHEN 'S-1-16-8448' THEN 'MediumPlus' WHEN 'S-1-16-12288' THEN 'High' WHEN 'S-1-16-16384' THEN 'System'
                WHEN 'S-1-16-20480' THEN 'Protected' END) AS integrity,
            CASE s.TokenElevationType WHEN '%%1936' THEN 'TokenElevationTypeDefault' WHEN '%%1937' THEN 'TokenElevationTypeFull'
                WHEN '%%1938' THEN 'TokenElevationTypeLimited' END AS elevation,
            hash_of(m.Hashes, 'SHA1') AS sha1, hash_of(m.Hashes, 'SHA256') AS sha256, hash_of(m.Hashes, 'MD5') AS md5,
            known(m.Company) AS company, known(m.Product) AS product, known(m.FileVersion) AS version,
            known(m.OriginalFileName) AS original_name, known(m.Description) AS description,
            number(m.TerminalSessionId) AS session,
            m.parent_uid, coalesce(m.parent_pid, s.parent_pid) AS parent_pid,
            coalesce(known(m.ParentImage), known(s.ParentProcessName)) AS parent_image,
            guid_started(m.parent_uid) AS parent_started, NULL::VARCHAR AS inferred,
            coalesce(m.moment, s.moment, guid_started(v.uid), TIMESTAMP '1900-01-01') AS since
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
            ASOF JOIN process p ON p.device_id = x.device_id AND p.pid = x.pid AND p.since <= x.moment + INTERVAL {_SLACK} SECOND
            GROUP BY ALL) e
        WHERE process.ended IS NULL AND process.device_id = e.device_id AND process.uid = e.uid"""
    )
    _add_by_id(connection)


def _add_by_id(connection: duckdb.DuckDBPyConnection) -> None:
    """Adds the processes that are only ever named by id, with the image that those events give."""
    named = " UNION ALL ".join(
        [
            "SELECT device_id, pid, image, moment FROM link WHERE uid IS NULL",
            "SELECT device_id, parent_pid, parent_image, moment FROM audited",
            "SELECT device_id, parent_pid, parent_image, moment FROM created WHERE parent_uid IS NULL",
            "SELECT device_id, number(ProcessId), known(ProcessName), moment FROM event_security_logon",
            "SELECT device_id, number(ProcessId), known(ProcessName), moment FROM event_security_explicit_logon",
            "SELECT device_id, number(ProcessId), known(ProcessName), moment FROM event_security_process_end",
            "SELECT device_id, header_pid, NULL, moment FROM event_wmi_activity",
        ]
    )
    connection.execute(
        f"""INSERT INTO process BY NAME
        WITH named AS (SELECT DISTINCT device_id, pid, image, moment FROM ({named}) WHERE pid > 0),
        homeless AS (
            SELECT n.* FROM named n ASOF LEFT JOIN process p
                ON p.device_id = n.device_id AND p.pid = n.pid AND p.since <= n.moment + INTERVAL {_SLACK} SECOND
            WHERE p.uid IS NULL OR p.ended < n.moment - INTERVAL {_SLACK} SECOND
                OR lower(base_name(p.image)) <> lower(base_name(n.image))),
        told AS (
            SELECT device_id, pid, arg_max(image, (contains(image, ':'), length(image))) AS image, min(moment) AS first_seen
            FROM homeless WHERE image IS NOT NULL GROUP BY device_id, pid, lower(base_name(image)))
        SELECT device_id, pid, image, '?' || pid || '-' || epoch_ms(first_seen) AS uid, false AS start_seen,
            CASE WHEN row_number() OVER (PARTITION BY device_id, pid ORDER BY first_seen) = 1
                    AND NOT EXISTS (SELECT 1 FROM process p WHERE p.device_id = told.device_id AND p.pid = told.pid
                        AND p.since < told.first_seen)
                THEN TIMESTAMP '1900-01-01' ELSE first_seen END AS since
        FROM told"""
    )


def _resolve(connection: duckdb.DuckDBPyConnection, by_guid: Sequence[Kind]) -> None:
    """Sets the acting process of events that name it by id alone, and the parents of processes."""
    targets = {kind.events: "number(ProcessId)" for kind in by_guid}
    targets["link"] = "pid"
    for name in _BY_ID:
        targets[f"event_{name}"] = f"number({_ID_FIELDS.get(name, 'ProcessId')})"
    targets["event_wmi_activity"] = "header_pid"
    union = " UNION ALL ".join(
        f"SELECT '{table}' AS target, rowid AS event, device_id, {pid} AS pid, moment FROM {table} WHERE uid IS NULL"
        for table, pid in targets.items()
        if table != "event_sysmon_process_create"
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE acting AS
        SELECT target, event, p.uid FROM ({union}) x
        ASOF JOIN process p ON p.device_id = x.device_id AND p.pid = x.pid AND p.since <= x.moment + INTERVAL {_SLACK} SECOND
        WHERE x.pid > 0 AND (p.ended IS NULL OR p.ended >= x.moment - INTERVAL {_SLACK} SECOND)"""
    )
    for (table,) in connection.execute("SELECT DISTINCT target FROM acting").fetchall():
        connection.execute(
            f"UPDATE {table} SET uid = a.uid FROM acting a WHERE a.target = '{table}' AND a.event = {table}.rowid"
        )
    connection.execute("DROP TABLE acting")
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
            parent_pid = coalesce(process.parent_pid, p.pid), parent_started = coalesce(p.started, process.parent_started)
        FROM process p WHERE p.device_id = process.device_id AND p.uid = process.parent_uid"""
    )


def _infer(connection: duckdb.DuckDBPyConnection) -> None:
    """Gives a svchost whose command line no event tells the one that its part shows, and marks it."""
    svchost = "lower(base_name(process.image)) = 'svchost.exe' AND process.command_line IS NULL"
    for command, shown in (
        (
            "svchost.exe -k RPCSS",
            "SELECT device_id, uid FROM link WHERE protocol = 'Tcp' AND NOT outbound AND event_id IN (3, 5156)"
            " AND CASE own_side WHEN 'a' THEN a_port ELSE b_port END = 135",
        ),
        (
            "svchost.exe -k DcomLaunch",
            "SELECT device_id, parent_uid FROM process WHERE command_line ILIKE '%-embedding%'",
        ),
        (
            "svchost.exe -k netsvcs -s Winmgmt",
            "SELECT device_id, uid FROM event_wmi_activity WHERE event_id IN (5858, 5859, 5860, 5861)",
        ),
    ):
        connection.execute(
            f"""UPDATE process SET command_line = '{command}', inferred = 'InitiatingProcessCommandLine'
            FROM (SELECT DISTINCT * FROM ({shown})) shown(device, shown_uid)
            WHERE {svchost} AND process.device_id = shown.device AND process.uid = shown.shown_uid"""
        )
