"""Connections: which clock, which side is the device's own, and which two events tell of the same one.

Sysmon 3 carries a time of its own that runs apart from the host's clock by a constant within a capture (counted in
public captures: more than 1.5 s on a third of the hosts), and swapped Source and Destination of inbound TCP until late
2019. Security 5156 has neither fault. So the clock is set by the 5156 of the same ports, else by when the event was
logged; the sides are told by the device's own addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.telemetry.report import Clock

if TYPE_CHECKING:
    import duckdb

__all__ = ["gather_connections", "orient_connections", "set_network_clock"]

_LAG: Final = 1.1
"""Seconds by which Sysmon logs a connection after it was made: the median over public captures whose clock is known
to be right.
"""
_LEAST_BY_LOGGING: Final = 2.0
"""Seconds an offset known only from the time of logging must have: below, it cannot be told from a slow log."""
_LEAST_BY_PAIRS: Final = 0.1
_SAME: Final = 2.5
"""Seconds between two events of one connection, after the clock is set: Security events of some shippers carry whole
seconds.
"""
_LISTENING: Final = "135, 139, 445, 3389, 5985, 5986, 88, 389, 636, 3268, 53, 22, 80, 443, 1433, 47001, 9389, 593"
_EPHEMERAL: Final = 49152


def gather_connections(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `link`: every connection of Sysmon and Security in one form; sides `a` (Source) and `b` (Destination)."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link AS
        SELECT *, event AS link, pid AS written_pid, least(end_a, end_b) || '>' || greatest(end_a, end_b) || protocol AS ends, NULL::BIGINT AS told_by
        FROM (SELECT *, concat_ws(' ', a_ip, a_port) AS end_a, concat_ws(' ', b_ip, b_port) AS end_b,
                coalesce(split_part(lower(a_host), '.', 1) = split_part(device_name, '.', 1), false) AS a_named,
                coalesce(split_part(lower(b_host), '.', 1) = split_part(device_name, '.', 1), false) AS b_named
            FROM (
            SELECT 3 AS event_id, event, file, record, device_id, device_name, folder, moment, moment AS written_at, logged, precise, source, report_id,
                CASE lower(Protocol) WHEN 'tcp' THEN 'Tcp' WHEN 'udp' THEN 'Udp' ELSE Protocol END AS protocol,
                lower(Initiated) = 'true' AS outbound, plain_ip(SourceIp) AS a_ip, port(SourcePort) AS a_port,
                plain_ip(DestinationIp) AS b_ip, port(DestinationPort) AS b_port,
                known(SourceHostname) AS a_host, known(DestinationHostname) AS b_host,
                plain_guid(ProcessGuid) AS uid, number(ProcessId) AS pid, known(Image) AS image, known("User") AS account
            FROM event_sysmon_network_connection
            UNION ALL BY NAME
            SELECT event_id, event, file, record, device_id, device_name, folder, moment, moment AS written_at, logged, precise, source, report_id,
                CASE Protocol WHEN '6' THEN 'Tcp' WHEN '17' THEN 'Udp' WHEN '1' THEN 'Icmp' WHEN '58' THEN 'IcmpV6'
                    ELSE Protocol END AS protocol,
                Direction IN ('%%14593', 'Outbound') AS outbound, plain_ip(SourceAddress) AS a_ip, port(SourcePort) AS a_port,
                plain_ip(DestAddress) AS b_ip, port(DestPort) AS b_port,
                -- NXLog's own ProcessID is the process that logged; only elsewhere is that name the event's.
                coalesce(number(ProcessId), CASE WHEN NOT nxlog THEN number(LoggedProcessId) END) AS pid,
                known(Application) AS image
            FROM event_security_connection))"""
    )


def set_network_clock(connection: duckdb.DuckDBPyConnection) -> tuple[Clock, ...]:
    """The clocks set right: moves Sysmon's connections to the host's clock, and pairs them with Security's."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE network_clock AS
        WITH apart AS (
            SELECT s.device_id, s.folder, w.precise, epoch(w.moment) - epoch(s.moment) AS d
            FROM link s JOIN link w ON w.device_id = s.device_id AND w.folder = s.folder AND w.ends = s.ends
            WHERE s.event_id = 3 AND w.event_id = 5156),
        middle AS (SELECT device_id, folder, median(d) AS m FROM apart GROUP BY ALL),
        -- A Security time in whole seconds lies up to a second late of what it stands for.
        bounds AS (
            SELECT device_id, folder, count(*) AS pairs, bool_and(precise) AS precise, median(d) AS m,
                quantile_cont(d, 0.9) AS low, quantile_cont(d, 0.1) + 1 AS high
            FROM apart JOIN middle USING (device_id, folder) WHERE abs(d - m) <= 3 GROUP BY ALL),
        by_pairs AS (
            SELECT device_id, folder, CASE WHEN precise THEN m WHEN low <= high THEN (low + high) / 2 ELSE m + 0.5 END AS shift,
                CASE WHEN precise THEN 0 WHEN low <= high THEN (high - low) / 2 ELSE 0.5 END AS half
            FROM bounds),
        by_logging AS (
            SELECT device_id, folder,
                median(epoch(logged) + CASE WHEN precise THEN 0 ELSE 0.5 END - epoch(moment)) - {_LAG} AS shift
            FROM link WHERE event_id = 3 GROUP BY ALL)
        SELECT l.device_id, l.folder,
            CASE WHEN abs(p.shift) >= greatest(p.half, {_LEAST_BY_PAIRS}) THEN p.shift
                WHEN p.shift IS NULL AND abs(l.shift) >= {_LEAST_BY_LOGGING} THEN l.shift ELSE 0 END AS shift,
            p.shift IS NOT NULL AS by_pairs
        FROM by_logging l LEFT JOIN by_pairs p USING (device_id, folder)"""
    )
    connection.execute(
        """UPDATE link SET moment = link.moment + to_microseconds(CAST(round(1000000 * c.shift) AS BIGINT)) FROM network_clock c
        WHERE link.event_id = 3 AND c.device_id = link.device_id AND c.folder = link.folder AND c.shift <> 0"""
    )
    connection.execute(
        f"""UPDATE link SET told_by = twin.sysmon FROM (
            SELECT w.link AS security, arg_min(s.link, (abs(epoch(w.moment) - epoch(s.moment)), s.link)) AS sysmon
            FROM link s JOIN link w ON w.device_id = s.device_id AND w.ends = s.ends
            WHERE s.event_id = 3 AND w.event_id = 5156 AND abs(epoch(w.moment) - epoch(s.moment)) <= {_SAME} GROUP BY w.link
        ) twin WHERE link.link = twin.security"""
    )
    connection.execute(
        """UPDATE link SET pid = coalesce(link.pid, twin.pid), image = coalesce(link.image, twin.image) FROM (
            SELECT told_by, min(pid) AS pid, min(image) AS image FROM link WHERE told_by IS NOT NULL GROUP BY told_by
        ) twin WHERE link.link = twin.told_by AND link.event_id = 3"""
    )
    rows = connection.execute(
        """SELECT l.device_name, c.shift, c.by_pairs, count(*) FROM network_clock c
        JOIN link l ON l.device_id = c.device_id AND l.folder = c.folder AND l.event_id = 3
        WHERE c.shift <> 0 GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    return tuple(
        Clock(
            str(device),
            "Sysmon network events",
            round(float(shift), 3),
            "Security 5156 of the same ports" if by_pairs else "the time of logging",
            int(count),
        )
        for device, shift, by_pairs, count in rows
    )


def orient_connections(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Decides for each connection which side is the device's own (`own_side`); how many were decided in which way."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE own_address AS
        SELECT device_id, ip, min(seen) AS seen, max(last) AS last FROM (
            SELECT device_id, a_ip AS ip, min(moment) AS seen, max(moment) AS last FROM link
            WHERE outbound AND protocol = 'Tcp' GROUP BY ALL
            UNION ALL
            SELECT device_id, b_ip, min(moment), max(moment) FROM link
            WHERE NOT outbound AND protocol = 'Tcp' AND event_id IN (5156, 5157) GROUP BY ALL
            UNION ALL
            SELECT device_id, CASE WHEN a_named THEN a_ip ELSE b_ip END, min(moment), max(moment) FROM link
            WHERE a_named <> b_named GROUP BY ALL)
        WHERE ip IS NOT NULL AND NOT is_loopback(ip) AND ip NOT IN ('0.0.0.0', '::') GROUP BY ALL"""
    )
    # An address that all connections of a device have in common, with two peers or more, is its own.
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE common_address AS
        WITH sides AS (
            SELECT device_id, link, unnest([a_ip, b_ip]) AS ip, unnest([b_ip, a_ip]) AS peer FROM link
            WHERE event_id = 3 AND a_ip <> b_ip AND NOT is_loopback(a_ip) AND NOT is_loopback(b_ip)),
        total AS (SELECT device_id, contains(ip, ':') AS six, count(DISTINCT link) AS links FROM sides GROUP BY ALL)
        SELECT device_id, ip FROM sides JOIN total USING (device_id) WHERE six = contains(ip, ':')
        GROUP BY device_id, ip, links HAVING count(DISTINCT link) = links AND count(DISTINCT peer) > 1"""
    )
    owns = "SELECT 1 FROM own_address o WHERE o.device_id = l.device_id AND o.ip = "
    others = "SELECT 1 FROM own_address o WHERE o.device_id <> l.device_id AND o.ip = "
    common = "SELECT 1 FROM common_address o WHERE o.device_id = l.device_id AND o.ip = "
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE sided AS
        SELECT l.*,
            CASE
                WHEN a_ip = b_ip OR (is_loopback(a_ip) AND is_loopback(b_ip)) OR (a_own AND b_own) THEN
                    CASE WHEN outbound OR (a_port IN ({_LISTENING}) AND b_port NOT IN ({_LISTENING})) THEN 'a' ELSE 'b' END
                WHEN protocol = 'Tcp' AND outbound THEN 'a'
                WHEN a_own THEN 'a' WHEN b_own THEN 'b'
                WHEN event_id <> 3 THEN CASE WHEN outbound THEN 'a' ELSE 'b' END
                WHEN a_named THEN 'a' WHEN b_named THEN 'b'
                WHEN a_other AND NOT b_other THEN 'b' WHEN b_other AND NOT a_other THEN 'a'
                WHEN a_common AND NOT b_common THEN 'a' WHEN b_common AND NOT a_common THEN 'b'
            END AS side,
            CASE
                WHEN a_ip = b_ip OR (is_loopback(a_ip) AND is_loopback(b_ip)) OR (a_own AND b_own) THEN 'self connection'
                WHEN protocol = 'Tcp' AND outbound THEN 'the initiator is the device'
                WHEN a_own OR b_own THEN 'own address'
                WHEN event_id <> 3 THEN 'direction of the firewall event'
                WHEN a_named OR b_named THEN 'host name'
                WHEN a_other <> b_other THEN 'address of another device'
                WHEN a_common <> b_common THEN 'address common to all connections'
            END AS how
        FROM (SELECT l.*, EXISTS ({owns} l.a_ip) AS a_own, EXISTS ({owns} l.b_ip) AS b_own,
                EXISTS ({others} l.a_ip) AS a_other, EXISTS ({others} l.b_ip) AS b_other,
                EXISTS ({common} l.a_ip) AS a_common, EXISTS ({common} l.b_ip) AS b_common
            FROM link l) l"""
    )
    # What is left is guessed: the listening port, then the side that the other inbound connections of the capture show.
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link AS
        SELECT *, CASE own_side WHEN 'a' THEN a_ip ELSE b_ip END AS own_ip,
            CASE own_side WHEN 'a' THEN a_port ELSE b_port END AS own_port,
            CASE own_side WHEN 'a' THEN b_ip ELSE a_ip END AS peer_ip,
            CASE own_side WHEN 'a' THEN b_port ELSE a_port END AS peer_port,
            CASE own_side WHEN 'a' THEN b_host ELSE a_host END AS peer_host
        FROM (SELECT s.* EXCLUDE (side, how),
            coalesce(side, CASE
                WHEN a_port IN ({_LISTENING}) AND b_port NOT IN ({_LISTENING}) THEN 'a'
                WHEN b_port IN ({_LISTENING}) AND a_port NOT IN ({_LISTENING}) THEN 'b'
                WHEN protocol = 'Udp' THEN 'a'
                WHEN a_port < {_EPHEMERAL} AND b_port >= {_EPHEMERAL} THEN 'a'
                WHEN b_port < {_EPHEMERAL} AND a_port >= {_EPHEMERAL} THEN 'b'
                ELSE coalesce(usual, 'b') END) AS own_side,
            coalesce(how, 'guessed: ' || CASE
                WHEN (a_port IN ({_LISTENING})) <> (b_port IN ({_LISTENING})) THEN 'listening port'
                WHEN protocol = 'Udp' THEN 'Source of a datagram'
                WHEN (a_port < {_EPHEMERAL}) <> (b_port < {_EPHEMERAL}) THEN 'lower port'
                WHEN usual IS NOT NULL THEN 'like the other inbound connections'
                ELSE 'Destination of a connection' END) AS decided
            FROM sided s LEFT JOIN (
                SELECT folder, mode(side) AS usual FROM sided
                WHERE side IS NOT NULL AND event_id = 3 AND NOT outbound AND protocol = 'Tcp' AND how <> 'self connection'
                GROUP BY folder) u USING (folder))"""
    )
    connection.execute("DROP TABLE sided")
    rows = connection.execute(
        "SELECT decided, count(*) FROM link WHERE told_by IS NULL GROUP BY decided ORDER BY count(*) DESC, decided"
    ).fetchall()
    return {str(how): int(count) for how, count in rows}
