"""One thing told twice: the same record in two files, and two channels that tell of the same thing.

The same record gives one row, the other copy is skipped and counted. Two events of different channels become one row,
the richer, filled from the other: Sysmon 1 and Security 4688 (processes.py), Sysmon 3 and Security 5156
(connections.py), and here Security 4697 and System 7045, Security 5145 and Sysmon 18 of System, Sysmon 21 and WMI-
Activity 5861.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from tiercel.telemetry.mappings import Family

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from tiercel.telemetry.mappings import Kind

__all__ = ["AGAIN", "count_merged", "drop_repeated", "pair_channels"]

AGAIN: Final = "the same record again"
_SAME: Final = 2
"""Seconds between two channels' events of one thing."""


def drop_repeated(connection: duckdb.DuckDBPyConnection, kinds: Sequence[Kind]) -> Counter[int]:
    """Deletes copies of a record from the kinds' events; how many, by file.

    A record is told by device, event id, record number and second. Where the shipper wrote no record number, a copy is
    an event of another file that is the same in every field.
    """
    dropped: Counter[int] = Counter()
    for family in Family:
        names = dict.fromkeys(name for kind in kinds if kind.family is family for name in kind.fields)
        fields = ", ".join(f'e."{name}"' for name in names)
        key = (
            "hash(e.device_id, e.event_id, CASE WHEN e.event_record IS NULL"
            f" THEN hash(e.written, {fields}) ELSE hash(e.event_record, date_trunc('second', e.logged)) END)"
        )
        distinct, rows = connection.execute(
            f"SELECT count(DISTINCT {key}), count(*) FROM {family.events} e"
        ).fetchall()[0]
        if distinct == rows:
            continue
        gone = connection.execute(
            f"""DELETE FROM {family.events} WHERE event IN (
                SELECT row FROM (
                    SELECT event AS row, event_record, file, min(file) OVER same AS first_file,
                        row_number() OVER (same ORDER BY file, record) AS nth
                    FROM (SELECT e.event, e.event_record, e.file, e.record, {key} AS key FROM {family.events} e)
                    WINDOW same AS (PARTITION BY key))
                WHERE CASE WHEN event_record IS NULL THEN file <> first_file ELSE nth > 1 END)
            RETURNING file"""
        ).fetchall()
        dropped.update(int(file) for (file,) in gone)
    return dropped


def pair_channels(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes `service_twin`, `pipe_twin` and `binding_twin`: events of two channels that tell of one thing."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE service_twin AS
        SELECT y.event AS system, arg_min(s.event, (abs(epoch(s.moment) - epoch(y.moment)), s.event)) AS security,
            any_value(y.source) AS source
        FROM event_system_service_install y JOIN event_security_service_install s
            ON s.device_id = y.device_id AND lower(s.ServiceName) = lower(y.ServiceName)
            AND abs(epoch(s.moment) - epoch(y.moment)) <= {_SAME} GROUP BY y.event"""
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE pipe_twin AS
        SELECT p.event AS sysmon, arg_min(s.event, (abs(epoch(s.moment) - epoch(p.moment)), s.event)) AS security,
            any_value(p.source) AS source
        FROM event_sysmon_pipe p JOIN event_security_share s
            ON s.device_id = p.device_id AND ltrim(lower(s.RelativeTargetName), '\\') = ltrim(lower(p.PipeName), '\\')
            AND abs(epoch(s.moment) - epoch(p.moment)) <= {_SAME}
        WHERE p.event_id = 18 AND lower(p.Image) = 'system' AND s.event_id = 5145 AND s.ShareName ILIKE '%\\IPC$'
        GROUP BY p.event"""
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE binding_twin AS
        SELECT a.event AS activity FROM event_wmi_activity a SEMI JOIN event_sysmon_wmi b
            ON b.device_id = a.device_id AND a.event_id = 5861 AND b.event_id = 21
            AND abs(epoch(a.moment) - epoch(b.moment)) <= {_SAME}"""
    )


def count_merged(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many events gave no row of their own because another channel told of the same thing."""
    counts = {
        "Security 4688 with Sysmon 1": "SELECT count(*) FROM audited WHERE sysmon IS NOT NULL",
        "Security 5156 with Sysmon 3": "SELECT count(*) FROM link WHERE told_by IS NOT NULL",
        "System 7045 with Security 4697": "SELECT count(*) FROM service_twin",
        "Sysmon 18 with Security 5145": "SELECT count(*) FROM pipe_twin",
        "WMI-Activity 5861 with Sysmon 21": "SELECT count(*) FROM binding_twin",
    }
    found = {name: int(connection.execute(query).fetchall()[0][0]) for name, query in counts.items()}
    return {name: count for name, count in found.items() if count}
