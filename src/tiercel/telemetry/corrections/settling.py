"""Whose event it is, and when it was: one name a device, one clock for all.

Devices: FQDN and short name, upper and lower case are one device; the name is the one fully qualified form there is, in
lower case, the id the first 40 hex digits of its SHA-1. A short name that belongs to two fully qualified ones stays for
itself.

Times: Sysmon's UtcTime is UTC. What a shipper puts beside it may be local time, with a false Z, on a 12-hour clock, so
how far it is from UTC is learned from the Sysmon events of the same device, file and hour that carry both, then from
wider circles, then from the time of collection, and rounded to quarters of an hour, as zones are.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from tiercel.telemetry.mappings import Channel, Family
from tiercel.telemetry.report import Clock, Name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from tiercel.telemetry.mappings import Kind

__all__ = ["NO_TIME", "settle"]

NO_TIME: Final = "no time that can be read"

_CHANNEL_CODES: Final = {Channel.SYSMON: 1, Channel.SECURITY: 2, Channel.SYSTEM: 3, Channel.WMI: 4}
"""The last digit of ReportId, since record numbers repeat from channel to channel."""
_KNOWN_FROM: Final = {
    1: "Sysmon's UtcTime on the same device",
    2: "Sysmon's UtcTime on another device of the capture",
    3: "the time of collection",
}


def settle(
    connection: duckdb.DuckDBPyConnection, kinds: Sequence[Kind]
) -> tuple[tuple[Name, ...], tuple[Clock, ...], Counter[int]]:
    """Names unified, clocks set right, and events without a time by file; makes the tables of settled events."""
    timeless: Counter[int] = Counter()
    names = _place_devices(connection)
    clocks = _place_zones(connection)
    codes = " ".join(
        f"WHEN s.event_id IN ({', '.join(kind.ids for kind in kinds if kind.channel is channel)}) THEN {code}"
        for channel, code in _CHANNEL_CODES.items()
    )
    for family in Family:
        members = [kind for kind in kinds if kind.family is family]
        utc = "read_time(s.UtcTime)" if any("UtcTime" in kind.fields for kind in members) else "NULL::TIMESTAMP"
        guid = "plain_guid(ProcessGuid)" if any("ProcessGuid" in kind.fields for kind in members) else "NULL::VARCHAR"
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE {family.events} AS
            SELECT *, {guid} AS uid, coalesce(utc, logged) AS moment FROM (
                SELECT s.* EXCLUDE (wrote), (s.file::BIGINT << 40) + s.record AS event, d.device_id, d.device_name, f.folder, {utc} AS utc,
                    wrote - to_minutes(15 * coalesce(z.quarters, 0)) AS logged,
                    contains(s.written, '.') AS precise,
                    f.name || '#' || CASE f.format WHEN 'evtx' THEN coalesce(s.event_record, s.record) ELSE s.record + f.before END
                        AS source,
                    coalesce(s.event_record, s.record + f.before) * 10 + CASE {codes} END AS report_id
                FROM (SELECT *, read_time(written) AS wrote FROM {family.stage}) s
                JOIN import_file f ON f.file = s.file
                JOIN device d ON d.computer = coalesce(s.computer, '')
                LEFT JOIN zone z ON z.file = s.file AND z.computer = s.computer AND z.clock = s.clock
                    AND z.hour = date_trunc('hour', wrote))"""
        )
        gone = connection.execute(f"DELETE FROM {family.events} WHERE moment IS NULL RETURNING file").fetchall()
        timeless.update(int(file) for (file,) in gone)
        connection.execute(f"DROP TABLE {family.stage}")
    for kind in kinds:
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {kind.events} AS SELECT * FROM {kind.family.events} WHERE event_id IN ({kind.ids})"
        )
    return names, clocks, timeless


def _union(columns: str) -> str:
    return " UNION ALL ".join(f"SELECT {columns} FROM {family.stage}" for family in Family)


def _place_devices(connection: duckdb.DuckDBPyConnection) -> tuple[Name, ...]:
    """Makes `device`: for each name as written, the device's name and id."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE device AS
        WITH written AS (
            SELECT computer, lower(rtrim(trim(computer), '.')) AS key
            FROM (SELECT DISTINCT coalesce(computer, '') AS computer FROM ({_union("computer")}))),
        parted AS (
            SELECT *, CASE WHEN contains(key, ':') OR regexp_matches(key, '^[0-9.]+$') THEN key
                ELSE split_part(key, '.', 1) END AS short FROM written),
        qualified AS (
            SELECT short, min(key) AS name FROM parted WHERE key <> short GROUP BY short HAVING count(DISTINCT key) = 1)
        SELECT p.computer, coalesce(q.name, p.key) AS device_name, left(sha1(coalesce(q.name, p.key)), 40) AS device_id
        FROM parted p LEFT JOIN qualified q USING (short)"""
    )
    rows = connection.execute(
        "SELECT device_name, list(computer ORDER BY computer) FROM device GROUP BY device_name"
        " HAVING count(DISTINCT lower(computer)) > 1 ORDER BY device_name"
    ).fetchall()
    return tuple(Name(str(name), tuple(written)) for name, written in rows)


def _place_zones(connection: duckdb.DuckDBPyConnection) -> tuple[Clock, ...]:
    """Makes `zone`: quarters of an hour from UTC for each file, device, hour and time field not known to be UTC."""
    # Times are read behind the union: in front of it, what reads them would be planned once for each of its parts.
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE zone_wanted AS
        SELECT file, folder, computer, device_name, clock, date_trunc('hour', wrote) AS hour,
            round(epoch(wrote - read_time(stamp)) / 900) AS lag, count(*) AS rows
        FROM (SELECT *, read_time(written) AS wrote FROM ({_union("file, computer, clock, written, stamp")})
            WHERE clock <> 'system')
        JOIN import_file USING (file) JOIN device USING (computer)
        WHERE wrote IS NOT NULL GROUP BY ALL"""
    )
    if connection.execute("SELECT count(*) FROM zone_wanted").fetchall() == [(0,)]:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE zone (file INTEGER, computer VARCHAR, clock VARCHAR, hour TIMESTAMP, quarters BIGINT)"
        )
        return ()
    seen = " UNION ALL ".join(
        f"SELECT file, computer, clock, written, UtcTime FROM {family.stage}"
        " WHERE clock <> 'system' AND UtcTime IS NOT NULL"
        for family in (Family.IMAGE, Family.SYSMON)
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE zone_seen AS
        SELECT file, folder, device_name, clock, date_trunc('hour', wrote) AS hour,
            round(epoch(wrote - read_time(UtcTime)) / 900)::BIGINT AS quarters, count(*) AS rows
        FROM (SELECT *, read_time(written) AS wrote FROM ({seen}))
        JOIN import_file USING (file) JOIN device USING (computer)
        WHERE quarters BETWEEN -104 AND 104 GROUP BY ALL"""
    )
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE zone AS
        WITH by_hour AS (SELECT folder, device_name, clock, hour, arg_max(quarters, (rows, -abs(quarters), quarters)) AS quarters FROM (
                SELECT folder, device_name, clock, hour, quarters, sum(rows) AS rows FROM zone_seen GROUP BY ALL)
                GROUP BY folder, device_name, clock, hour),
            by_file AS (SELECT file, device_name, clock, arg_max(quarters, (rows, -abs(quarters), quarters)) AS quarters FROM (
                SELECT file, device_name, clock, quarters, sum(rows) AS rows FROM zone_seen GROUP BY ALL)
                GROUP BY file, device_name, clock),
            by_device AS (SELECT folder, device_name, clock, arg_max(quarters, (rows, -abs(quarters), quarters)) AS quarters FROM (
                SELECT folder, device_name, clock, quarters, sum(rows) AS rows FROM zone_seen GROUP BY ALL)
                GROUP BY folder, device_name, clock),
            by_folder AS (SELECT folder, clock, arg_max(quarters, (rows, -abs(quarters), quarters)) AS quarters FROM (
                SELECT folder, clock, quarters, sum(rows) AS rows FROM zone_seen GROUP BY ALL) GROUP BY folder, clock),
            by_stamp AS (SELECT folder, clock, arg_max(lag, (rows, -abs(lag), lag)) AS quarters FROM (
                SELECT folder, clock, lag, sum(rows) AS rows FROM zone_wanted WHERE lag IS NOT NULL GROUP BY ALL)
                GROUP BY folder, clock)
        SELECT file, computer, device_name, clock, hour, rows,
            -- An hour of its own only where it is half a day off: a 12-hour clock that turned over.
            CASE WHEN abs(h.quarters - coalesce(f.quarters, d.quarters)) = 48 THEN h.quarters
                ELSE coalesce(f.quarters, d.quarters, o.quarters, s.quarters, 0) END::BIGINT AS quarters,
            CASE WHEN coalesce(f.quarters, d.quarters) IS NOT NULL THEN 1 WHEN o.quarters IS NOT NULL THEN 2 ELSE 3 END
                AS known
        FROM (SELECT * EXCLUDE (lag, rows), sum(rows)::BIGINT AS rows FROM zone_wanted GROUP BY ALL) w
        LEFT JOIN by_hour h USING (folder, device_name, clock, hour)
        LEFT JOIN by_file f USING (file, device_name, clock)
        LEFT JOIN by_device d USING (folder, device_name, clock)
        LEFT JOIN by_folder o USING (folder, clock)
        LEFT JOIN by_stamp s USING (folder, clock)"""
    )
    rows = connection.execute(
        "SELECT device_name, clock, quarters, known, sum(rows)::BIGINT FROM zone WHERE quarters <> 0 GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return tuple(
        Clock(str(device), str(clock), -900.0 * quarters, _KNOWN_FROM[known], int(count))
        for device, clock, quarters, known, count in rows
    )
